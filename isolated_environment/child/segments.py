"""The sender's segments: made, filled, handed out, and filled again when they come back."""

from __future__ import annotations

import _thread
import os
import sys
from _weakref import ref

from . import backing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from mmap import mmap
    from typing import Any

#: One piece of a copy: other threads get their turn between two; a piece takes less than a millisecond.
_PIECE = 8 << 20
_SMALLEST = 1 << 20
_ALIGNMENT = 64
_PAGE = 4096
#: An idle segment that this many others were preferred to is given back.
_UNUSED_FOR = 32


class Segment:
    """Memory that one receiver reads.

    Attributes:
        number: Its name on this connection, never used twice.
        descriptor: Of its memory.
        capacity: Octets that it could hold; pages exist only for what was written.
        last_used: The count of :meth:`Segments.put_all` when it was filled.
    """

    __slots__ = ("_filled", "_mapping", "capacity", "descriptor", "last_used", "number")

    def __init__(self, number: int, capacity: int) -> None:
        self.number = number
        self.capacity = capacity
        self.last_used = 0
        self._mapping: mmap | None = None
        self.descriptor = backing.create(capacity)
        self._filled = 0 if backing.WRITES else capacity

    @property
    def size(self) -> int:
        """Octets for which there are pages."""
        return self._filled

    def write(self, offset: int, view: memoryview) -> None:
        """Copy *view* to *offset*.

        Pages that exist are written through the mapping.  New ones are written through the descriptor: that makes them
        at half the cost, and where there is no room for them it is an error and not a SIGBUS.

        Raises:
            OSError: no room.
        """
        warm = max(0, min(view.nbytes, self._mapped() - offset))
        if warm:
            with memoryview(self._mapping) as whole, whole[offset : offset + warm] as target:  # type: ignore[arg-type]
                copy(view[:warm], target)
        while warm < view.nbytes:
            warm += os.pwrite(self.descriptor, view[warm : warm + (_PIECE << 3)], offset + warm)
        self._filled = max(self._filled, offset + view.nbytes)

    def warm_up(self) -> None:
        """Map what there is, for the next time; a segment that cannot be mapped still works."""
        if self._mapped() < self._filled:
            try:
                self._mapping = backing.mapped(self.descriptor, self._whole_pages(), populate=True)
            except (OSError, ValueError):
                self._mapping = None

    def _mapped(self) -> int:
        if self._mapping is None and not backing.WRITES:
            self._mapping = backing.mapped(self.descriptor, self.capacity)
        return 0 if self._mapping is None else min(len(self._mapping), self._filled)

    def _whole_pages(self) -> int:
        return min(-(-self._filled // _PAGE) * _PAGE, self.capacity)

    def close(self) -> None:
        """Give the memory up on this side."""
        self._mapping = None
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)


def copy(source: memoryview, target: memoryview) -> None:
    """Copy octets; other threads get their turn meanwhile."""
    size = source.nbytes
    numpy: Any = sys.modules.get("numpy") if size > _PIECE else None
    if hasattr(numpy, "copyto"):  # lets other threads run; one piece: beyond the caches that is twice as fast
        numpy.copyto(numpy.frombuffer(target, numpy.uint8), numpy.frombuffer(source, numpy.uint8))
        return
    for start in range(0, size, _PIECE):
        target[start : start + _PIECE] = source[start : start + _PIECE]


class Segments:
    """The segments of one connection in one direction.

    A segment is only ever filled again for the receiver that had it before: that one keeps it mapped.

    What is idle stays below an eighth of the memory that this process may use, all connections together: enough to
    send an array of that size again and again without a fresh page, little enough not to be missed.  A segment that 32
    transfers did not need is given back whatever its size.

    Args:
        recycles: Whether more than one transfer is expected.
    """

    _idle_in_process = 0

    def __init__(self, recycles: bool = True) -> None:  # noqa: FBT001, FBT002
        self._recycles = recycles
        self._idle: list[Segment] = []
        self._out: dict[int, Segment] = {}
        self._evicted: list[int] = []
        self._count = 0
        _pools.append(ref(self, _pools.remove))

    @property
    def idle_size(self) -> int:
        """Octets of segments that wait to be used again."""
        return sum(segment.size for segment in self._idle)

    def put(self, view: memoryview) -> Segment:
        """Copy *view* to the beginning of a segment that nobody reads.

        Raises:
            OSError: there is no memory or no descriptor for it.
        """
        return self.put_all([view])[0]

    def put_all(self, views: Sequence[memoryview]) -> tuple[Segment, list[int]]:
        """Copy *views* to one segment that nobody reads.

        Returns:
            The segment, and where each view begins.

        Raises:
            OSError: there is no memory or no descriptor for it.
        """
        offsets, end = [], 0
        for view in views:
            offsets.append(end)
            end += -(-view.nbytes // _ALIGNMENT) * _ALIGNMENT
        with _lock:
            self._count += 1
            segment = self._taken(end)
            segment.last_used = self._count
        try:
            for offset, view in zip(offsets, views):  # noqa: B905 - Python 3.8
                segment.write(offset, view)
        except BaseException:
            self.discard(segment)
            raise
        if self._recycles:
            segment.warm_up()
        return segment, offsets

    def _taken(self, size: int) -> Segment:
        fitting = [each for each in self._idle if size <= each.capacity <= 2 * _capacity_for(size)]
        if fitting:
            segment = min(fitting, key=lambda each: (each.capacity, -each.last_used))
            self._idle.remove(segment)
            Segments._idle_in_process -= segment.size
        else:
            segment = Segment(self._count, _capacity_for(size))
        self._out[segment.number] = segment
        return segment

    def release(self, segment: Segment) -> None:
        """Take a segment back: its receiver is done with it."""
        with _lock:
            if self._out.pop(segment.number, None) is None:
                return
            if not self._recycles:
                self._drop(segment)
                return
            self._idle.append(segment)
            Segments._idle_in_process += segment.size
            self._give_back(lambda each: self._count - each.last_used > _UNUSED_FOR)
            while self._idle and Segments._idle_in_process > idle_limit():
                self._give_back(lambda each: each is self._idle[0])

    def discard(self, segment: Segment) -> None:
        """Give a segment up for good: somebody may read it for as long as they like."""
        with _lock:
            if self._out.pop(segment.number, None) is not None:
                self._drop(segment)

    def trim(self) -> None:
        """Give back all that is idle."""
        with _lock:
            self._give_back(lambda _: True)

    def evicted(self) -> list[int]:
        """Return the numbers of segments given up since this was asked last: their receiver may unmap them."""
        with _lock:
            numbers, self._evicted = self._evicted, []
        return numbers

    def close(self) -> None:
        """Give everything up; who reads a segment keeps its memory."""
        with _lock:
            self.trim()
            while self._out:
                self._out.popitem()[1].close()

    def _give_back(self, is_unwanted: Callable[[Segment], bool]) -> None:
        for segment in [each for each in self._idle if is_unwanted(each)]:
            self._idle.remove(segment)
            Segments._idle_in_process -= segment.size
            self._drop(segment)

    def _drop(self, segment: Segment) -> None:
        self._evicted.append(segment.number)
        segment.close()

    def __del__(self) -> None:
        self.close()


def _capacity_for(size: int) -> int:
    """Round up by at most a quarter, so that arrays of almost one size use the same segments; holes cost nothing."""
    step = 1 << max(size.bit_length() - 3, 12)
    return max(-(-size // step) * step, _SMALLEST)


#: Of all pools: what is idle is counted together.
_lock = _thread.RLock()
_limit = 0


def idle_limit() -> int:
    """Return how many octets may be idle in this process."""
    global _limit  # noqa: PLW0603
    if not _limit:
        _limit = _usable_memory() // 8
    return _limit


def _usable_memory() -> int:
    """The machine's memory, or what the control group allows if that is less."""
    try:
        amounts = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, ValueError, OSError):
        amounts = [8 << 30]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path, "rb") as file:
                amounts.append(int(file.read()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return min(amounts)


_pools: list[ref[Segments]] = []


def _after_fork_in_child() -> None:
    # nothing is sent from here, and the memory is not to live as long as this process
    global _lock  # noqa: PLW0603
    _lock = _thread.RLock()
    for pool in [each() for each in _pools]:
        if pool is not None:
            pool.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
