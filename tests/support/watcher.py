"""Where a secret of a build could be seen: the command lines of all processes, and files."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


def files_that_hold(word: str, directory: Path) -> list[Path]:
    """The files below *directory* that have *word* in them."""
    return [path for path in directory.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


class Watcher:
    """Samples the command lines of every process while a build runs."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    try:
                        line = Path("/proc", entry, "cmdline").read_bytes()
                    except OSError:
                        continue
                    self.seen.add(line.replace(b"\0", b" ").decode("utf-8", "replace"))
            time.sleep(0.005)
