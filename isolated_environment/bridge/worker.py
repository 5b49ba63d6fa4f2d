"""One warm worker: a process of the environment that answers calls."""

from __future__ import annotations

import signal
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import (
    CallError,
    CallTimeoutError,
    InvalidTargetError,
    SerializationError,
    WorkerClosedError,
)
from .batch import Batch
from .callables import Callables
from .calls import Calls, Outcome
from .connection import Connection
from .deadlines import Late, timed_out
from .driven import Driven
from .driver import Driver, Queue
from .pickling import Peer
from .proxy import Proxy
from .spawn import END_WITH_US
from .stream import Items, Stream
from .worker_process import WorkerProcess

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .future import CallFuture

#: What a call raises that was never sent.
_ANOTHER = "make a new one"
_HARMLESS = (InvalidTargetError, SerializationError)


class Worker(Driven, Callables):
    """A process of the environment that answers calls, one after the other.  Threads may share it.

    It is made by :meth:`~isolated_environment.IsolatedEnvironment.worker`, and closed by :meth:`close`, by ``with``,
    or when nothing refers to it any more.  It ends with the process that made it, however that ends.

    Args:
        process: Its process.
        peer: What is known of the environment.
        timeout: Seconds that a call may take; ``None``: any.
        on_output: Takes each line that the worker writes to stdout or stderr; by default ``sys.stderr`` does.
        preload: Modules to import in it before anything else.
        setup: What to call in it before anything else: a target, or a tuple of a target and its arguments.
        held: What must live as long as the worker: the environment's lease.
        is_for_one_call: Close it when its call, or the stream that this returned, has ended.

    Raises:
        WorkerStartError: its interpreter does not come up.
        Exception: what *setup* raised.
    """

    def __init__(
        self,
        process: WorkerProcess,
        peer: Peer,
        *,
        timeout: float | None = None,
        on_output: Callable[[str], object] | None = None,
        preload: Iterable[str] = (),
        setup: object = None,
        held: object = None,
        is_for_one_call: bool = False,
    ) -> None:
        self._timeout = timeout
        self._peer = peer
        self._held = held
        self._is_for_one_call = is_for_one_call
        self._mutex = threading.RLock()
        self._ended: BaseException | None = None
        self._driver: Driver | None = None
        self._beginning = threading.Lock()
        self._connection = Connection(process, on_output)
        self._calls = Calls(self._connection, peer, is_for_one_call=is_for_one_call)
        self._finalizer = weakref.finalize(self, _finish, self._connection, self._mutex)
        with self._driving() as calls:
            calls.configure()
        try:
            for name in preload:
                self.call("builtins:exec", f"import {name}")
            if setup is not None:
                self.call(*(setup if isinstance(setup, tuple) else (setup,)))
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self._connection.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can still be called."""
        return self._ended is None and self._connection.process.returncode() is None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pid}{'' if self._ended is None else ', ended'}>"

    def twin(self, process: WorkerProcess, **options: Any) -> Worker:
        """Return a worker of the same environment in *process*; *options* are those of this class."""
        return Worker(process, self._peer, held=self._held, **options)

    # calling

    def _call(self, timeout: float | None, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        returned, value = self._ask(timeout, target, args, kwargs)
        if not returned:
            raise value
        return Stream(self, value) if type(value) is Items else value

    def _submit(
        self, timeout: float | None, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> CallFuture:
        if self._ended is not None or self._connection.process.is_forgotten:
            self.assert_usable()
        driver = self._driver
        if driver is None:
            with self._beginning:  # not the mutex: another thread's call may take long
                if self._driver is None:
                    self._driver = Driver(Queue(), weakref.ref(self), is_replaced=False)
                    weakref.finalize(self, self._driver.queue.close)
                driver = self._driver
        return driver.queue.put(target, args, kwargs, timeout)

    def new(self, target: object, /, *args: Any, **kwargs: Any) -> Proxy:
        """Call a function in the worker, keep what it returns there, and return a proxy of it.

        Args:
            target: As :meth:`call`.
            args: As :meth:`call`.
            kwargs: As :meth:`call`.

        Raises:
            Exception: as :meth:`call`.
        """
        returned, value = self._ask(self._timeout, target, args, kwargs, keep=True)
        if not returned:
            raise value
        return Proxy(self, value)

    def _ask(
        self,
        timeout: float | None,
        target: object,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        keep: bool = False,
    ) -> Outcome:
        if self._ended is not None or self._connection.process.is_forgotten:
            self.assert_usable()
        with self._mutex:  # as in _driving, which costs more than all of the rest
            if self._ended is not None:
                self.assert_usable()
            try:
                if timeout is None and not keep:
                    return self._calls.ask(target, args, kwargs)
                return self._calls.ask_within(timeout, target, args, kwargs, keep=keep)
            except Late:
                error = timed_out(timeout, target)
                self.give_up(error)
                raise error from None
            except BaseException as error:
                self._take_note(error)
                raise

    @contextmanager
    def _driving(self) -> Iterator[Calls]:
        """Use the connection; what goes wrong with it ends the worker."""
        self.assert_usable()  # in a forked process another thread's hold of the mutex would last for ever
        with self._mutex:
            self.assert_usable()
            try:
                yield self._calls
            except Late:
                error = timed_out(None)
                self.give_up(error)
                raise error from None
            except BaseException as error:
                self._take_note(error)
                raise

    def _take_note(self, error: BaseException) -> None:
        """What goes wrong with the connection ends the worker."""
        if not isinstance(error, _HARMLESS):
            self.give_up(error)

    def run(self, begun: list[CallFuture], more: Callable[[int], list[CallFuture]]) -> list[CallFuture]:
        """Run calls that were submitted; return those that were not begun when the worker ended."""
        batch = Batch(self, self._calls, begun, more)
        try:
            with self._driving():
                batch.run()
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits for the call
            return batch.fail(error)
        return []

    def given(self, value: Any) -> Any:
        """Return a value as the caller gets it."""
        return Stream(self, value) if type(value) is Items else value

    # the end

    def assert_usable(self) -> None:
        """Raise if the worker has ended.

        Raises:
            WorkerClosedError: it has.
        """
        if self._connection.process.is_forgotten:
            raise WorkerClosedError("the worker is that of the process that this one was forked from", hint=_ANOTHER)
        if self._ended is not None:
            raise self._closed() from self._ended

    def _closed(self) -> WorkerClosedError:
        why = (
            "was closed"
            if isinstance(self._ended, WorkerClosedError)
            else f"has ended: {getattr(self._ended, 'message', self._ended)}"
        )
        return WorkerClosedError(f"the worker takes no more calls: it {why}", hint=_ANOTHER)

    def interrupt(self) -> None:
        """Stop the call that runs, and the worker with it; from any thread."""
        self._connection.process.interrupt()

    def give_up(self, error: BaseException) -> None:
        """End the worker by the ladder, because of *error*."""
        if self._ended is not None:
            return
        self._ended = error
        gone = isinstance(error, CallError) and not isinstance(error, CallTimeoutError)
        try:
            self._connection.end(*(() if gone else (signal.SIGINT, signal.SIGTERM)))
        finally:  # a second Ctrl-C cuts it short
            self._connection.process.kill()
            self._finish()

    def close(self) -> None:
        """Let the worker end; calls that were submitted before are answered first.  Idempotent."""
        if self._connection.process.is_forgotten:
            return
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.queue.close()
            driver.join()
        with self._mutex:
            if self._ended is not None:
                return
            try:
                with self._driving() as calls:
                    calls.bye()
                    self._ended = WorkerClosedError("closed")
                    self._connection.end(0, signal.SIGTERM)
            except CallError:
                pass  # it was dead already
            finally:  # a Ctrl-C cuts it short
                self._connection.process.kill()
                self._finish()

    def _finish(self) -> None:
        error = self._ended
        if not isinstance(error, CallError) or isinstance(error, WorkerClosedError):
            error = self._closed()
        self._calls.close(error)
        self._finalizer.detach()
        self._connection.close()
        self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _finish(connection: Connection, mutex: threading.RLock) -> None:
    """End a worker that nobody refers to any more, or at the exit of this process.

    At the exit a daemon thread may be in the middle of a call.  It is not woken up: the worker ends with this process.
    """
    if mutex.acquire(blocking=False) or not END_WITH_US:
        connection.process.kill()
        connection.close()
