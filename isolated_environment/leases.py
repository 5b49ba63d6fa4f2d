"""Leases: shared operating-system locks that keep a generation from being collected while somebody uses it.

``flock`` on POSIX, ``LockFileEx`` on Windows (written from its documentation, not run).  The kernel gives a lease back
when its holder dies, so there are no stale ones.
"""

from __future__ import annotations

import errno
import os
import sys
from _weakref import ref

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _EXCLUSIVE, _FAIL_IMMEDIATELY = 0x2, 0x1

    class _Overlapped(ctypes.Structure):
        _fields_ = [
            ("internal", ctypes.c_void_p),
            ("internal_high", ctypes.c_void_p),
            ("offset", wintypes.DWORD),
            ("offset_high", wintypes.DWORD),
            ("event", wintypes.HANDLE),
        ]

    def _lock(fd: int, *, exclusive: bool) -> bool:
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(fd))
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.UnlockFileEx(handle, 0, 1, 0, ctypes.byref(_Overlapped()))
        flags = _FAIL_IMMEDIATELY | (_EXCLUSIVE if exclusive else 0)
        if kernel.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(_Overlapped())):
            return True
        if ctypes.get_last_error() in {32, 33, 997}:  # sharing violation, lock violation, pending
            return False
        raise ctypes.WinError(ctypes.get_last_error())

else:
    import fcntl

    def _lock(fd: int, *, exclusive: bool) -> bool:
        try:
            fcntl.flock(fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK}:
                return False
            raise
        return True


#: What a file system answers that has no working locks: leases then protect nothing, and nothing is collected.
NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


_exclusive: dict[int, ref[Lease]] = {}


class Lease:
    """One held lease; given back by :meth:`release`, when collected, and when the process dies.

    A forked child uses what its parent does, so it shares a shared lease: the generation stays as long as either
    lives.  It does not share an exclusive one, which is a builder's or a collector's.  Children started with ``exec``
    share none.
    """

    __slots__ = ("__weakref__", "_fd", "effective")

    def __init__(self, fd: int, *, exclusive: bool = False, effective: bool = True) -> None:
        self._fd = fd
        #: False where the file system has no working locks.
        self.effective = effective
        if exclusive:
            _exclusive[fd] = ref(self)

    def downgrade(self) -> None:
        """Turn an exclusive lease into a shared one."""
        if self._fd >= 0 and self.effective:
            _lock(self._fd, exclusive=False)
            _exclusive.pop(self._fd, None)

    def is_at(self, path: str) -> bool:
        """Return whether the lease file at *path* is the one held, not one that another installation brought."""
        try:
            return self._fd >= 0 and os.path.samestat(os.fstat(self._fd), os.stat(path))
        except OSError:
            return False

    def release(self) -> None:
        """Give the lease back; more than once does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            _exclusive.pop(fd, None)
            os.close(fd)

    def __del__(self) -> None:
        self.release()


def share(path: str) -> Lease | None:
    """Take a shared lease without waiting.

    Args:
        path: The lease file; it is opened for reading only, so that a read-only file system serves.

    Returns:
        The lease, or ``None`` while the generation is being built or collected.

    Raises:
        OSError: the file is not there or cannot be read.
    """
    return _take(os.open(path, _READ), exclusive=False)


def seize(path: str, *, create: bool = False) -> Lease | None:
    """Take the exclusive lease without waiting.

    Args:
        path: The lease file.
        create: Make it, mode 0644; it must not exist.

    Returns:
        The lease, or ``None`` while somebody uses the generation.

    Raises:
        FileExistsError: *create* and it exists: the name was used before.
        OSError: the file is not there or cannot be opened.
    """
    flags = (_READ | os.O_CREAT | os.O_EXCL) if create else _READ
    return _take(os.open(path, flags, 0o644), exclusive=True)


def _take(fd: int, *, exclusive: bool) -> Lease | None:
    try:
        if _lock(fd, exclusive=exclusive):
            return Lease(fd, exclusive=exclusive)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return Lease(fd, effective=False)
        os.close(fd)
        raise
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def _forget_after_fork() -> None:
    """A forked child builds and collects nothing of its parent's."""
    for reference in list(_exclusive.values()):
        lease = reference()
        if lease is not None:
            lease.release()
    _exclusive.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
