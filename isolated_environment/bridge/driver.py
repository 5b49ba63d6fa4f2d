"""Threads that drive workers for futures."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import WorkerClosedError
from .future import CallFuture

if TYPE_CHECKING:
    from .worker import Worker

#: Calls that may be on their way to one worker while they are short.
_DEPTH = 64
#: Seconds: calls that take longer are sent one by one, so that no worker sits on calls that another could run.
_SHORT = 0.001


class Queue:
    """Calls that no worker has begun with.  Threads may share it."""

    def __init__(self) -> None:
        self._calls: deque[CallFuture] = deque()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0
        self._closed = False
        _queues.add(self)

    def put(
        self, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any], timeout: float | None
    ) -> CallFuture:
        """Add a call; return its future.

        Raises:
            WorkerClosedError: no more calls are taken.
        """
        future = CallFuture(target, args, kwargs, timeout)
        with self._lock:
            if self._closed:
                raise WorkerClosedError("it was closed, and takes no more calls", hint="make a new one")
            self._calls.append(future)
            if self._waiting:
                self._changed.notify()
        return future

    def put_back(self, calls: list[CallFuture]) -> None:
        """Put calls that were taken and not begun in front again."""
        with self._changed:
            self._calls.extendleft(reversed(calls))
            self._changed.notify(len(calls))

    def take(self, most: int, patience: float | None) -> list[CallFuture] | None:
        """Take up to *most* calls; wait *patience* seconds for the first.

        Returns:
            The calls, none when none came in time; ``None`` when it is closed and empty.
        """
        with self._lock:
            if not self._calls and not self._closed and patience != 0:
                self._waiting += 1
                try:
                    self._changed.wait_for(lambda: self._calls or self._closed, patience)
                finally:
                    self._waiting -= 1
            if not self._calls:
                return None if self._closed else []
            return [self._calls.popleft() for _ in range(min(most, len(self._calls)))]

    def cancel(self) -> None:
        """Cancel what nobody has begun with."""
        with self._changed:
            calls, self._calls = list(self._calls), deque()
        for call in calls:
            call.cancel()
            call.begin()  # settles one that a worker gave back: nobody else has it any more

    def close(self) -> None:
        """Take no more calls."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def forget(self) -> None:
        """In a forked child: no thread takes anything from it there."""
        self._lock, self._closed, self._waiting = threading.Lock(), True, 0
        self._changed = threading.Condition(self._lock)
        self._calls.clear()


_queues: weakref.WeakSet[Queue] = weakref.WeakSet()


def _forget_all() -> None:
    for queue in list(_queues):
        queue.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class Driver:
    """A thread that runs calls of a queue in one worker after the other.

    Args:
        queue: Where the calls come from.
        worker: Returns the worker to use now; ``None`` ends the thread.
        idle: Seconds without a call after which *on_idle* is called; ``None``: never.
        on_idle: Gives the worker up.
        is_replaced: Whether *worker* returns another one when the last has ended.
        renew: Makes the worker of the next call, when the one before has ended: each then gets one of its own.
    """

    def __init__(
        self,
        queue: Queue,
        worker: Callable[[], Any],
        *,
        idle: float | None = None,
        on_idle: Callable[[], object] = lambda: None,
        is_replaced: bool = True,
        renew: Callable[[], object] | None = None,
    ) -> None:
        self.queue = queue
        self._worker = worker
        self._idle = idle
        self._on_idle = on_idle
        self._is_replaced = is_replaced
        self._renew = renew
        self._depth = 1
        self._thread = threading.Thread(target=self._run, name="isolated_environment driver", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until the queue is closed and every call of it has ended."""
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while True:
            calls = self.queue.take(self._depth, self._idle)
            if calls is None:
                return
            if calls:
                self._run_calls(calls)
            else:
                self._on_idle()

    def _run_calls(self, calls: list[CallFuture]) -> None:
        begun = [call for call in calls if call.begin()]
        if not begun:
            return
        try:
            worker: Worker = self._resolved()
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits for the call
            begun[0].fail(error)
            self._put_back(begun[1:])
            return
        started = time.monotonic()
        left = worker.run(begun, self._more)
        if left and not self._is_replaced:
            for call in left:
                call.fail(WorkerClosedError("the worker has ended", hint="make a new one"))
            return
        self._put_back(left)
        if self._renew is not None:
            self._renew()
            return
        each = (time.monotonic() - started) / max(1, len(begun) - len(left))
        self._depth = min(_DEPTH, self._depth * 2) if each < _SHORT else 1

    def _more(self, room: int) -> list[CallFuture]:
        """Calls to send while others are on their way."""
        if self._depth == 1:
            return []
        return [call for call in self.queue.take(room, 0) or () if call.begin()]

    def _resolved(self) -> Worker:
        worker: Worker | None = self._worker()
        if worker is None:
            raise WorkerClosedError("the worker was closed", hint="make a new one")
        return worker

    def _put_back(self, calls: list[CallFuture]) -> None:
        if calls:
            self.queue.put_back(calls)
