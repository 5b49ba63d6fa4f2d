"""Makes the n-th operating-system call on a directory fail, or be the last of the process: for a sweep over all.

Paths are heard by an audit hook, whoever makes the call; what works on descriptors is wrapped in :mod:`os`, and files
are those of :mod:`_pyio`, which writes through it.  To die after a call is to die before the next one.
"""

from __future__ import annotations

import _pyio
import builtins
import errno
import fcntl
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

#: What the call does: ``die`` before it is made, or fail with that error.
WAYS = ("die", "EIO", "ENOSPC")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
#: Audit event to the name of the call.
_ON_PATHS = {
    **{f"os.{name}": name for name in ("mkdir", "rename", "rmdir", "symlink", "link", "utime", "truncate", "chmod")},
    "os.remove": "unlink",
    "os.listdir": "list",
    "os.scandir": "list",
}
#: Calls on a descriptor or a path that no audit hook hears.
_WRAPPED = ("write", "fsync", "fdatasync", "read", "stat", "lstat", "fstat", "readlink", "statvfs")
#: What changes nothing: failing shows something, dying does not.
READING = frozenset({"list", "read", "stat", "lstat", "fstat", "readlink", "statvfs", "open to read"})


class Faults:
    """Counts the calls on what is below *root*, and strikes at one.

    Args:
        root: The directory.
        at: Which call, from 1; 0: none, they are only counted.
        way: One of :data:`WAYS`.
    """

    def __init__(self, root: str, at: int = 0, way: str = "die") -> None:
        self._root = os.path.realpath(root)
        self._at = at
        self._way = way
        self._busy = False
        #: The names of the calls, in order.
        self.calls: list[str] = []

    def arm(self) -> None:
        """Begin; there is no way back in this process."""
        builtins.open = io.open = _pyio.open  # type: ignore[assignment]
        for name in _WRAPPED:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        sys.addaudithook(self._hear)

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(target: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._busy and self._is_ours(target, kwargs.get("dir_fd")):
                self._count(name)
            return call(target, *args, **kwargs)

        return counted

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and self._is_ours(path):
                self._count("open" if flags & _WRITING else "open to read")
        elif event == "fcntl.flock":
            if not arguments[1] & fcntl.LOCK_UN and self._is_ours(arguments[0]):
                self._count("flock")
        elif event == "ctypes.dlsym" and arguments[1] == "syncfs":
            self._count("syncfs")
        elif event in _ON_PATHS and self._touches(event, arguments):
            self._count(_ON_PATHS[event])

    def _touches(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event in {"os.remove", "os.rmdir", "os.mkdir"}:
            return self._is_ours(arguments[0], arguments[-1])
        return any(self._is_ours(each) for each in arguments[:2])

    def _is_ours(self, target: object, dir_fd: object = None) -> bool:
        """Whether a path, or what a descriptor is open on, is below the root."""
        if isinstance(target, int) and not isinstance(target, bool):
            return target > 2 and self._below(self._path_of(target))
        if not isinstance(target, (str, bytes, os.PathLike)):
            return False
        path = os.fsdecode(target)
        if not os.path.isabs(path) and isinstance(dir_fd, int) and dir_fd >= 0:
            path = f"{self._path_of(dir_fd)}/{path}"
        return self._below(path)

    def _below(self, path: str) -> bool:
        return path == self._root or path.startswith(f"{self._root}/")

    def _path_of(self, fd: int) -> str:
        self._busy, busy = True, self._busy
        try:
            return os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            return ""
        finally:
            self._busy = busy

    def _count(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) != self._at:
            return
        if self._way == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        number = getattr(errno, self._way)
        raise OSError(number, os.strerror(number))
