"""Creating environments next to raw uv and to libraries for the same purpose."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest import mock

import uv

from isolated_environment import IsolatedEnvironment

from .clock import Action, Plot, Table, Times, interleaved, taken
from .peer import Peers, base_python

#: What is installed, by the name of the table.
SETS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "six": ("six",),
    "eight": ("flask", "six"),
    "numpy": ("numpy",),
    "thirty": ("flask", "pandas", "scikit-learn", "requests", "rich", "httpx", "pydantic"),
}
#: What is imported first of it.
FIRST = {"nothing": "pass", "six": "import six", "eight": "import flask, six", "numpy": "import numpy"}
FIRST["thirty"] = "import flask, pandas, sklearn, requests, rich, httpx, pydantic"
#: The sets of few more packages than the one before; numpy is one as six is, but large.
PLOTTED = ("nothing", "six", "eight", "thirty")
RAW, OURS = "raw uv venv + uv pip install (floor)", "ours, uv"
PEERS = (
    "uv-iso-env 1.0.44",
    "appose 0.12.0",
    "isolate 0.26.12",
    "pyisolate 0.10.2",
    "uvtrick 0.4.2",
    "isolated-environment 2.0.5",
    "virtualenv + pip",
)
#: They build with pip, which takes half a minute for thirty packages: only small sets are worth the time.
SLOW = frozenset({"virtualenv + pip", "isolated-environment 2.0.5", "ours, pip"})


class Field:
    """A directory full of environments, each in a place of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._numbers = itertools.count()
        self._uv = str(uv.find_uv_bin())

    def place(self) -> Path:
        """A path where nothing is."""
        return self.directory / f"env{next(self._numbers)}"

    def raw(self, packages: tuple[str, ...], prefix: Path) -> Path:
        """``uv venv`` of the interpreter that ours takes, too, then ``uv pip install``; return the new interpreter."""
        python = prefix / "bin" / "python"
        subprocess.run([self._uv, "venv", "-q", "--no-project", "--python", base_python(), prefix], check=True)
        if packages:
            subprocess.run([self._uv, "pip", "install", "-q", "--python", python, *packages], check=True)
        return python

    def ours(self, packages: tuple[str, ...], path: Path, toolchain: str = "uv") -> IsolatedEnvironment:
        """This library, in this process."""
        env = IsolatedEnvironment(path, list(packages), toolchain=toolchain, owner=None)
        env.ensure()
        return env


def settled(actions: dict[str, Action]) -> dict[str, Action]:
    """Let everything be on the disk before each begins: ours waits for that, and would wait for the others' files."""

    def after_sync(action: Action) -> Action:
        def run() -> Times:
            os.sync()
            return taken(action)

        return run

    return {name: after_sync(action) for name, action in actions.items()}


def fill_cache(create: Callable[[], object]) -> None:
    """Create something once and wait for the bytecode, which is else compiled when nobody waits for it."""
    with mock.patch.dict(os.environ, {"ISOLATED_ENVIRONMENT_BYTECODE": "now"}):
        create()


def asking(packages: tuple[str, ...], path: Path) -> list[str]:
    """Return the arguments of a process that asks this library for an environment."""
    ask = f"IsolatedEnvironment({str(path)!r}, {list(packages)!r}, toolchain='uv', owner=None).ensure()"
    code = f"import sys; sys.path[:0] = {sys.path!r}; from isolated_environment import IsolatedEnvironment; {ask}"
    return [sys.executable, "-c", code]


def measure(directory: Path, peers: Peers, rounds: int) -> Iterator[Table | Plot]:
    """Yield tables of all measures, with warm caches.

    Args:
        directory: For the environments; empty.
        peers: The other libraries.
        rounds: How often each is made.
    """
    field = Field(directory)
    lines: dict[str, list[tuple[float, float]]] = {RAW: [], OURS: []}
    for name, packages in SETS.items():
        fill_cache(partial(field.ours, packages, field.place()))
        table = _create(field, peers, name, rounds)
        yield table
        yield _again(field, name, rounds)
        yield _first_result(field, peers, name, rounds)
        if name not in PLOTTED:
            continue
        count = len(list(field.raw(packages, field.place()).parents[1].glob("lib/*/site-packages/*.dist-info")))
        for key, points in lines.items():
            if not table.samples[key].error:
                points.append((count, table.samples[key].median))
    yield Plot("creating", "Creating an environment, warm caches", "packages", "seconds", lines)


def _create(field: Field, peers: Peers, name: str, rounds: int) -> Table:
    packages = SETS[name]
    actions: dict[str, Action] = {
        RAW: lambda: field.raw(packages, field.place()),
        OURS: lambda: field.ours(packages, field.place()),
        "ours, uv, in a process of its own": lambda: subprocess.run(asking(packages, field.place()), check=True),
        "ours, pip": lambda: field.ours(packages, field.place(), "pip"),
        **{peer: partial(_by_peer, field, peers, peer, packages) for peer in PEERS},
    }
    if len(packages) > 1:
        actions = {key: action for key, action in actions.items() if key not in SLOW}
    return Table(f"create: {name}", interleaved(settled(actions), rounds, 1), RAW)


def _again(field: Field, name: str, rounds: int) -> Table:
    """The interpreter is dead; what is installed is known."""
    packages, path = SETS[name], field.place()

    def again() -> Times:
        field.ours(packages, path).python.unlink()
        return taken(lambda: field.ours(packages, path))

    actions: dict[str, Action] = {
        RAW: lambda: field.raw(packages, field.place()),
        "ours, from the known lock": again,
    }
    return Table(f"create again: {name}", interleaved(settled(actions), rounds), RAW)


def _first_result(field: Field, peers: Peers, name: str, rounds: int) -> Table:
    packages, first, peer = SETS[name], FIRST[name], "uv-iso-env 1.0.44"

    def raw() -> None:
        subprocess.run([field.raw(packages, field.place()), "-c", first], check=True)

    def ours() -> None:
        field.ours(packages, field.place()).run(["python", "-c", first], check=True)

    by_peer = partial(_by_peer, field, peers, peer, packages, first)
    actions: dict[str, Action] = {RAW: raw, OURS: ours, peer: by_peer}
    return Table(f"create and first import: {name}", interleaved(settled(actions), rounds), RAW)


def _by_peer(field: Field, peers: Peers, peer: str, *arguments: object) -> Times:
    return peers.once(peer, "create", str(field.place()), *arguments)
