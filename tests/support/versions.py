"""Calls of this Python into environments of others, by the real bridge: ``python -m tests.support.versions PATH...``.

Prints a JSON object: for each environment how many things were tried, and what went wrong with each that did.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from isolated_environment import IsolatedEnvironment, errors, host_function
from tests.support import values


def failing(kind: str) -> None:
    """Raise there."""
    if kind == "noted":
        error = ValueError("bad", 2)
        error.__notes__ = ["look there"]  # type: ignore[attr-defined]
        raise error
    if kind == "os":
        raise FileNotFoundError(2, "no", "x")
    if kind == "chained":
        try:
            int("x")
        except ValueError as error:
            raise LookupError("outer") from error
    if kind == "exit":
        raise SystemExit(3)
    if kind == "group":
        raise ExceptionGroup("several", [ValueError(1), KeyError("k")])  # noqa: F821


def made(kind: str) -> Any:
    """Make a value there."""
    import datetime as dt
    import decimal
    import pathlib

    return {
        "path": pathlib.Path("a/b"),
        "date": dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc),
        "decimal": decimal.Decimal("1.10"),
        "nested": {"a": [(1, 2.5), {3}, frozenset({4}), b"x" * 100_000]},
    }[kind]


def countdown(number: int) -> Any:
    while number:
        yield number
        number -= 1


def speak() -> None:
    import logging

    logging.getLogger("there").warning("heard %d", 1)


def call_back(function: Callable[[int], int], number: int) -> int:
    return function(number) + 1


def raised(worker: Any, kind: str) -> BaseException:
    try:
        worker.call(failing, kind)
    except BaseException as error:  # noqa: BLE001 - that is what is looked at
        return error
    raise AssertionError("it did not raise")


def checks(worker: Any, minor: str) -> dict[str, Callable[[], bool]]:
    """What must hold, whatever the two Pythons."""
    heard: list[str] = []

    def records() -> bool:
        handler = logging.Handler()
        handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("there").addHandler(handler)
        worker.call(speak)
        logging.getLogger("there").removeHandler(handler)
        return heard == ["heard 1"]

    def grouped() -> bool:
        error = raised(worker, "group")
        if min(tuple(map(int, minor.split("."))), sys.version_info[:2]) >= (3, 11):
            return type(error).__name__ == "ExceptionGroup"
        return isinstance(error, (errors.RemoteError, NameError))

    return {
        "noted": lambda: getattr(raised(worker, "noted"), "__notes__", None) == ["look there"],
        "os error": lambda: raised(worker, "os").filename == "x",  # type: ignore[attr-defined]
        "chained": lambda: "invalid literal" in str(raised(worker, "chained").__cause__),
        "exit": lambda: isinstance(raised(worker, "exit"), errors.RemoteError),
        "group": grouped,
        **{
            f"made {kind}": lambda kind=kind: worker.call(made, kind) == made(kind)
            for kind in ("path", "date", "decimal", "nested")
        },
        "stream": lambda: list(worker.call(countdown, 500)) == list(range(500, 0, -1)),
        "callback": lambda: worker.call(call_back, host_function(lambda number: number * 2), 21) == 43,
        "records": records,
        "large": lambda: worker.call("beyond:echo", bytearray(3 << 20)) == bytearray(3 << 20),
        "proxy": lambda: len(worker.new("beyond:Model")) == 0,
        "version": lambda: worker.call("platform:python_version").startswith(minor + "."),
    }


def round_with(path: str) -> dict[str, Any]:
    """Try everything with one environment."""
    env = IsolatedEnvironment(path, owner=None)
    minor = env.call("beyond:echo", path).rpartition("-")[2]
    wrong = {}
    with env.worker(timeout=60, on_output=lambda line: wrong.setdefault("it wrote", line)) as worker:
        there: Any = SimpleNamespace(
            peer=SimpleNamespace(minor=minor), echo=lambda value: worker.call("beyond:echo", value)
        )
        names = [
            name for name in [*values.VALUES, *values.LIKE] if sys.version_info[:2] >= values.SINCE.get(name, (3, 0))
        ]
        for name in names:
            told = values.outcome(there, name)
            if (told == "same") != values.expected(name, minor):
                wrong[name] = told
        pid = worker.pid
        tried = checks(worker, minor)
        for name, holds in tried.items():
            try:
                if not holds():
                    wrong[name] = "it does not hold"
            except Exception as error:  # noqa: BLE001 - told to the test, which fails with it
                wrong[name] = f"{type(error).__name__}: {error}"
        if worker.call("os:getpid") != pid:
            wrong["worker"] = "it is another one"
    return {"number": len(names) + len(tried), "wrong": wrong}


if __name__ == "__main__":
    print(json.dumps({path: round_with(path) for path in sys.argv[1:]}))
