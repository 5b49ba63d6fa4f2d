"""Creating with empty caches, and what a further environment takes of the disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from .clock import Action, Table, Times, interleaved, taken
from .creation import FIRST, OURS, RAW, SETS, Field, asking, fill_cache, settled

#: What is made with empty caches, and how often at most: thirty packages are 300 MB each time.
ROUNDS = {"numpy": 5, "thirty": 3}


def measure_cold(directory: Path, rounds: int) -> Iterator[Table]:
    """Yield tables of creating with empty caches: mostly of the network.

    Args:
        directory: For the environments.
        rounds: How often each is made, at most.
    """
    field = Field(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, most in ROUNDS.items():
        actions: dict[str, Action] = {
            RAW: partial(_cold, field, partial(field.raw, SETS[name])),
            # in a process: what it compiles in the background ends with it, and disturbs nobody
            f"{OURS}, in a process of its own": partial(_cold, field, partial(_ask, SETS[name])),
        }
        yield Table(f"create with empty caches: {name}", interleaved(settled(actions), min(rounds, most)), RAW)


def measure_disk(directory: Path, rounds: int) -> Iterator[Table]:
    """Yield tables of what a further environment of the same packages takes, caches and all.

    Args:
        directory: For the environments and their caches.
        rounds: How many further environments are made, at most.
    """
    for name, most in ROUNDS.items():
        trees = {key: _Tree(directory / name / key.split()[0], name, key) for key in (RAW, OURS)}
        actions: dict[str, Action] = {key: tree.create for key, tree in trees.items()}
        actions |= {f"{key}, with what its first import wrote": tree.use for key, tree in trees.items()}
        samples = interleaved(actions, min(rounds, most), 1)
        yield Table(f"disk space of a further environment: {name}", samples, RAW, unit="MB")


def _cold(field: Field, create: Callable[[Path], object]) -> Times:
    # what is compiled in the background may still write its last file
    with TemporaryDirectory(dir=field.directory, ignore_cleanup_errors=True) as directory, _caches(Path(directory)):
        return taken(lambda: create(field.place()))


def _ask(packages: tuple[str, ...], path: Path) -> None:
    subprocess.run(asking(packages, path), check=True)


def _caches(directory: Path) -> AbstractContextManager[object]:
    """Let uv and this library keep what they keep in a directory."""
    names = {"UV_CACHE_DIR": "uv", "ISOLATED_ENVIRONMENT_CACHE_DIR": "ours"}
    return mock.patch.dict(os.environ, {name: str(directory / part) for name, part in names.items()})


class _Tree:
    """Environments of the same packages, and the caches that they share: by how many MB it grew with the last one."""

    def __init__(self, directory: Path, name: str, key: str) -> None:
        self._directory, self._name, self._key = directory, name, key
        self._field = Field(directory / "environments")
        self._python, self._before = Path(), 0
        directory.mkdir(parents=True)

    def create(self) -> Times:
        """Make one more."""
        self._before, place, packages = allocated(self._directory), self._field.place(), SETS[self._name]
        with _caches(self._directory / "caches"):
            create = self._field.raw if self._key == RAW else self._ours
            self._python = create(packages, place)
        return self._grown()

    def use(self) -> Times:
        """Import in the last one."""
        subprocess.run([self._python, "-c", FIRST[self._name]], check=True)
        return self._grown()

    def _ours(self, packages: tuple[str, ...], place: Path) -> Path:
        fill_cache(partial(self._field.ours, packages, place))
        return self._field.ours(packages, place).python

    def _grown(self) -> Times:
        return Times([(allocated(self._directory) - self._before) / 1e6])


def allocated(tree: Path) -> int:
    """Return the octets that a tree takes of the disk: a file of many names once, directories too."""
    found = {(status.st_dev, status.st_ino): status for status in (path.lstat() for path in [tree, *tree.rglob("*")])}
    return sum(status.st_blocks * 512 for status in found.values())
