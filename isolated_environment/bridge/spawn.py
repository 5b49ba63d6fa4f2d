"""Starting the process of a worker: nothing of it outlives the host."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping

from ..child import program
from ..child.transport import PipeTransport, SocketTransport
from ..errors import WorkerStartError
from ..layout import PROGRAM, WINDOWS, python_of
from .worker_process import WorkerProcess, making, open_pidfd, take_note

_SOURCE = os.path.join(os.path.dirname(os.path.abspath(program.__file__)), "serve.py")
#: Whether the kernel ends workers with this process: then that need not be done at its exit.
END_WITH_US = sys.platform == "linux"


class SpawnedProcess(WorkerProcess):
    """A process of the environment's interpreter.

    Args:
        prefix: The environment.
        env: The environment mapping of the process.
        forks: A socket that it takes the descriptors of its forks from, or ``None``.

    Raises:
        WorkerStartError: the interpreter cannot be started.
    """

    def __init__(self, prefix: str, env: Mapping[str, str], forks: socket.socket | None = None) -> None:
        super().__init__()
        self.interpreter = python_of(prefix)
        self._program = _program_in(prefix)
        with making:
            try:
                self._start(env, forks)
            except OSError as error:
                raise cannot_start(self.interpreter, error) from error
            take_note(self)

    def _start(self, env: Mapping[str, str], forks: socket.socket | None) -> None:
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            self.text, text = pipe(ours, theirs)
            live, self._liveness = pipe(theirs, ours)
            self.link, given, taken, link = _endpoints(ours, theirs)
            inherited = [] if WINDOWS else [live]
            inherited += [] if link is None else [link]
            inherited += [] if forks is None else [forks.fileno()]
            os.set_blocking(self.text, False)
            with _interrupts_held():
                self._process = subprocess.Popen(
                    [
                        *(self.interpreter, "-I", "-X", "faulthandler", self._program),
                        *("-1" if WINDOWS else str(live), "pipes" if link is None else str(link)),
                        *([] if forks is None else [str(forks.fileno())]),
                    ],
                    stdin=given,
                    stdout=text if taken is None else taken,
                    stderr=text,
                    env=dict(env),
                    pass_fds=tuple(inherited),
                    start_new_session=True,
                )
            self.pid = self._process.pid
            try:
                self.pidfd = open_pidfd(self.pid)
            except OSError:
                self.kill()
                raise
            ours.pop_all()

    @property
    def status(self) -> int | None:
        """As of :class:`subprocess.Popen`."""
        return self._process.returncode

    def has_ended(self) -> bool:
        """As :meth:`.WorkerProcess.has_ended`."""
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody else waited for it
            return True

    def _send(self, number: int) -> None:
        if WINDOWS:
            self._process.send_signal(number)
        else:
            os.kill(self.pid, number)

    def _wait(self) -> None:
        self._process.wait()

    def forget(self) -> None:
        """As :meth:`.WorkerProcess.forget`."""
        self._process.returncode = 0  # it is no child of this process
        super().forget()


def cannot_start(interpreter: str, error: OSError) -> WorkerStartError:
    """Return the error of a process that could not be made."""
    exhausted = error.errno in {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM}
    return WorkerStartError(
        f"{interpreter} cannot be started: {error.strerror}",
        hint="close workers that are not needed, or raise the limit"
        if exhausted
        else "env.remove() and the next use builds the environment anew",
        interpreter=interpreter,
        tail="",
    )


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


def pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
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
    request, requesting = pipe(theirs, ours)
    replying, reply = pipe(ours, theirs)
    return PipeTransport(replying, requesting), request, reply, None
