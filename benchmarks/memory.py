"""How much memory a process takes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path


def pss(pid: int | str = "self") -> float:
    """Return the part of the memory that is a process's own, in MB: what two processes map is half of each one's."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def peak(action: Callable[[], object], pids: Sequence[int | str]) -> float:
    """Return by how many MB processes grow together, at most, while an action runs: what they share counts once."""
    before, highest, done = sum(map(pss, pids)), 0.0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.is_set():
            highest = max(highest, sum(map(pss, pids)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        action()
    finally:
        done.set()
        watcher.join()
    return max(highest, sum(map(pss, pids))) - before
