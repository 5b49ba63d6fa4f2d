"""Workers that are forked from one that has loaded what they need: a fresh process in a millisecond (POSIX).

Where the processes of other workers are this process's children, a fork is a child of the worker that it was forked
from: that one tells how it ended.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..child.transport import SocketTransport
from ..layout import python_of
from .pool import Place, WorkerPool
from .spawn import cannot_start, pipe
from .worker_process import WorkerProcess, making, open_pidfd, take_note

if TYPE_CHECKING:
    from .worker import Worker

_FORK, _REAP = "isolated_environment_child.forking:fork", "isolated_environment_child.forking:reap"


class ForkServer:
    """A worker that others are forked from.  It starts with the first, and another one takes its place when it died.

    Args:
        make: Makes it; takes the socket that descriptors of forks come on.
        prefix: The environment.
    """

    def __init__(self, make: Callable[[socket.socket], Worker], prefix: str) -> None:
        self._make = make
        self.interpreter = python_of(prefix)
        self._lock = threading.Lock()
        self._user: int | None = None
        self._worker: Worker | None = None
        self._control: socket.socket | None = None
        self._finalizer: weakref.finalize[..., ForkServer] | None = None
        #: Forks that have ended and that could not be asked about.
        self._unasked: deque[int] = deque()

    def fork(self, **options: Any) -> Worker:
        """Return a new worker.

        Args:
            options: Of :class:`.worker.Worker`.

        Raises:
            WorkerStartError: there can be no more processes.
            Exception: what kept the worker that it is forked from from starting.
        """
        with self._using(), making:
            worker, control = self._started()
            ended = [self._unasked.popleft() for _ in range(len(self._unasked))]
            try:
                process = ForkedProcess(self, worker, control, ended)
            except OSError as error:
                raise cannot_start(self.interpreter, error) from error
        return worker.twin(process, **options)

    def status_of(self, pid: int) -> int | None:
        """Return how a fork ended; wait until it has.  ``None``: that cannot be asked now.

        Args:
            pid: It is asked about once.
        """
        worker = self._worker
        if self._user == threading.get_ident() or worker is None:  # by the collector, in the middle of a call
            self._unasked.append(pid)
            return None
        with self._using():
            try:
                status: int = worker.call(_REAP, pid)
            except Exception:  # noqa: BLE001 - it is gone, and nobody else knows
                return None
            return status

    def close(self) -> None:
        """Let the worker end that others are forked from; forks go on."""
        with self._using():
            self._end()

    def _started(self) -> tuple[Worker, socket.socket]:
        if self._worker is not None and self._control is not None and self._worker.is_alive:
            return self._worker, self._control
        self._end()
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._worker = self._make(there)
        except BaseException:
            here.close()
            raise
        finally:
            there.close()
        self._control, self._finalizer = here, weakref.finalize(self, here.close)
        return self._worker, here

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        self._unasked.clear()
        if worker is not None:
            worker.close()
        if self._finalizer is not None:
            self._finalizer()

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock:
            self._user = threading.get_ident()
            try:
                yield
            finally:
                self._user = None


class _FreshPlace(Place):
    """Where each call finds a worker of its own: the next one is forked while nobody waits for it."""

    def __init__(self, make: Callable[[int], Worker], number: int) -> None:
        super().__init__(make, number)
        self._used: Worker | None = None

    @property
    def pid(self) -> int | None:
        """The process id of what runs a call, else of what waits for the next."""
        used = self._used
        return used.pid if used is not None and used.is_alive else super().pid

    def worker(self) -> Worker:
        """Return a worker that no call was given yet."""
        self._end_used()  # where a call could not be begun
        self._used, self._worker = super().worker(), None
        return self._used

    def renew(self) -> None:
        """Make the next one; what keeps it from being made is told to the next call."""
        with contextlib.suppress(Exception):
            super().worker()
        self._end_used()  # which ended by itself meanwhile

    def close(self) -> None:
        """Let the workers end."""
        self._end_used()
        super().close()

    def _end_used(self) -> None:
        used, self._used = self._used, None
        if used is not None and not used.has_streams:  # while somebody reads one, the end is left to the stream
            used.close()


def fork_pool(
    make: Callable[[socket.socket], Worker],
    prefix: str,
    count: int,
    *,
    timeout: float | None,
    idle_timeout: float | None,
    on_output: Callable[[str], object] | None,
) -> WorkerPool:
    """Return a pool in which each call has a process of its own.

    Args:
        make: As of :class:`ForkServer`.
        prefix: As of :class:`ForkServer`.
        count: How many processes at once.
        timeout: As of :class:`.pool.WorkerPool`.
        idle_timeout: As of :class:`.pool.WorkerPool`.
        on_output: As of :class:`.worker.Worker`.
    """
    server = ForkServer(make, prefix)

    def fork(_: int) -> Worker:
        return server.fork(timeout=timeout, on_output=on_output, is_for_one_call=True)

    limits = {"timeout": timeout, "idle_timeout": idle_timeout}
    return WorkerPool(fork, count, **limits, place=_FreshPlace, on_close=server.close)


class ForkedProcess(WorkerProcess):
    """A fork of a worker.

    Args:
        server: Where it is asked how this ended.
        worker: What is forked.
        control: The socket that *worker* takes descriptors from.
        ended: Forks that it need not remember any more.

    Raises:
        OSError: there can be no more processes, or descriptors.
    """

    def __init__(self, server: ForkServer, worker: Worker, control: socket.socket, ended: list[int]) -> None:
        super().__init__()
        self._server = server
        self._status: int | None = None
        self.interpreter = server.interpreter
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            self.text, text = pipe(ours, theirs)
            live, self._liveness = pipe(theirs, ours)
            here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            ours.callback(here.close)
            theirs.callback(there.close)
            self.link = SocketTransport(here)
            os.set_blocking(self.text, False)
            socket.send_fds(control, [b"f"], [there.fileno(), text, live])
            self.pid = worker.call(_FORK, ended)
            self.pidfd = open_pidfd(self.pid)
            ours.pop_all()
        take_note(self)

    @property
    def status(self) -> int | None:
        """As far as the worker that it was forked from told."""
        return self._status

    def has_ended(self) -> bool:
        """As :meth:`.WorkerProcess.has_ended`."""
        if self._status is not None:
            return True
        if self.pidfd >= 0:
            return self._await_end(0)
        try:
            os.kill(self.pid, 0)
        except OSError:
            return True
        return _is_zombie(self.pid)

    def _await_end(self, milliseconds: int | None) -> bool:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(milliseconds))

    def _send(self, number: int) -> None:
        if self.pidfd >= 0:
            signal.pidfd_send_signal(self.pidfd, number)
        else:
            os.kill(self.pid, number)

    def _wait(self) -> None:
        if self.pidfd >= 0:
            self._await_end(None)
        told = self._server.status_of(self.pid)
        self._status = -signal.SIGKILL if told is None else told

    def forget(self) -> None:
        """As :meth:`.WorkerProcess.forget`."""
        self._status = 0
        super().forget()


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and nobody has waited for it, where only ``ps`` tells (macOS)."""
    import subprocess

    done = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return not done.stdout.strip() or done.stdout.strip().startswith("Z")
