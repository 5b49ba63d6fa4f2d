"""The process of a worker, however it came about: signals to it, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import weakref
from abc import ABC, abstractmethod

from ..child.transport import PipeTransport, SocketTransport
from ..layout import WINDOWS

#: Seconds between the steps of the ladder: interrupt, terminate, kill.
GRACE = 2.0
_alive: weakref.WeakSet[WorkerProcess] = weakref.WeakSet()
#: Held while one is made, and by a fork: the child knows each worker that it has to let go.
making = threading.RLock()


class WorkerProcess(ABC):
    """The process, the transport to it, and the pipe that it writes text to; it leads a group of processes."""

    #: The environment's interpreter.
    interpreter: str
    pid: int
    #: A descriptor of the process; -1 where there are none.
    pidfd: int
    link: SocketTransport | PipeTransport
    #: The reading end of the pipe that it writes text to.
    text: int
    _liveness: int

    def __init__(self) -> None:
        #: Whether it is that of the process that this one was forked from.
        self.is_forgotten = False
        self._closed = False
        self._ending = threading.RLock()  # no signal to a process that is not there any more

    @property
    @abstractmethod
    def status(self) -> int | None:
        """The exit status as far as it was asked for, negative for a signal."""

    @abstractmethod
    def has_ended(self) -> bool:
        """Look without reaping: as long as its leader is a zombie, the number of the group is nobody else's."""

    @abstractmethod
    def _send(self, number: int) -> None:
        """Send a signal."""

    @abstractmethod
    def _wait(self) -> None:
        """Wait for the end, and take the exit status."""

    def returncode(self) -> int | None:
        """Return the exit status, negative for a signal; ``None`` while it runs."""
        if self.status is None and self.has_ended():
            self._reap()
        return self.status

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        with self._ending:
            if self.status is None and not self.has_ended():
                with contextlib.suppress(OSError):
                    self._send(number)

    def interrupt(self) -> None:
        """Begin the ladder, from any thread; whoever drives the worker takes note of its end."""
        self.signal(signal.SIGINT)
        threading.Thread(target=self._climb, name="isolated_environment ladder", daemon=True).start()

    def _climb(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            end = time.monotonic() + GRACE
            while time.monotonic() < end:
                if self.status is not None or self.has_ended():
                    return
                time.sleep(0.02)
            self.signal(number)

    def kill(self) -> int:
        """Kill the process and its group; return the exit status."""
        if self.status is None:
            self.signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self._reap()
        return self.status or 0

    def _reap(self) -> None:
        """Take the exit status; what the worker started and left in its group goes with it."""
        with self._ending:
            if not WINDOWS and self.status is None:
                with contextlib.suppress(OSError):
                    os.killpg(self.pid, signal.SIGKILL)
            self._wait()

    def close(self) -> None:
        """Give back every descriptor; the process must have ended."""
        if not self._closed:
            self._closed = True
            _alive.discard(self)
            self._release()

    def _release(self) -> None:
        self.link.close()
        for descriptor in (self.text, self._liveness, self.pidfd):
            if descriptor >= 0:
                os.close(descriptor)

    def forget(self) -> None:
        """In a forked child: the worker is the parent's, and must see it end."""
        self._closed = self.is_forgotten = True
        with contextlib.suppress(OSError):
            self._release()


def take_note(process: WorkerProcess) -> None:
    """Let a fork of this process know of a worker's; :data:`making` is held."""
    _alive.add(process)


def open_pidfd(pid: int) -> int:
    """Return a descriptor of a process; -1 where there are none."""
    return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1


def _forget_all() -> None:
    for process in list(_alive):
        process.forget()
    _alive.clear()
    making.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=making.acquire, after_in_parent=making.release, after_in_child=_forget_all)
