"""What it costs to use an environment that is there already."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from isolated_environment import IsolatedEnvironment

from .clock import Action, Plot, Table, each, interleaved, repeated

KEPT = (1, 10, 100)
_CALLS = 2000


def measure(directory: Path, rounds: int) -> Iterator[Table | Plot]:
    """Yield tables of all measures.

    Args:
        directory: For the environments; empty.
        rounds: How often each is taken.
    """
    path, package = directory / "six", "six"
    env = IsolatedEnvironment(path, [package])
    env.ensure()
    yield _handles(env, partial(_ensure, path, package))
    yield _starts(path, package, rounds)
    yield from _kept(directory, rounds)


def _ensure(path: Path, *packages: str) -> None:
    IsolatedEnvironment(path, list(packages)).ensure()


def _handles(env: IsolatedEnvironment, new: Action) -> Table:
    receipt = env.root / "isolated-environment.json"
    samples = [
        repeated("read the receipt's bytes (floor)", receipt.read_bytes, _CALLS),
        repeated("ensure() on a live handle", env.ensure, _CALLS),
        repeated("environment() on a live handle", env.environment, _CALLS),
        repeated("ensure() on a new handle", new, _CALLS),
    ]
    return Table("an environment that is there", {sample.name: sample for sample in samples}, samples[0].name)


def _starts(path: Path, package: str, rounds: int) -> Table:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def start(code: str) -> None:
        argv = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
        subprocess.run(argv, env=environ, check=True)

    paths, ours = "from pathlib import Path; ", "from isolated_environment import IsolatedEnvironment; "
    handle = f"IsolatedEnvironment(Path({str(path)!r}), [{package!r}])"
    floor = "python -S -c pass (floor)"
    actions: dict[str, Action] = {
        floor: lambda: start("pass"),
        "import isolated_environment": lambda: start("import isolated_environment"),
        "from pathlib import Path": lambda: start(paths),
        "the same, import IsolatedEnvironment": lambda: start(paths + ours),
        "the same, and the first ensure()": lambda: start(f"{paths}{ours}{handle}.ensure()"),
        "the same, and the first environment()": lambda: start(f"{paths}{ours}{handle}.environment()"),
    }
    return Table("a process that starts", interleaved(actions, max(rounds, 5) * 4, 1), floor)


def _kept(directory: Path, rounds: int) -> Iterator[Table | Plot]:
    """Neighbours in the same directory; the one that is asked for is the last."""
    names: dict[str, int] = {}
    actions: dict[str, Action] = {}
    for count in KEPT:
        paths = [directory / f"kept{count}" / str(number) for number in range(count)]
        for path in paths:
            _ensure(path)
        name = f"ensure() on a new handle, {count} kept" + (" (floor)" if count == KEPT[0] else "")
        names[name] = count
        actions[name] = partial(each, partial(_ensure, paths[-1]), _CALLS // 10)
    table = Table("environments beside it", interleaved(actions, rounds, 1), next(iter(names)))
    yield table
    points = [(float(count), table.samples[name].median * 1e6) for name, count in names.items()]
    title = "An environment that is there: ensure() on a new handle"
    yield Plot("keeping", title, "environments kept", "microseconds", {"ours": points}, ("log", "linear"))
