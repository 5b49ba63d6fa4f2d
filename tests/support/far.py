"""Calls into another Python without workers and wire: what travels there, and what comes back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import isolated_environment.child
from isolated_environment.bridge.configuration import cloudpickle_for
from isolated_environment.bridge.pickling import Peer, dumps
from isolated_environment.bridge.targets import ship
from isolated_environment.child import pickling
from isolated_environment.errors import InterpreterNotFoundError
from isolated_environment.host import find_interpreter

#: Every Python that an environment can have.
MINORS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"

_PROGRAM = Path(__file__).with_name("far_side.py")
_CHILD = Path(isolated_environment.child.__file__).parent


class Refused(Exception):  # noqa: N818 - said of a call
    """The other side could not do it: ``kind`` says what, ``told`` how it was told."""

    def __init__(self, kind: str, *told: Any) -> None:
        super().__init__(kind, *told)
        self.kind, self.told = kind, told


class Far:
    """Another Python."""

    def __init__(self, process: subprocess.Popen[bytes], peer: Peer) -> None:
        self.peer = peer
        self._process = process

    def __call__(self, target: object, *args: Any, **kwargs: Any) -> Any:
        """Call there; return what comes back."""
        kind, told = ship(target, self.peer)
        return self.raw(kind, told, dumps((args, kwargs), self.peer, names=("args", "kwargs")))

    def raw(self, kind: str, told: Any, arguments: bytes) -> Any:
        request = pickling.dumps((kind, told, arguments), 5)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(len(request).to_bytes(8, "little") + request)
        self._process.stdin.flush()
        length = int.from_bytes(self._process.stdout.read(8), "little")
        if not length:
            raise AssertionError(f"it died: {self._process.wait()}")
        answer = pickling.loads(self._process.stdout.read(length))
        if answer[0] != "returned":
            raise Refused(*answer)
        return answer[1]

    def echo(self, value: Any) -> Any:
        """Send a value there and back."""
        return self("isolated_environment_child.source:same", value)


@contextmanager
def far(minor: str, site_packages: tuple[str, ...] = (), interpreter: str | None = None) -> Iterator[Far]:
    """Start a Python of that minor."""
    peer = Peer(minor, 5, site_packages)
    if interpreter is None:
        interpreter = sys.executable if minor == HERE else find_interpreter(minor).executable
    process = subprocess.Popen(
        [interpreter, "-I", str(_PROGRAM), str(_CHILD), cloudpickle_for(peer) or ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        yield Far(process, peer)
        assert process.stdin is not None
        process.stdin.close()


def present() -> list[str]:
    """Those of :data:`MINORS` that this machine has."""
    found = []
    for minor in MINORS:
        try:
            find_interpreter(minor)
        except InterpreterNotFoundError:
            continue
        found.append(minor)
    return found
