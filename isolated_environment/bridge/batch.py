"""Calls of futures in one worker: several on their way at once, answered in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import InvalidTargetError, RemoteError, SerializationError, WorkerClosedError, WorkerDied
from .deadlines import Late, timed_out

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
        calls: Its calls.
        begun: Those to run.
        more: Takes up to so many calls off the queue.
    """

    def __init__(
        self, worker: Worker, calls: Calls, begun: list[CallFuture], more: Callable[[int], list[CallFuture]]
    ) -> None:
        self._worker = worker
        self._calls = calls
        self._more = more
        self._sent: deque[tuple[int, CallFuture]] = deque()
        self._unsent = begun
        self._octets_before = calls.connection.octets_sent
        self._may_have_begun = True

    def run(self) -> None:
        """Send the calls, wait for the answers, and send more meanwhile.

        Raises:
            CallError: the worker ended, or has to; :meth:`fail` says what becomes of the calls.
        """
        self._send(self._unsent)
        while self._sent:
            number, call = self._sent[0]
            outcome = self._calls.at_hand(number)
            if outcome is None:
                call.run_under(self._worker.interrupt)
                try:
                    outcome = self._calls.wait(number, call.deadline)
                except Late:
                    raise timed_out(call.timeout, call.target) from None
            self._sent.popleft()
            self._settle(call, outcome)
            if len(self._sent) * 2 < _MOST:
                self._send(self._more(_MOST - len(self._sent)))

    def _send(self, begun: list[CallFuture]) -> None:
        self._unsent, self._octets_before = begun, self._calls.connection.octets_sent
        prepared, wanted = [], []
        for call in begun:
            try:
                prepared.append(self._calls.prepare(call.target, call.args, call.kwargs))
            except (InvalidTargetError, SerializationError) as error:
                call.fail(error)
            else:
                wanted.append(call)
        if prepared:
            first = self._sent[0][1] if self._sent else wanted[0]
            first.run_under(self._worker.interrupt)
            try:
                numbers = self._calls.start(prepared, deadline=first.deadline)
            except Late:
                raise timed_out(first.timeout, first.target) from None
            self._sent.extend(zip(numbers, wanted, strict=True))
        self._unsent = []

    def _settle(self, call: CallFuture, outcome: Outcome) -> None:
        returned, value = outcome
        call.settle(returned=returned, value=self._worker.given(value))
        if call.is_unwanted:
            # a worker that was interrupted in a call begins with no other one; one that took no notice may have
            self._may_have_begun = not (
                isinstance(value, RemoteError) and value.type_name.endswith("KeyboardInterrupt")
            )
            raise WorkerClosedError("a call in it was cancelled", hint="make a new one")

    def fail(self, error: BaseException) -> list[CallFuture]:
        """Settle the call that ran when the worker ended.

        Returns:
            The calls that did not run: they may go to another worker.
        """
        left = [call for _, call in self._sent] + [call for call in self._unsent if not call.done()]
        if left and self._may_have_begun and not self._is_as_before(error):
            left.pop(0).fail(error)
        return left

    def _is_as_before(self, error: BaseException) -> bool:
        """Whether a worker ended by itself before it got any of the calls: another one may run them."""
        got = self._sent or self._calls.connection.octets_sent != self._octets_before
        return not got and isinstance(error, (WorkerDied, WorkerClosedError))
