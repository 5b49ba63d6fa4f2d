"""The future of a call: cancelling it stops the work, also when it runs."""

from __future__ import annotations

import concurrent.futures
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

    def cancel(self) -> bool:
        """Cancel the call: take it off the queue, or interrupt, then terminate, then kill the worker that runs it.

        Returns:
            False when it is done already.
        """
        if super().cancel():
            return True
        if self.done():
            return False
        self.is_unwanted = True
        interrupt = self.interrupt
        if interrupt is not None:
            interrupt()
        return True

    def begin(self) -> bool:
        """Take the call off the queue; return whether it is still wanted."""
        if self.running():  # it was given to a worker that ended before it came to it
            if self.is_unwanted:
                self.fail(None)
            return not self.is_unwanted
        return self.set_running_or_notify_cancel()

    def run_under(self, interrupt: Callable[[], object]) -> None:
        """Take note that a worker runs it now, and how to stop that."""
        if self.timeout is not None:
            self.deadline = time.monotonic() + self.timeout
        self.interrupt = interrupt
        if self.is_unwanted:  # cancelled since; whoever of the two comes second sees the other
            interrupt()

    def fail(self, error: BaseException | None) -> None:
        """Take what kept the call from returning."""
        self.settle(returned=False, value=error)

    def settle(self, *, returned: bool, value: Any) -> None:
        """Take the outcome."""
        self.interrupt = None
        if self.is_unwanted:
            # a future that runs cannot be cancelled by the base class: the waiters see CancelledError all the same
            self.set_exception(concurrent.futures.CancelledError())
        elif returned:
            self.set_result(value)
        else:
            self.set_exception(value)
