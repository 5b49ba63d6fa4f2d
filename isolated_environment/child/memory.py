"""Buffers between two processes: written once into memory of the sender, read there by the receiver without a copy.

The pages are what costs (zeroing and mapping a fresh one takes ten times as long as filling a warm one), so both sides
keep a segment mapped, and the sender fills it again once the receiver said that it is done with it.

Why nobody ever sees a segment change that it still reads: every view of a lent segment comes from one object, made for
this loan, and holds it.  The segment's number goes back to the sender only from the callback that runs when that
object dies, so when no view is left; and the sender writes only to segments whose number came back.  A fork makes
holders that nobody can ask: what is lent then never comes back (:mod:`.leases`).

A table is a list of rows, plain data.  Before the buffers: ``("gone", [...])`` tells what the receiver may unmap,
``("new", number, capacity)`` is a segment whose descriptor comes along.  One row for each buffer: ``("inline", size)``,
``("copy", number, offset, size)``, ``("lease", number, size)``, ``("shared", key, size)`` with its descriptor.
Descriptors come in the order of their rows.
"""

from __future__ import annotations

import _thread
import os
from _pickle import PickleBuffer

from . import backing, leases, segments, sharing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Row = tuple[Any, ...]

Segments = segments.Segments
Refused = backing.Refused

#: Smaller buffers travel together and are copied out on arrival: that costs less than keeping account of each.
LEASE_FLOOR = 1 << 20
#: Arrays of one connection that may live on the other side without a copy; each holds descriptors on both sides.
MOST_LEASES = 16
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
            ValueError: shared memory is among them and no descriptor can travel.
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
        inline = [views[place] for place, row in enumerate(rows) if row[0] == "inline"]
        return head + rows, new + passed, inline

    def _fill(
        self, views: list[memoryview], rows: list[Row], head: list[Row], new: list[int], passed: list[int]
    ) -> None:
        small = []
        for place, view in enumerate(views):
            record = sharing.holding(view)
            if record is not None:
                rows[place] = self._share(record, passed)
            elif view.nbytes < LEASE_FLOOR:
                small.append(place)
            elif not self._place([place], views, rows, head, new, lend=len(self._leases) < MOST_LEASES):
                rows[place] = ("inline", view.nbytes)
        if small and not self._place(small, views, rows, head, new, lend=False):
            for place in small:
                rows[place] = ("inline", views[place].nbytes)

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

    def _share(self, record: sharing.Shared, descriptors: list[int]) -> Row:
        if self._pool is None:
            raise ValueError("shared memory cannot travel to this process: no descriptor can be passed to it")
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


class Inbox:
    """The receiver's half of one direction."""

    def __init__(self) -> None:
        self._attached: dict[int, leases.Attached] = {}
        self._held: dict[bytes, Any] = {}
        self._done: list[int] = []
        self._lock = _thread.RLock()

    def unpack(self, table: Sequence[Row], descriptors: Iterable[int], inline: Any = b"") -> list[memoryview]:
        """Return the buffers of a frame, in order, all of them writable.

        Args:
            table: As :meth:`Outbox.pack` made it.
            descriptors: That came with it; taken over, also when this fails.
            inline: The octets behind the table: one buffer, or a list of them.

        Raises:
            Refused: the table is wrong, or memory that came is not safe to use.
            OSError: memory that came cannot be mapped.
        """
        unpacking = _Unpacking(self, list(descriptors), inline)
        try:
            with self._lock:
                found = [view for row in table for view in unpacking.take(row)]
            if unpacking.descriptors:
                raise Refused("%d descriptors came that belong to nothing" % len(unpacking.descriptors))
        finally:
            for descriptor in unpacking.descriptors:
                os.close(descriptor)
        return found

    def attach(self, number: int, descriptor: int, capacity: int) -> None:
        """Map a segment that is new here."""
        done = self._done

        def report(is_reusable: bool) -> None:  # noqa: FBT001
            done.append(number if is_reusable else ~number)

        self._attached[number] = leases.Attached(descriptor, capacity, report)

    def lend(self, number: int, size: int) -> memoryview:
        """Return a view of a segment; when the last view made from it is gone, the sender gets it back."""
        return self._attached[number].lend(size)

    def copy(self, number: int, offset: int, size: int) -> memoryview:
        """Return a copy of a part of a segment, which the sender gets back at once."""
        octets = self._attached[number].read(offset, size)
        if number not in self._done:
            self._done.append(number)
        return memoryview(octets)

    def share(self, key: bytes, descriptor: int, size: int) -> memoryview:
        """Return a view of shared memory, which stays mapped here until its maker is done with it."""
        exporter = sharing.adopt(key, descriptor, size)
        if not sharing.live[key].is_own:
            self._held[key] = exporter
        return memoryview(exporter).cast("B")

    def released(self) -> list[int]:
        """Return what this side is done with since this was asked last, for :meth:`Outbox.release` over there."""
        with self._lock:
            numbers = self._done[:]
            del self._done[: len(numbers)]  # more may come meanwhile, at the end
            for number in numbers:
                if number < 0:
                    self._attached.pop(~number, None)
        return numbers

    def forget(self, names: Iterable[int | bytes]) -> None:
        """Unmap what the sender is done with, as its :meth:`Outbox.gone` told; views that there are keep theirs."""
        with self._lock:
            for name in names:
                self._attached.pop(name, None)  # type: ignore[arg-type]
                self._held.pop(name, None)  # type: ignore[arg-type]

    def close(self) -> None:
        """Unmap what no view uses."""
        with self._lock:
            self._attached.clear()
            self._held.clear()


class _Unpacking:
    """One table on its way to views."""

    def __init__(self, inbox: Inbox, descriptors: list[int], inline: Any) -> None:
        self.descriptors = descriptors
        self._inbox = inbox
        self._inline = list(inline) if isinstance(inline, (list, tuple)) else None
        self._stream = memoryview(b"" if self._inline is not None else inline).cast("B")

    def take(self, row: Row) -> list[memoryview]:
        """Return the views of a row: one, or none."""
        try:
            take = getattr(self, "_take_" + row[0])
            found = take(*row[1:])
        except (TypeError, LookupError, AttributeError, ValueError) as error:
            raise Refused(f"a row of a table of buffers cannot be used: {error}") from error
        return [] if found is None else [found]

    def _take_gone(self, names: list[int | bytes]) -> None:
        self._inbox.forget(names)

    def _take_new(self, number: int, capacity: int) -> None:
        self._inbox.attach(number, self.descriptors.pop(0), capacity)

    def _take_lease(self, number: int, size: int) -> memoryview:
        return self._inbox.lend(number, size)

    def _take_copy(self, number: int, offset: int, size: int) -> memoryview:
        return self._inbox.copy(number, offset, size)

    def _take_shared(self, key: bytes, size: int) -> memoryview:
        return self._inbox.share(key, self.descriptors.pop(0), size)

    def _take_inline(self, size: int) -> memoryview:
        if self._inline is not None:
            found = memoryview(self._inline.pop(0)).cast("B")
        else:
            found, self._stream = self._stream[:size], self._stream[size:]
        if found.nbytes != size:
            raise ValueError("fewer octets came than were announced")
        return memoryview(bytearray(found)) if found.readonly else found
