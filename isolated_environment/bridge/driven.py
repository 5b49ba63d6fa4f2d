"""What streams and proxies need of their worker."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

from ..child import wire
from ..errors import CallError
from . import exports
from .calls import Calls
from .stream import Items


class Driven:
    """The part of a worker that streams and proxies use."""

    _mutex: threading.RLock
    _calls: Calls
    _ended: BaseException | None
    _is_for_one_call: bool

    def fill(self, items: Items) -> None:
        """Wait until a stream has items, or ended."""
        if items.arrived or items.has_ended:
            return
        self.assert_usable()
        with self._mutex:
            if items.arrived or items.has_ended:  # another thread drove it meanwhile
                return
            try:
                with self._driving() as calls:
                    wanted = items.wanted()
                    if wanted:
                        calls.credit(items.number, wanted)
                    calls.drive(lambda: bool(items.arrived or items.has_ended))
            except CallError:
                if not items.has_ended:  # by the same error, which the stream tells once
                    raise

    async def afill(self, items: Items) -> None:
        """As :meth:`fill`, without blocking the event loop."""
        import asyncio

        if not (items.arrived or items.has_ended):
            await asyncio.to_thread(self.fill, items)

    def stop_stream(self, items: Items) -> None:
        """Let a generator end where it is."""
        self._calls.dropped.append((wire.STOP, items.number))
        if not self._is_for_one_call and self.is_alive:
            with self._driving() as calls:
                calls.flush()

    def drop_stream(self, items: Items) -> None:
        """As :meth:`stop_stream`, with the next call: this may run in any thread, at any moment."""
        self._calls.dropped.append((wire.STOP, items.number))

    def stream_ended(self) -> None:
        """Take note that nobody reads a stream of this worker any more."""
        if self._is_for_one_call:
            self.close()

    def drop_object(self, number: int) -> None:
        """Let a kept object go, with the next call: this may run in any thread, at any moment."""
        self._calls.dropped.append((wire.FREE, number))

    @property
    def has_streams(self) -> bool:
        """Whether somebody still reads a stream of this worker."""
        return self._ended is None and self._calls.has_streams

    def assert_pickling_for(self) -> None:
        """Raise unless this thread pickles for this worker.

        Raises:
            TypeError: it pickles for another one, or for something else.
        """
        if exports.current() is not self._calls.exports:
            raise TypeError("an object of a worker can be an argument of calls of that worker alone")

    # what the worker has

    def _driving(self) -> AbstractContextManager[Calls]:
        raise NotImplementedError

    def assert_usable(self) -> None:
        """Raise if the worker has ended."""
        raise NotImplementedError

    @property
    def is_alive(self) -> bool:
        """Whether it can still be called."""
        raise NotImplementedError

    def close(self) -> None:
        """Let the worker end."""
        raise NotImplementedError
