"""Items of a generator that runs in the environment."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

    from .worker import Worker

#: Items that may be on their way at first, and at most.
_FIRST, _MOST = 16, 8192
#: Octets that may be on their way.
_OCTETS = 4 << 20


class Items:
    """What arrived of one stream, and how much more may come.

    Args:
        number: The number of the call that made it.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.arrived: deque[Any] = deque()
        self.error: BaseException | None = None
        self.has_ended = False
        self._window = _FIRST
        self._expected = 0

    def add(self, items: list[Any], octets: int) -> None:
        """Take items that came in *octets* octets."""
        self.arrived.extend(items)
        self._expected -= len(items)
        most = max(1, _OCTETS * len(items) // max(1, octets))
        self._window = min(self._window * 2, most, _MOST)

    def end(self, error: BaseException | None) -> None:
        """Take note that no more come."""
        self.has_ended = True
        self.error = error

    def wanted(self) -> int:
        """Return how many more to ask for now: 0 while enough are here or on their way."""
        have = len(self.arrived) + self._expected
        if self.has_ended or have * 2 > self._window:
            return 0
        self._expected += self._window - have
        return self._window - have


class Stream(Iterator[Any], AsyncIterator[Any]):
    """An iterator over what a generator in the environment yields, also for ``async for``.

    The generator is not run further ahead than a window of items that grows with the pace of the consumer.  Between
    two items the worker answers other calls.  :meth:`close`, or leaving it to the garbage collector, stops it.
    """

    def __init__(self, worker: Worker, items: Items) -> None:
        self._worker = worker
        self._items = items

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        items = self._items
        if not items.arrived:
            self._worker.fill(items)
        if items.arrived:
            return items.arrived.popleft()
        error, items.error = items.error, None
        self._worker.stream_ended()
        if error is not None:
            raise error
        raise StopIteration

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._items.arrived:
            return next(self)
        await self._worker.afill(self._items)
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Stop the generator; its ``finally`` clauses run over there."""
        if not self._items.has_ended:
            self._items.end(None)
            self._items.arrived.clear()
            self._worker.stop_stream(self._items)
        self._worker.stream_ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._items.has_ended:
            self._worker.drop_stream(self._items)
