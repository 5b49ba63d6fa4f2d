"""Makes the n-th file-system call of a process fail, or be its last: for a sweep over every one of them."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
from typing import Any

#: What the call does: ``die`` before it is made, or fail with that error.
WAYS = ("die", "EIO", "ENOSPC")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGING = {
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.utime", "os.truncate", "os.chmod"),
    "fcntl.flock",
}


class Faults:
    """Counts the calls that change something below *root*, and strikes at one.

    Args:
        root: The directory.
        at: Which call, from 1; 0: none, they are only counted.
        way: One of :data:`WAYS`.
    """

    def __init__(self, root: str, at: int = 0, way: str = "die") -> None:
        self._root = root
        self._at = at
        self._way = way
        self.calls = 0

    def arm(self) -> None:
        """Begin; there is no way back in this process."""
        fsync, write = os.fsync, os.write

        def counted_fsync(fd: int) -> None:
            self._count()
            fsync(fd)

        def counted_write(fd: int, data: bytes) -> int:
            if fd > 2:
                self._count()
            return write(fd, data)

        os.fsync, os.write = counted_fsync, counted_write  # type: ignore[assignment]
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING and self._is_ours(path):
                self._count()
        elif event == "fcntl.flock":
            if not arguments[1] & fcntl.LOCK_UN:
                self._count()
        elif event in _CHANGING and any(map(self._is_ours, arguments)):
            self._count()

    def _is_ours(self, path: object) -> bool:
        return isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(self._root)

    def _count(self) -> None:
        self.calls += 1
        if self.calls != self._at:
            return
        if self._way == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        number = getattr(errno, self._way)
        raise OSError(number, os.strerror(number))
