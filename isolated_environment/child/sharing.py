"""Memory that several processes see at once: made here, passed on by descriptor, alive while anybody uses it."""

from __future__ import annotations

import os
from _weakref import ref

from . import backing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PAGE = 4096
#: Smaller buffers are copied into the pickle, and this always travels as memory; pages that nobody uses cost nothing.
_SMALLEST = 64 << 10


class Shared:
    """Shared memory as this process has it.

    Attributes:
        key: Its name, the same in every process.
        descriptor: To be passed on.
        size: Octets.
        address: Where it is mapped here.
        is_own: Whether it was made in this process.
    """

    __slots__ = ("_exporter", "address", "descriptor", "is_own", "key", "size")

    def __init__(self, key: bytes, descriptor: int, size: int, is_own: bool) -> None:  # noqa: FBT001
        self.key = key
        self.descriptor = descriptor
        self.size = size
        self.is_own = is_own
        self.address = 0
        self._exporter: ref[Any] | None = None

    def map(self) -> Any:
        """Map it and return the object that all views of it hold; with that object it is gone from this process."""
        import ctypes

        mapping = backing.mapped(self.descriptor, self.size)
        exporter = (ctypes.c_ubyte * self.size).from_buffer(mapping)
        self.address = ctypes.addressof(exporter)
        self._exporter = ref(exporter, self._end)
        live[self.key] = self
        return exporter

    def exporter(self) -> Any:
        """Return the object that all views of it hold, or ``None`` when it is gone."""
        return None if self._exporter is None else self._exporter()

    def _end(self, _: object) -> None:
        self._exporter = None  # it holds this method: the descriptor is not to wait for the garbage collector
        if live.get(self.key) is self:
            del live[self.key]

    def __del__(self, close: Any = os.close) -> None:
        close(self.descriptor)


#: All shared memory that this process uses, by key.
live: dict[bytes, Shared] = {}


def make(size: int) -> Any:
    """Make shared memory, all zero.

    Args:
        size: Octets.

    Returns:
        The object that owns it; a buffer of at least that many octets.

    Raises:
        OSError: there is none to be had.
    """
    capacity = max(_whole_pages(size), _SMALLEST)
    record = Shared(os.urandom(16), backing.create(capacity), capacity, is_own=True)
    if size and backing.WRITES:
        os.posix_fallocate(record.descriptor, 0, size)  # no room is an error now, not a SIGBUS later
    return record.map()


def adopt(key: bytes, descriptor: int, size: int) -> Any:
    """Take shared memory that came from another process.

    Args:
        key: Its name.
        descriptor: Its memory; taken over, whatever happens.
        size: Octets.

    Returns:
        The object that owns it here; the same one for the same memory.

    Raises:
        Refused: it is not what it should be.
        OSError: it cannot be mapped.
    """
    record = Shared(key, descriptor, size, is_own=False)
    known = live.get(key)
    exporter = None if known is None else known.exporter()
    if known is not None and exporter is not None:
        if known.size != size or not os.path.sameopenfile(known.descriptor, descriptor):
            raise backing.Refused("shared memory came under the name of another")
        return exporter
    backing.check(descriptor, size)
    return record.map()


def holding(view: memoryview) -> Shared | None:
    """Return the shared memory that *view* shows the whole of, if it does."""
    if not live or view.obj is None:
        return None
    for record in list(live.values()):
        if record.exporter() is view.obj:
            return record
    return None


def around(address: int, size: int) -> tuple[Any, int] | None:
    """Return the owner of the shared memory that these octets of this process lie in, and where in it."""
    for record in list(live.values()):
        offset = address - record.address
        if offset >= 0 and offset + size <= record.size:
            exporter = record.exporter()
            if exporter is not None:
                return exporter, offset
    return None


def _whole_pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE
