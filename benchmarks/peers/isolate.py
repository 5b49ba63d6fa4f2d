"""isolate: environments in a cache, an agent for each call.  Its bridge, kept open as its own server does, is warm."""

from __future__ import annotations

import operator
import sys
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

from isolate.backends.settings import IsolateSettings  # type: ignore[import-not-found]
from isolate.backends.virtualenv import VirtualPythonEnvironment  # type: ignore[import-not-found]

_open: list[Any] = []


def create(path: str, packages: list[str]) -> None:
    """Make an environment."""
    _made(path, packages)


def call(count: int) -> list[float]:
    """Calls in a process of their own."""
    env, key = _environment()
    times = []
    for _ in range(count):
        started = time.perf_counter()
        with env.open_connection(key) as connection:
            _expect(connection.run(partial(operator.add, 1, 2)))
        times.append(time.perf_counter() - started)
    return times


def warm(count: int) -> list[float]:
    """Single calls of an agent that stays."""
    stub, times = _bridge(), []
    for _ in range(count + 1):
        started = time.perf_counter()
        _expect(_run(stub))
        times.append(time.perf_counter() - started)
    return times[1:]


def _run(stub: Any) -> Any:
    from isolate.connections.common import serialize_object  # type: ignore[import-not-found]
    from isolate.connections.grpc import definitions  # type: ignore[import-not-found]
    from isolate.connections.grpc.interface import from_grpc  # type: ignore[import-not-found]

    octets = serialize_object("pickle", partial(operator.add, 1, 2))
    function = definitions.SerializedObject(method="pickle", definition=octets, was_it_raised=False)
    for partial_result in stub.Run(definitions.FunctionCall(function=function)):
        if partial_result.is_complete:
            return from_grpc(partial_result.result)
    raise ValueError("no answer came")


@cache
def _bridge() -> Any:
    from isolate.connections import LocalPythonGRPC  # type: ignore[import-not-found]

    inherited = [Path(sys.prefix)]  # the agent needs gRPC, which an environment of the user's has not
    context = LocalPythonGRPC(*_environment(), extra_inheritance_paths=inherited)._establish_bridge()  # noqa: SLF001
    _open.append(context)
    return context.__enter__()


@cache
def _environment() -> tuple[Any, Path]:
    return _made(str(Path.cwd() / "environments"), [])


def _made(path: str, packages: list[str]) -> tuple[Any, Path]:
    Path(path).mkdir(exist_ok=True)
    settings = IsolateSettings(cache_dir=Path(path), log_hook=lambda _log: None)
    env = VirtualPythonEnvironment.from_config({"requirements": packages, "resolver": "uv"}, settings)
    return env, env.create()


def _expect(found: object) -> None:
    if found != 3:
        raise ValueError(f"{found!r} came")
