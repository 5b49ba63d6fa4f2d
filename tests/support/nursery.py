"""Processes that are forked from one that has loaded the library already: a host to kill costs no start of Python."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_CHECKOUT = Path(__file__).parent.parent.parent


class Forked:
    """One process; what is used of :class:`subprocess.Popen`, and nothing more."""

    def __init__(self, channel: socket.socket, order: dict[str, Any]) -> None:
        self._channel = channel
        their_stdin, self._stdin = os.pipe()
        self._stdout, their_stdout = os.pipe()
        try:
            socket.send_fds(channel, [json.dumps(order).encode()], [their_stdin, their_stdout])
        finally:
            os.close(their_stdin)
            os.close(their_stdout)
        self.stdout = open(self._stdout, "rb", buffering=0)  # noqa: SIM115 -- closed by close()
        self.pid = int(channel.recv(32))
        self.returncode: int | None = None

    def answer(self) -> None:
        """Write one line to its stdin."""
        with suppress(BrokenPipeError):
            os.write(self._stdin, b"\n")

    def poll(self) -> int | None:
        return self._look(socket.MSG_DONTWAIT)

    def wait(self) -> int:
        found = self._look(0)
        if found is None:
            raise AssertionError("the nursery does not say how the process ended")
        return found

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def close(self) -> None:
        """Close its stdin and stdout, and wait for its end."""
        os.close(self._stdin)
        self.stdout.close()
        self.wait()

    def _look(self, flags: int) -> int | None:
        if self.returncode is None:
            with suppress(BlockingIOError):
                self.returncode = int(self._channel.recv(32, flags))
        return self.returncode


class Nursery:
    """Forks processes that run ``main`` of a module, one at a time.

    Args:
        module: Has a ``main`` that takes an order and returns an exit code.
        env: The environment variables.
    """

    def __init__(self, module: str, env: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.support.nursery", str(theirs.fileno()), module]
            self._process = subprocess.Popen(command, cwd=_CHECKOUT, env=dict(env), pass_fds=[theirs.fileno()])
        self._channel = ours

    def fork(self, order: dict[str, Any]) -> Forked:
        return Forked(self._channel, order)

    def close(self) -> None:
        self._channel.close()
        self._process.wait()


def main() -> None:
    import importlib

    channel, module = socket.socket(fileno=int(sys.argv[1])), importlib.import_module(sys.argv[2])
    while True:
        data, fds, _, _ = socket.recv_fds(channel, 1 << 16, 2)
        if not data:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            for number, fd in enumerate(fds):
                os.dup2(fd, number)
                os.close(fd)
            _run(module, json.loads(data))
        for fd in fds:
            os.close(fd)
        channel.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def _run(module: Any, order: dict[str, Any]) -> None:
    code = 70
    try:
        code = module.main(order)
    except KeyboardInterrupt:
        code = 4
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
