"""Generators whose items go to the host as it asks for them."""

from __future__ import annotations

import time

from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from typing import Any

    from . import session as sessions

#: Items in one frame, at most.
_BATCH = 256
#: Seconds after which what there is goes out, so that a slow generator's items are not held back.
_PATIENCE = 0.001


class Stream:
    """One generator that runs for the host.

    Args:
        call: The number of its call.
        generator: What makes the items.
    """

    def __init__(self, call: int, generator: Generator[Any, Any, Any]) -> None:
        self.call = call
        self.credit = 0
        self._generator = generator
        self._goes_on = True

    def pump(self, session: sessions.Session) -> bool:
        """Send items as far as the credit goes, until something else came in.

        Returns:
            Whether the generator goes on.
        """
        items: list[Any] = []
        since = time.monotonic()
        while self.credit > 0:
            try:
                items.append(next(self._generator))
            except StopIteration:
                if self._flush(session, items):
                    self._goes_on = False
                    session.send(wire.END, self.call)
                return False
            except BaseException as error:  # noqa: BLE001 - whatever ends the generator is the host's to know
                if self._flush(session, items):
                    self._goes_on = False
                    session.fail(self.call, error)
                return False
            self.credit -= 1
            if len(items) >= _BATCH or time.monotonic() - since > _PATIENCE:
                if not self._flush(session, items):
                    return False
                items, since = [], time.monotonic()
                if session.has_input():
                    return True
        return self._flush(session, items)

    def stop(self, session: sessions.Session) -> None:
        """Stop the generator where it is, and say so, unless it has ended."""
        if self._goes_on:
            self._goes_on = False
            self.close()
            session.send(wire.END, self.call)

    def close(self) -> None:
        """Stop the generator where it is; what it raises then is nobody's but whoever reads what this writes."""
        try:
            self._generator.close()
        except Exception:  # noqa: BLE001 - a ``finally`` of the user's, which may do anything
            import traceback

            traceback.print_exc()

    def _flush(self, session: sessions.Session, items: list[Any]) -> bool:
        if not items:
            return True
        try:
            session.send_value(wire.ITEMS, self.call, items)
        except Exception as error:  # noqa: BLE001 - an item cannot be pickled
            if len(items) > 1:  # those before it can
                return all(self._flush(session, [item]) for item in items)
            self._goes_on = False
            self.close()
            session.fail(self.call, error)
            return False
        return True


def is_stream(value: object) -> bool:
    """Return whether a result is to be sent item by item."""
    return type(value).__name__ == "generator" and hasattr(value, "throw")


def run_awaited(value: Any) -> Any:
    """Run a coroutine to its end, or wrap an asynchronous generator; return any other value as it is."""
    kind = type(value).__name__
    if kind == "coroutine":
        import asyncio

        return asyncio.run(value)
    return _drained(value) if kind == "async_generator" else value


def _drained(generator: AsyncGenerator[Any, Any]) -> Generator[Any, None, None]:
    import asyncio

    loop = asyncio.new_event_loop()
    try:
        while True:
            try:
                yield loop.run_until_complete(generator.__anext__())
            except StopAsyncIteration:
                return
    finally:
        loop.run_until_complete(generator.aclose())
        loop.close()
