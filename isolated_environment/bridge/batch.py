"""Calls of futures in one worker: several on their way at once, answered in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import CallError, CallTimeoutError, InvalidTargetError, RemoteError, SerializationError, WorkerClosedError

if TYPE_CHECKING:
    from .calls import Calls, Outcome
    from .future import CallFuture
    from .worker import Worker

#: Calls on their way at once, at most.
_MOST = 128


class Batch:
    """Runs calls in one worker.

    Args:
        worker: The worker.
        more: Takes up to so many calls off the queue.
    """

    def __init__(self, worker: Worker, more: Callable[[int], list[CallFuture]]) -> None:
        self._worker = worker
        self._more = more
        self._sent: deque[tuple[int, CallFuture]] = deque()
        self._may_have_begun = True

    def run(self, calls: Calls, begun: list[CallFuture]) -> None:
        """Send *begun*, wait for the answers, and send more meanwhile.

        Raises:
            CallError: the worker ended, or has to; :meth:`fail` says what becomes of the calls.
        """
        self._send(calls, begun)
        while self._sent:
            number, call = self._sent[0]
            call.run_under(self._worker.interrupt)
            outcome = calls.wait(number, call.deadline)
            if outcome is None:
                raise CallTimeoutError(
                    f"the call did not end within {call.timeout:g} s; it was stopped", timeout=call.timeout or 0.0
                )
            self._sent.popleft()
            self._settle(call, outcome)
            if len(self._sent) * 2 < _MOST:
                self._send(calls, self._more(_MOST - len(self._sent)))

    def _send(self, calls: Calls, begun: list[CallFuture]) -> None:
        prepared, wanted = [], []
        for call in begun:
            try:
                prepared.append(calls.prepare(call.target, call.args, call.kwargs))
            except (InvalidTargetError, SerializationError) as error:
                call.fail(error)
            else:
                wanted.append(call)
        if prepared:
            self._sent.extend(zip(calls.start(prepared), wanted, strict=True))

    def _settle(self, call: CallFuture, outcome: Outcome) -> None:
        returned, value = outcome
        was_unwanted = call.is_unwanted
        call.settle(returned=returned, value=self._worker.given(value))
        if was_unwanted:
            # a worker that was interrupted in a call begins with no other one; one that took no notice may have
            self._may_have_begun = not (
                isinstance(value, RemoteError) and value.type_name.endswith("KeyboardInterrupt")
            )
            raise WorkerClosedError("a call in it was cancelled")

    def fail(self, error: BaseException, begun: list[CallFuture]) -> list[CallFuture]:
        """Settle the call that ran when the worker ended.

        Returns:
            The calls that did not run: they may go to another worker.
        """
        if not self._sent:
            if not isinstance(error, CallError):  # not the worker's end: it would be the same with another one
                begun[0].fail(error)
            return [call for call in begun if not call.done()]
        if self._may_have_begun:
            self._sent.popleft()[1].fail(error)
        return [call for _, call in self._sent]
