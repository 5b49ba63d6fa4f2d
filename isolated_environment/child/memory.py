"""Buffers between two processes: written once into memory of the sender, read there by the receiver without a copy.

The pages are what costs (zeroing and mapping a fresh one takes ten times as long as filling a warm one), so both sides
keep a segment mapped, and the sender fills it again once the receiver said that it is done with it.

Why nobody ever sees a segment change that it still reads: every view of a lent segment comes from one object, made for
this loan, and holds it.  The segment's number goes back to the sender only from the callback that runs when that
object dies, so when no view is left; and the sender writes only to segments whose number came back.  A fork makes
holders that nobody can ask: what is lent then never comes back (:mod:`.leases`).

A table is a list of rows, plain data.  Before the buffers: ``("gone", [...])`` tells what the receiver may unmap,
``("new", number, capacity)`` is a segment whose descriptor comes along.  One row for each buffer: ``("inline", size)``,
``("copy", number, offset, size)``, ``("lease", number, size)``, ``("shared", key, size)`` with its descriptor when the
frame names that memory for the first time, else ``("again", key)``.
Descriptors come in the order of their rows.
"""

from __future__ import annotations

import _thread
from _pickle import PickleBuffer

from . import arrays, backing, inbox, segments, sharing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Row = tuple[Any, ...]

Segments = segments.Segments
Inbox = inbox.Inbox
Refused = backing.Refused

#: Smaller buffers travel together and are copied out on arrival: that costs less than keeping account of each.
LEASE_FLOOR = 1 << 19
#: Arrays of one connection that may live on the other side without a copy; each holds descriptors on both sides.
MOST_LEASES = 16
#: Below this size, an array gets one of the last half of them never: those are for arrays where a copy would hurt.
LARGE = 16 << 20
#: Pieces of shared memory that one frame may name; each needs a descriptor, and Linux takes 253 at once.
MOST_SHARED = 64
#: Segments that may be on their way or in use; what comes beyond travels inline.
MOST_SEGMENTS = 24


class Outbox:
    """The sender's half of one direction.

    Args:
        pool: Where segments come from, used by no other connection; ``None`` where no descriptor can travel.
    """

    def __init__(self, pool: Segments | None = None) -> None:
        self._pool = pool
        self._out: dict[int, segments.Segment] = {}
        self._leases: set[int] = set()
        self._known: set[int] = set()
        self._shared: set[bytes] = set()
        self._lock = _thread.RLock()

    def pack(self, buffers: Iterable[Any]) -> tuple[list[Row], list[int], list[memoryview]]:
        """Put *buffers* where the other side gets them.

        Args:
            buffers: Contiguous buffers; to be kept until all is sent.

        Returns:
            The table; descriptors to be sent with it, which stay this side's: do not close them; and the octets that
            travel behind the table, one after the other.

        Raises:
            Unpicklable: shared memory is among them and no descriptor can travel.
        """
        views = [PickleBuffer(buffer).raw() for buffer in buffers]
        rows: list[Row] = [()] * len(views)
        head: list[Row] = []
        new: list[int] = []
        passed: list[int] = []
        with self._lock:
            before = set(self._out)
            gone = self.gone()
            if gone:
                head.append(("gone", gone))
            try:
                self._fill(views, rows, head, new, passed)
            except BaseException:  # nothing of it will be sent
                self.release([~number for number in self._out if number not in before])
                raise
        beside = [views[place] for place, row in enumerate(rows) if row[0] == "inline"]
        return head + rows, new + passed, beside

    def _fill(
        self, views: list[memoryview], rows: list[Row], head: list[Row], new: list[int], passed: list[int]
    ) -> None:
        small: list[int] = []
        named: set[bytes] = set()
        for place, view in enumerate(views):
            record = sharing.holding(view)
            if record is not None:
                rows[place] = self._share(record, passed, named)
                named.add(record.key)
            elif view.nbytes < LEASE_FLOOR:
                small.append(place)
            elif not self._place([place], views, rows, head, new, lend=self._may_lend(view.nbytes)):
                rows[place] = ("inline", view.nbytes)
        if small and not self._place(small, views, rows, head, new, lend=False):
            for place in small:
                rows[place] = ("inline", views[place].nbytes)

    def _may_lend(self, size: int) -> bool:
        return len(self._leases) < (MOST_LEASES if size >= LARGE else MOST_LEASES // 2)

    def _place(
        self,
        places: Sequence[int],
        views: Sequence[memoryview],
        rows: list[Row],
        head: list[Row],
        descriptors: list[int],
        lend: bool,  # noqa: FBT001
    ) -> bool:
        """Put some views into one segment; return whether that was possible."""
        if self._pool is None or len(self._out) >= MOST_SEGMENTS:
            return False
        try:
            segment, offsets = self._pool.put_all([views[place] for place in places])
        except (OSError, MemoryError):  # no memory of that kind, no descriptors: the stream takes it
            return False
        self._out[segment.number] = segment
        if segment.number not in self._known:
            self._known.add(segment.number)
            head.append(("new", segment.number, segment.capacity))
            descriptors.append(segment.descriptor)
        if lend:
            self._leases.add(segment.number)
            rows[places[0]] = ("lease", segment.number, views[places[0]].nbytes)
        else:
            for place, offset in zip(places, offsets):  # noqa: B905 - Python 3.8
                rows[place] = ("copy", segment.number, offset, views[place].nbytes)
        return True

    def _share(self, record: sharing.Shared, descriptors: list[int], named: set[bytes]) -> Row:
        if self._pool is None:
            raise arrays.refusal("SharedArray", "no descriptor can be passed to this process, and memory only with one")
        if record.key in named:
            return ("again", record.key)
        if len(named) >= MOST_SHARED:
            raise arrays.refusal("SharedArray", "there are more than %d in one call" % MOST_SHARED)
        if record.is_own:
            self._shared.add(record.key)
        descriptors.append(record.descriptor)
        return ("shared", record.key, record.size)

    def release(self, numbers: Iterable[int]) -> None:
        """Take note of what the receiver is done with, as its :meth:`Inbox.released` told."""
        with self._lock:
            for number in numbers:
                segment = self._out.pop(number if number >= 0 else ~number, None)
                if segment is None or self._pool is None:
                    continue
                self._leases.discard(segment.number)
                if number >= 0:
                    self._pool.release(segment)
                else:
                    self._pool.discard(segment)

    def gone(self) -> list[int | bytes]:
        """Return what the receiver need not keep mapped any more; :meth:`pack` tells it, if nobody did before."""
        with self._lock:
            dead: list[int | bytes] = [key for key in self._shared if key not in sharing.live]
            self._shared.difference_update(dead)
            if self._pool is not None:
                evicted = self._known.intersection(self._pool.evicted())
                self._known -= evicted
                dead += evicted
        return dead

    def close(self) -> None:
        """Give all segments up; what the receiver uses lives on with it."""
        with self._lock:
            self._out.clear()
            self._leases.clear()
            if self._pool is not None:
                self._pool.close()
