"""The receiver's half of the buffers between two processes; what a table says stands in :mod:`.memory`."""

from __future__ import annotations

import _thread
import os

from . import backing, leases, sharing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Row = tuple[Any, ...]

Refused = backing.Refused


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

    def shared_again(self, key: bytes) -> memoryview:
        """Return another view of shared memory that came with the same frame."""
        return memoryview(sharing.live[key].exporter()).cast("B")

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
        if type(number) is not int or number < 0:
            raise Refused("a segment was numbered %r" % (number,))
        self._inbox.attach(number, self.descriptors.pop(0), capacity)

    def _take_lease(self, number: int, size: int) -> memoryview:
        return self._inbox.lend(number, size)

    def _take_copy(self, number: int, offset: int, size: int) -> memoryview:
        return self._inbox.copy(number, offset, size)

    def _take_shared(self, key: bytes, size: int) -> memoryview:
        return self._inbox.share(key, self.descriptors.pop(0), size)

    def _take_again(self, key: bytes) -> memoryview:
        return self._inbox.shared_again(key)

    def _take_inline(self, size: int) -> memoryview:
        if self._inline is not None:
            found = memoryview(self._inline.pop(0)).cast("B")
        else:
            found, self._stream = self._stream[:size], self._stream[size:]
        if found.nbytes != size:
            raise ValueError("fewer octets came than were announced")
        return memoryview(bytearray(found)) if found.readonly else found
