"""A Python program on a terminal of its own, with a person who can press Ctrl-C."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

_CHECKOUT = Path(__file__).parent.parent.parent
#: A shell starts what it runs in the background with SIGINT ignored, and that is inherited.
_FIRST = (
    "import fcntl, signal, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
)


class Terminal:
    """Runs *program* as the leader of a session whose controlling terminal is a new one.

    Args:
        program: Python source.
        arguments: Its ``sys.argv[1:]``.
    """

    def __init__(self, program: str, *arguments: str) -> None:
        self._program = [sys.executable, "-c", _FIRST + program, *arguments]
        self.text = ""

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        try:
            self.process = subprocess.Popen(
                self._program, cwd=_CHECKOUT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
            )
        finally:
            os.close(slave)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def press_ctrl_c(self) -> None:
        os.write(self._master, b"\x03")

    def read_until(self, word: str, seconds: float = 30.0, *, count: int = 1) -> list[str]:
        """Return the lines so far once *count* that hold *word* are complete, or the program has ended."""
        deadline = time.monotonic() + seconds
        while sum(word in line for line in self.text.splitlines(keepends=True) if line.endswith("\n")) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"no {word!r} in {self.text!r}")
            try:
                self.text += os.read(self._master, 4096).decode("utf-8", "replace")
            except OSError:  # the last process has closed the other side
                break
        return self.text.replace("\r", "").splitlines()
