"""Several workers behind one queue: a :class:`concurrent.futures.Executor`."""

from __future__ import annotations

import concurrent.futures
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .callables import Callables
from .driver import Driver, Queue

if TYPE_CHECKING:
    from .future import CallFuture
    from .worker import Worker


class WorkerPool(concurrent.futures.Executor, Callables):
    """Workers of one environment behind one queue.

    It is made by :meth:`~isolated_environment.IsolatedEnvironment.workers`.  A worker starts with the first call that
    it gets; one that ended is replaced with the next.

    Args:
        make: Makes the worker of a number, from 0.
        count: How many.
        timeout: Seconds that a call may take; ``None``: any.
        idle_timeout: Seconds without a call after which a worker ends, until there is a call again; ``None``: never.
        place: Where a worker is.
        on_close: Called when the last worker has ended.
    """

    def __init__(
        self,
        make: Callable[[int], Worker],
        count: int,
        *,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        place: type[Place] | None = None,
        on_close: Callable[[], object] = lambda: None,
    ) -> None:
        self._timeout = timeout
        self._queue = Queue()
        self._on_close = on_close
        self._places = [(place or Place)(make, number) for number in range(count)]
        self._drivers = [
            Driver(self._queue, place.worker, idle=idle_timeout, on_idle=place.close, renew=place.renew)
            for place in self._places
        ]
        weakref.finalize(self, self._queue.close)  # nobody can shut it down any more: threads and workers end

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._places)}>"

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that run now."""
        return [pid for place in self._places if (pid := place.pid) is not None]

    def _call(self, timeout: float | None, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """As :meth:`call`, with a time-out of its own, in seconds."""
        future = self._submit(timeout, target, args, kwargs)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _submit(
        self, timeout: float | None, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> CallFuture:
        """As :meth:`submit`, with a time-out of its own, in seconds."""
        return self._queue.put(target, args, kwargs, timeout)

    submit = Callables.submit  # not the executor's, which is abstract

    def map(
        self, target: Any, *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Any]:
        """Call a function with each of the items, in any worker; the values come in the items' order.

        Args:
            target: As :meth:`call`.
            iterables: As :func:`map`.
            timeout: Seconds until the next value must be there, from this call on.
            chunksize: For :class:`concurrent.futures.Executor`'s sake: calls are bundled as it is best.
        """
        return super().map(target, *iterables, timeout=timeout, chunksize=chunksize)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take no more calls; let the workers end when the calls that were submitted have.

        Args:
            wait: Return when they have.
            cancel_futures: Cancel the calls that no worker has begun with.
        """
        if cancel_futures:
            self._queue.cancel()
        self._queue.close()
        closing = threading.Thread(target=self._close, name="isolated_environment shutdown", daemon=True)
        closing.start()
        if wait:
            closing.join()

    def _close(self) -> None:
        for driver in self._drivers:
            driver.join()
        for place in self._places:
            place.close()
        self._on_close()


class Place:
    """Where one worker of a pool is, or will be.

    Args:
        make: Makes the worker of a number.
        number: The number.
    """

    #: Makes the worker of the next call, where each gets one of its own.
    renew: Callable[[], object] | None = None

    def __init__(self, make: Callable[[int], Worker], number: int) -> None:
        self._make = make
        self._number = number
        self._worker: Worker | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the worker, while there is one."""
        worker = self._worker
        return worker.pid if worker is not None and worker.is_alive else None

    def worker(self) -> Worker:
        """Return the worker; a new one when the last one ended."""
        if self._worker is None or not self._worker.is_alive:
            self.close()
            self._worker = self._make(self._number)
        return self._worker

    def close(self) -> None:
        """Let the worker end."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
