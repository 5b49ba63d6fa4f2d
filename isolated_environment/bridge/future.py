"""The future of a call: cancelling it stops the work, also when it runs."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any


class CallFuture(concurrent.futures.Future[Any]):
    """What :meth:`submit` returns: a :class:`concurrent.futures.Future` whose :meth:`cancel` also ends a running call.

    Args:
        target, args, kwargs: The call.
        timeout: Seconds that it may run, from the moment that a worker begins with it.
    """

    def __init__(self, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any], timeout: float | None) -> None:
        super().__init__()
        self.target = target
        self.args = args
        self.kwargs = kwargs
        self.timeout = timeout
        self.deadline: float | None = None
        #: Called by :meth:`cancel` while the call runs; set by the one who runs it.
        self.interrupt: Callable[[], object] | None = None
        #: Whether somebody wants it ended.
        self.is_unwanted = False
        self._is_settled = self._was_begun = False
        self._outcome = threading.Lock()  # who comes first: the one who cancels it, or its end

    def cancel(self) -> bool:
        """Cancel the call: take it off the queue, or interrupt, then terminate, then kill the worker that runs it.

        Returns:
            False when it is done already.
        """
        if super().cancel():
            return True
        with self._outcome:
            if self._is_settled:
                return False
            self.is_unwanted = True
            if self.interrupt is not None:  # while this holds the lock, the worker is given no other call
                self.interrupt()
        return True

    def begin(self) -> bool:
        """Take the call off the queue; return whether it is still wanted."""
        if self._was_begun:  # it was given to a worker that ended before it came to it
            if self.is_unwanted:
                self.fail(None)
            return not self.is_unwanted
        self._was_begun = True
        return self.set_running_or_notify_cancel()

    def run_under(self, interrupt: Callable[[], object]) -> None:
        """Take note that a worker runs it now, and how to stop that."""
        if self.timeout is not None:
            self.deadline = time.monotonic() + self.timeout
        with self._outcome:
            self.interrupt = interrupt
            if self.is_unwanted:  # cancelled since
                interrupt()

    def fail(self, error: BaseException | None) -> None:
        """Take what kept the call from returning."""
        self.settle(returned=False, value=error)

    def settle(self, *, returned: bool, value: Any) -> None:
        """Take the outcome."""
        with self._outcome:
            self.interrupt = None
            self._is_settled = True
        if not returned and isinstance(value, StopIteration):  # asyncio cannot take it: its waiter would wait for ever
            value = _as_generators_do(value)
        if self.is_unwanted:
            # a future that runs cannot be cancelled by the base class: the waiters see CancelledError all the same
            self.set_exception(concurrent.futures.CancelledError())
        elif returned:
            self.set_result(value)
        else:
            self.set_exception(value)


def _as_generators_do(error: StopIteration) -> RuntimeError:
    made = RuntimeError("the function raised StopIteration")
    made.__cause__ = error
    return made
