"""Creating environments next to raw uv and to libraries for the same purpose."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import uv

from isolated_environment import IsolatedEnvironment

from .clock import Table, interleaved, noted, samples_of

#: What is installed, by the name of the table.
SETS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "six": ("six",),
    "numpy": ("numpy",),
    "thirty": ("flask", "pandas", "scikit-learn", "requests", "rich", "httpx", "pydantic"),
}
#: What is imported first of it.
FIRST = {"nothing": "pass", "six": "import six", "numpy": "import numpy"}
FIRST["thirty"] = "import flask, pandas, sklearn, requests, rich, httpx, pydantic"
RAW = "raw uv venv + uv pip install (floor)"
#: Libraries that build with pip take half a minute for thirty packages.
SLOW = frozenset({"virtualenv + pip", "isolated-environment 2.0.5", "ours, pip"})
#: Programs of the other libraries: they take the path, then the requirements.
PEERS = {
    "isolated-environment 2.0.5": (
        "isolated-environment==2.0.5",
        "import sys; from isolated_environment import isolated_environment as i; i(sys.argv[1], sys.argv[2:])",
    ),
    "uv-iso-env 1.0.44": (
        "uv-iso-env==1.0.44",
        (
            "import sys, pathlib; from iso_env import IsoEnv, IsoEnvArgs, Requirements; "
            "args = IsoEnvArgs(pathlib.Path(sys.argv[1]), Requirements('\\n'.join(sys.argv[2:]))); "
            "IsoEnv(args).run(['python', '-c', 'pass'])"
        ),
    ),
}


class Field:
    """A directory full of environments, each in a place of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()
        self._uv = str(uv.find_uv_bin())
        self._peers = {name: IsolatedEnvironment(directory / name, [words[0]]) for name, words in PEERS.items()}

    def place(self) -> Path:
        """A path where nothing is."""
        return self._directory / f"env{next(self._numbers)}"

    def raw(self, packages: tuple[str, ...], prefix: Path) -> Path:
        """``uv venv``, then ``uv pip install``; return the interpreter."""
        python = prefix / "bin" / "python"
        subprocess.run([self._uv, "venv", "-q", "--no-project", prefix], check=True)
        if packages:
            subprocess.run([self._uv, "pip", "install", "-q", "--python", python, *packages], check=True)
        return python

    def by_virtualenv(self, packages: tuple[str, ...], prefix: Path) -> None:
        """``virtualenv``, then its pip."""
        subprocess.run([sys.executable, "-m", "virtualenv", "-q", prefix], check=True)
        quiet = ["-q", "--disable-pip-version-check"]
        if packages:
            subprocess.run([prefix / "bin" / "python", "-m", "pip", "install", *quiet, *packages], check=True)

    def by_peer(self, name: str, packages: tuple[str, ...]) -> None:
        """A library, in a process of its own, and away from this checkout: it may have the name of ours."""
        peer = self._peers[name]
        peer.run(
            ["python", "-c", PEERS[name][1], str(self.place()), *packages],
            cwd=self._directory,
            check=True,
            capture_output=True,
        )

    def ours(self, packages: tuple[str, ...], path: Path, toolchain: str = "uv") -> IsolatedEnvironment:
        """This library, in this process."""
        env = IsolatedEnvironment(path, list(packages), toolchain=toolchain, owner=None)
        env.ensure()
        return env


def measure(directory: Path, rounds: int) -> Iterator[Table]:
    """Yield tables of all measures, with warm caches.

    Args:
        directory: For the environments; empty.
        rounds: How often each is made.
    """
    field = Field(directory)
    for name, packages in SETS.items():
        yield _create(field, name, packages, rounds)
        yield _again(field, name, packages, rounds)
        yield _first_result(field, name, packages, rounds)


def _create(field: Field, name: str, packages: tuple[str, ...], rounds: int) -> Table:
    actions: dict[str, Callable[[], object]] = {
        RAW: lambda: field.raw(packages, field.place()),
        "ours, uv": lambda: field.ours(packages, field.place()),
        "ours, pip": lambda: field.ours(packages, field.place(), "pip"),
        "virtualenv + pip": lambda: field.by_virtualenv(packages, field.place()),
        **{peer: partial(field.by_peer, peer, packages) for peer in PEERS},
    }
    if name == "thirty":
        actions = {key: action for key, action in actions.items() if key not in SLOW}
    working = noted(actions)
    return Table(f"create: {name}", interleaved(working, rounds), RAW)


def _again(field: Field, name: str, packages: tuple[str, ...], rounds: int) -> Table:
    """The interpreter is dead; what is installed is known."""
    path, again = field.place(), "ours, from the known lock"
    env = field.ours(packages, path)
    actions: dict[str, Callable[[], object]] = {
        RAW: lambda: field.raw(packages, field.place()),
        again: lambda: field.ours(packages, path),
    }
    times: dict[str, list[float]] = {key: [] for key in actions}
    for _ in range(rounds):
        env.python.unlink()
        for key, sample in interleaved(actions, 1).items():
            times[key] += sample.times
        env = field.ours(packages, path)
    return Table(f"create again: {name}", samples_of(times), RAW)


def _first_result(field: Field, name: str, packages: tuple[str, ...], rounds: int) -> Table:
    def raw() -> None:
        subprocess.run([field.raw(packages, field.place()), "-c", FIRST[name]], check=True)

    def ours() -> None:
        field.ours(packages, field.place()).run(["python", "-c", FIRST[name]], check=True)

    return Table(f"create and first import: {name}", interleaved({RAW: raw, "ours, uv": ours}, rounds), RAW)
