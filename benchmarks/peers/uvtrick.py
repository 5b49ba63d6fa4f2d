"""uvtrick: ``uv run --with`` for each call; uv keeps the environment, in its cache."""

from __future__ import annotations

import time

from uvtrick import Env  # type: ignore[import-not-found]


def create(path: str, packages: list[str]) -> None:  # noqa: ARG001 - uv has the say where
    """Make an environment, or find it in uv's cache."""
    Env(*packages).run(add, 1, 2)


def call(count: int) -> list[float]:
    """Calls in a process of their own."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        found = Env().run(add, 1, 2)
        times.append(time.perf_counter() - started)
        if found != 3:
            raise ValueError(f"{found!r} came")
    return times


def add(first: int, second: int) -> int:
    """Add; its source travels."""
    return first + second
