"""isolated-environment 2.0.5: what this library was before; it has no calls, so a program prints."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

_module: Any = importlib.import_module("isolated_environment")


def create(path: str, packages: list[str]) -> None:
    """Make an environment."""
    _module.IsolatedEnvironment(Path(path), "\n".join(packages) or None)


def call(count: int) -> list[float]:
    """Programs that add, in a process of their own."""
    path = Path.cwd() / "environment"
    env = _module.IsolatedEnvironment(path, None)
    times = []
    for _ in range(count):
        started = time.perf_counter()
        found = env.run([path / "bin" / "python", "-c", "print(1 + 2)"], capture_output=True, check=True).stdout
        times.append(time.perf_counter() - started)
        if found != "3\n":
            raise ValueError(f"{found!r} came")
    return times
