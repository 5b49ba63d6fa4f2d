"""The receiver's segments: mapped once, lent to arrays, and reported when the last view of a loan is gone.

A fork copies every view without asking anybody.  So before a fork the mappings that are lent become private ones of
the same pages (parent and child then have what ordinary memory gives them: equal at first, and each its own), and the
sender is told never to write to those pages again.
"""

from __future__ import annotations

import _thread
import os
import sys
from _weakref import ref

from . import backing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PROT_READ_WRITE, _MAP_PRIVATE = 3, 2
_MREMAP_MAYMOVE_FIXED = 3

#: Held while something is lent and while a fork is under way, so that no loan slips between.
_lock = _thread.RLock()
#: What is lent in this process, by any connection; a loan outlives its connection.
_lent: dict[int, Attached] = {}


class Attached:
    """A segment of the other side.

    Args:
        descriptor: Of its memory; this object's from now on, whatever happens.
        capacity: Octets.
        report: Called with ``True`` when a loan is over, with ``False`` when the segment must not be used again.

    Raises:
        Refused: the memory is not safe to use.
        OSError: it cannot be mapped.
    """

    def __init__(self, descriptor: int, capacity: int, report: Callable[[bool], object]) -> None:
        self._descriptor = descriptor
        self._capacity = capacity
        self._report = report
        self._loan: ref[Any] | None = None
        self._is_copied = False
        backing.check(descriptor, capacity)
        self._mapping: Any = backing.mapped(descriptor, capacity)
        self._exporter = _exporter_type(capacity)

    @property
    def is_lent(self) -> bool:
        """Whether there are views of it."""
        return self._loan is not None

    def lend(self, size: int) -> memoryview:
        """Return a writable view of the first *size* octets; the loan ends with the last view made from it.

        Raises:
            Refused: it is lent already, or smaller.
        """
        self._check(0, size)
        with _lock:
            if self._loan is not None:
                raise backing.Refused("a segment came that is still in use here")
            # one new object for each loan: a view of any kind holds it, whoever made it from whatever
            if self._exporter is None:
                exporter = backing.mapped(self._descriptor, self._capacity)
            else:
                exporter = self._exporter.from_buffer(self._mapping)
            self._loan = ref(exporter, self._end)
            _lent[id(self)] = self
        return memoryview(exporter).cast("B")[:size]

    def read(self, offset: int, size: int) -> bytearray:
        """Return a copy of a part.

        Raises:
            Refused: there is no such part.
        """
        self._check(offset, size)
        with memoryview(self._mapping) as view:
            return bytearray(view[offset : offset + size])

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self._capacity:
            raise backing.Refused(f"a buffer at {offset} of {size} octets lies outside its segment")

    def _end(self, _: object) -> None:
        # runs wherever the last view dies, in the middle of anything: no locks here
        self._loan = None
        _lent.pop(id(self), None)
        self._report(not self._is_copied)

    def part(self) -> None:
        """Give parent and child of a fork that is about to happen a copy each, made page by page as they write."""
        self._is_copied = True
        exporter = None if self._loan is None else self._loan()
        if exporter is not None and self._exporter is not None:
            _make_private(exporter, self._descriptor, self._capacity)

    def __del__(self, close: Any = os.close) -> None:
        close(self._descriptor)


def _exporter_type(capacity: int) -> Any:
    try:
        import ctypes
    except ImportError:  # a Python built without: each loan is a mapping of its own, which costs its page faults
        return None
    return ctypes.c_ubyte * capacity


def _make_private(exporter: Any, descriptor: int, capacity: int) -> None:
    """Replace the mapping under *exporter* by a private one of the same memory, at the same address."""
    if not sys.platform.startswith("linux"):  # mremap is Linux's: elsewhere parent and child see each other write
        return
    import ctypes

    libc = ctypes.PyDLL(None)
    size, address = ctypes.c_size_t, ctypes.c_void_p
    libc.mmap.restype = libc.mremap.restype = address
    libc.mmap.argtypes = [address, size, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    failed = address(-1).value
    # elsewhere first: where memory is counted strictly it may fail, and nothing may be lost then
    made = libc.mmap(None, capacity, _PROT_READ_WRITE, _MAP_PRIVATE, descriptor, 0)
    if made in {None, failed}:
        return
    target = ctypes.addressof(exporter)
    libc.mremap(address(made), size(capacity), size(capacity), ctypes.c_int(_MREMAP_MAYMOVE_FIXED), address(target))


def _before_fork() -> None:
    _lock.acquire()
    for attached in list(_lent.values()):
        attached.part()


def _after_fork() -> None:
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
