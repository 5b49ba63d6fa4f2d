"""uv-iso-env: environments by uv; it has no calls, so a program prints.  There is no way to create without to run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from iso_env import IsoEnv, IsoEnvArgs, Requirements  # type: ignore[import-not-found]


def create(path: str, packages: list[str], first: str = "pass") -> None:
    """Make an environment and run a program in it."""
    _env(path, packages).run(["python", "-c", first])


def call(count: int) -> list[float]:
    """Programs that add, in a process of their own."""
    env, times = _env("environment", []), []
    for _ in range(count + 1):
        started = time.perf_counter()
        found = env.run(["python", "-c", "print(1 + 2)"], capture_output=True, text=True).stdout
        times.append(time.perf_counter() - started)
        if found != "3\n":
            raise ValueError(f"{found!r} came")
    return times[1:]


def _env(path: str, packages: list[str]) -> Any:
    return IsoEnv(IsoEnvArgs(Path(path).absolute(), Requirements("\n".join(packages))))
