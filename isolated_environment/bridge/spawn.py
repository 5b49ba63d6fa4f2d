"""Starting the process of a worker, and ending it: nothing of it outlives the host, nothing of it is left."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping

from ..child import program
from ..child.transport import PipeTransport, SocketTransport
from ..errors import WorkerStartError
from ..layout import PROGRAM, WINDOWS, python_of

_SOURCE = os.path.join(os.path.dirname(os.path.abspath(program.__file__)), "serve.py")
#: Whether the kernel ends workers with this process: then that need not be done at its exit.
END_WITH_US = sys.platform == "linux"
#: Seconds between the steps of the ladder: interrupt, terminate, kill.
GRACE = 2.0
_alive: weakref.WeakSet[WorkerProcess] = weakref.WeakSet()
#: Held while one is made, and by a fork: the child knows each worker that it has to let go.
_making = threading.RLock()


class WorkerProcess:
    """The process, the transport to it, and the pipe that it writes text to.

    Args:
        prefix: The environment.
        env: The environment mapping of the process.

    Raises:
        WorkerStartError: the interpreter cannot be started.
    """

    def __init__(self, prefix: str, env: Mapping[str, str]) -> None:
        self.interpreter = python_of(prefix)
        self._program = _program_in(prefix)
        #: Whether it is that of the process that this one was forked from.
        self.is_forgotten = False
        self._closed = False
        self._ending = threading.RLock()  # no signal to a process that is not there any more
        with _making:
            try:
                self._start(env)
            except OSError as error:
                exhausted = error.errno in {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM}
                raise WorkerStartError(
                    f"{self.interpreter} cannot be started: {error.strerror}",
                    hint="close workers that are not needed, or raise the limit"
                    if exhausted
                    else "env.remove() and the next use builds the environment anew",
                    interpreter=self.interpreter,
                    tail="",
                ) from error
            _alive.add(self)

    def _start(self, env: Mapping[str, str]) -> None:
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            self.text, text = _pipe(ours, theirs)
            live, self._liveness = _pipe(theirs, ours)
            self.link, given, taken, link = _endpoints(ours, theirs)
            inherited = () if WINDOWS else (live,)
            os.set_blocking(self.text, False)
            with _interrupts_held():
                self._process = subprocess.Popen(
                    [
                        *(self.interpreter, "-I", "-X", "faulthandler", self._program),
                        *(str(live) if inherited else "-1", "pipes" if link is None else str(link)),
                    ],
                    stdin=given,
                    stdout=text if taken is None else taken,
                    stderr=text,
                    env=dict(env),
                    pass_fds=inherited if link is None else (*inherited, link),
                    start_new_session=True,
                )
            self.pid = self._process.pid
            try:
                self.pidfd = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
            except OSError:
                self.kill()
                raise
            ours.pop_all()

    def returncode(self) -> int | None:
        """Return the exit status, negative for a signal; ``None`` while it runs."""
        if self._process.returncode is None and self.has_ended():
            self._reap()
        return self._process.returncode

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        with self._ending:
            if self._process.returncode is None and not self.has_ended():
                with contextlib.suppress(OSError):
                    os.kill(self.pid, number)

    def interrupt(self) -> None:
        """Begin the ladder, from any thread; whoever drives the worker takes note of its end."""
        self.signal(signal.SIGINT)
        threading.Thread(target=self._climb, name="isolated_environment ladder", daemon=True).start()

    def _climb(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            end = time.monotonic() + GRACE
            while time.monotonic() < end:
                if self._process.returncode is not None or self.has_ended():
                    return
                time.sleep(0.02)
            self.signal(number)

    def kill(self) -> int:
        """Kill the process and its group; return the exit status."""
        if self._process.returncode is None:
            self._process.kill()
            self._reap()
        return self._process.wait()

    def has_ended(self) -> bool:
        """Look without reaping: as long as its leader is a zombie, the number of the group is nobody else's."""
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody else waited for it
            return True

    def _reap(self) -> None:
        """Take the exit status; what the worker started and left in its group goes with it."""
        with self._ending:
            if not WINDOWS and self._process.returncode is None:
                with contextlib.suppress(OSError):
                    os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

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
        self._process.returncode = 0  # it is no child of this process
        with contextlib.suppress(OSError):
            self._release()


@functools.cache
def _digest() -> str:
    return program.digest_of(program.sources())


def _program_in(prefix: str) -> str:
    """Return what the worker runs: the copy that was compiled for its interpreter, if it is of these very sources."""
    compiled = os.path.join(prefix, PROGRAM, _digest(), "serve.pyc")
    return compiled if os.path.exists(compiled) else _SOURCE


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let what is started here inherit that SIGINT waits, until the child program lets it through.

    An interpreter that is interrupted while it starts may forget it, or complains at length.
    """
    if WINDOWS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    """The reading and the writing end; each is closed with its stack."""
    reading, writing = os.pipe()
    reader.callback(os.close, reading)
    writer.callback(os.close, writing)
    return reading, writing


def _endpoints(
    ours: contextlib.ExitStack, theirs: contextlib.ExitStack
) -> tuple[SocketTransport | PipeTransport, int, int | None, int | None]:
    """Our end; and theirs: stdin, stdout, and a descriptor besides, which code that reads stdin cannot touch."""
    if hasattr(socket, "AF_UNIX") and not WINDOWS:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.callback(here.close)
        theirs.callback(there.close)
        return SocketTransport(here), subprocess.DEVNULL, None, there.fileno()
    request, requesting = _pipe(theirs, ours)
    replying, reply = _pipe(ours, theirs)
    return PipeTransport(replying, requesting), request, reply, None


def _forget_all() -> None:
    for process in list(_alive):
        process.forget()
    _alive.clear()
    _making.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_making.acquire, after_in_parent=_making.release, after_in_child=_forget_all)
