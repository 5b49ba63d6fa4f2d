"""Memory without a name: made by one process, mapped by another, gone with the last of them, however they end.

Linux has ``memfd_create`` for it, sealed so that nobody can take the pages away under a reader (which would be SIGBUS).
Other POSIX systems have shared memory objects, whose name is removed as soon as they are made.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap

_LINUX = sys.platform.startswith("linux")

# names of fcntl and os that not every Python has; the numbers are Linux's and never change
_F_ADD_SEALS, _F_GET_SEALS = 1033, 1034
_SEAL_SEAL, _SEAL_SHRINK, _SEAL_GROW = 1, 2, 4
_MFD_CLOEXEC, _MFD_ALLOW_SEALING, _MFD_NOEXEC_SEAL = 1, 2, 8
_MAP_SHARED, _MAP_POPULATE = 1, 0x8000

_NOT_SUPPORTED = 95
_NAME = "isolated-environment"

#: Whether octets can be written to a descriptor of such memory (macOS has that only for its mapping).
WRITES = _LINUX


class Refused(Exception):  # noqa: N818 - it says who refused
    """What the other side sent is not memory that is safe to use."""


def create(capacity: int) -> int:
    """Make memory that cannot shrink or grow.

    Args:
        capacity: Octets.

    Returns:
        A descriptor, closed on exec.

    Raises:
        OSError: there is none to be had.
    """
    descriptor = _memfd() if _LINUX else _unlinked()
    try:
        os.ftruncate(descriptor, capacity)
        if _LINUX:
            import fcntl

            fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEAL_SEAL | _SEAL_SHRINK | _SEAL_GROW)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _memfd() -> int:
    if not hasattr(os, "memfd_create"):  # a Python built for an older C library
        raise OSError(_NOT_SUPPORTED, "this Python has no memfd_create")
    flags = _MFD_CLOEXEC | _MFD_ALLOW_SEALING
    try:  # a kernel can be told to give out no memory that could be executed
        return os.memfd_create(_NAME, flags | _MFD_NOEXEC_SEAL)
    except OSError as error:
        import errno

        if error.errno != errno.EINVAL:  # older than 6.3: it does not know the flag
            raise
    return os.memfd_create(_NAME, flags)


def _unlinked() -> int:
    try:
        import _posixshmem  # type: ignore[import-not-found]
    except ImportError as error:
        raise OSError(_NOT_SUPPORTED, "this platform has no memory without a name") from error
    name = "/ie-" + os.urandom(10).hex()  # macOS takes 31 characters
    descriptor: int = _posixshmem.shm_open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode=0o600)
    _posixshmem.shm_unlink(name)
    return descriptor


def check(descriptor: int, size: int) -> None:
    """Look whether a descriptor that came can be mapped without danger.

    Raises:
        Refused: it is smaller than *size*, or can be made so.
    """
    if size <= 0:
        raise Refused("memory of %d octets was announced" % size)
    there = os.fstat(descriptor).st_size
    if there < size:
        raise Refused("the memory has %d octets, %d were announced" % (there, size))
    if _LINUX and not is_sealed(descriptor):
        raise Refused("the memory is not sealed: it could be taken away while it is read")


def is_sealed(descriptor: int) -> bool:
    """Return whether the memory behind *descriptor* keeps its size for ever."""
    import fcntl

    wanted = _SEAL_SHRINK | _SEAL_GROW
    try:
        return fcntl.fcntl(descriptor, _F_GET_SEALS) & wanted == wanted
    except OSError:  # no memory at all
        return False


def mapped(descriptor: int, capacity: int, populate: bool = False) -> mmap:  # noqa: FBT001, FBT002
    """Map memory, readable and writable, seen by everybody who maps it.

    Args:
        descriptor: Of the memory; may be closed afterwards.
        capacity: Octets.
        populate: Enter all pages into the page table at once, instead of one by one as they are touched.

    Raises:
        OSError: it cannot be mapped here.
    """
    import mmap

    flags = _MAP_SHARED | (_MAP_POPULATE if populate and _LINUX else 0)
    if sys.version_info >= (3, 13):  # else the mapping keeps a descriptor of its own
        return mmap.mmap(descriptor, capacity, flags, trackfd=False)
    return mmap.mmap(descriptor, capacity, flags)
