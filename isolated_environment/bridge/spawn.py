"""Starting the process of a worker, and ending it: nothing of it outlives the host, nothing of it is left."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import weakref
from collections.abc import Mapping
from pathlib import Path

from ..child.transport import PipeTransport, SocketTransport
from ..errors import WorkerStartError
from ..layout import WINDOWS, python_of

_PROGRAM = str(Path(__file__).parent.parent / "child" / "serve.py")
_alive: weakref.WeakSet[WorkerProcess] = weakref.WeakSet()


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
        with contextlib.ExitStack() as stack:
            self.text, text = _pipe(stack)
            live, self._liveness = _pipe(stack)
            ours, theirs = _endpoints(stack)
            given, taken, link = theirs
            inherited = () if WINDOWS else (live,)
            try:
                self._process = subprocess.Popen(
                    [
                        *(self.interpreter, "-I", "-X", "faulthandler", _PROGRAM),
                        *(str(live) if inherited else "-1", "pipes" if taken is not None else "socket"),
                    ],
                    stdin=given,
                    stdout=text if taken is None else taken,
                    stderr=text,
                    env=dict(env),
                    pass_fds=inherited,
                    start_new_session=True,
                )
            except OSError as error:
                raise WorkerStartError(
                    f"{self.interpreter} cannot be started: {error.strerror}",
                    hint="env.remove() and the next use builds the environment anew",
                    interpreter=self.interpreter,
                    tail="",
                ) from error
            stack.pop_all()
        for descriptor in (text, live):
            os.close(descriptor)
        for end in link:
            end.close() if isinstance(end, socket.socket) else os.close(end)
        self.link = ours
        os.set_blocking(self.text, False)
        self.pid = self._process.pid
        self.pidfd = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
        self._closed = False
        _alive.add(self)

    def returncode(self) -> int | None:
        """Return the exit status, negative for a signal; ``None`` while it runs."""
        if self._process.returncode is None and self.has_ended():
            self._reap()
        return self._process.returncode

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self._process.returncode is None and not self.has_ended():
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)

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
        self._closed = True
        self._process.returncode = 0  # it is no child of this process
        with contextlib.suppress(OSError):
            self._release()


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    stack.callback(os.close, writing)
    return reading, writing


def _endpoints(
    stack: contextlib.ExitStack,
) -> tuple[SocketTransport | PipeTransport, tuple[int, int | None, tuple[socket.socket | int, ...]]]:
    """Our end; and theirs as stdin, stdout, and what to close here once it is theirs."""
    if hasattr(socket, "AF_UNIX") and not WINDOWS:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        stack.callback(here.close)
        stack.callback(there.close)
        return SocketTransport(here), (there.fileno(), None, (there,))
    request, requesting = _pipe(stack)
    replying, reply = _pipe(stack)
    return PipeTransport(replying, requesting), (request, reply, (request, reply))


def _forget_all() -> None:
    for process in list(_alive):
        process.forget()
    _alive.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
