"""Many processes ask for one environment at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .clock import Action, Table, interleaved, samples_of
from .creation import Field, asking, settled

PACKAGES = ("flask", "numpy")
COUNT = 8


def measure(directory: Path, rounds: int) -> Iterator[Table]:
    """Yield the times, and how often the environment was built.

    Args:
        directory: For the environments.
        rounds: How often each is taken.
    """
    field, builds = Field(directory), []

    def ask(count: int) -> None:
        path = field.place()
        processes = [subprocess.Popen(asking(PACKAGES, path)) for _ in range(count)]
        failed = [process for process in processes if process.wait()]
        if failed:
            raise RuntimeError(f"{len(failed)} of {count} got none")
        if count > 1:
            builds.append(generations(path))

    alone, many = "one process asks (floor)", f"{COUNT} processes ask at once"
    waiting = f"{COUNT} processes that import this library at once"
    actions: dict[str, Action] = {
        alone: lambda: ask(1),
        many: lambda: ask(COUNT),
        waiting: lambda: _start(COUNT),
    }
    yield Table(f"{COUNT} askers: {' and '.join(PACKAGES)}", interleaved(settled(actions), rounds, 1), alone)
    counts = samples_of({"one build": [1.0], many: map(float, builds)})
    yield Table(f"{COUNT} askers: how often it was built", counts, "one build", unit="builds")


def _start(count: int) -> None:
    """What processes take that ask for nothing, and have loaded what they would need."""
    code = f"import sys; sys.path[:0] = {sys.path!r}; import isolated_environment.store.store"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    failed = [process for process in processes if process.wait()]
    if failed:
        raise RuntimeError("one of them failed")


def generations(root: Path) -> int:
    """Return how many builds a root has seen: each has the next number, and none is used again."""
    return max(int(path.name[1:]) for path in root.glob("g[0-9]*"))
