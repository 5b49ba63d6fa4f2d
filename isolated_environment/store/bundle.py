"""A bundle: every wheel of a lock in one directory, and the lock that names them; it installs without a network."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.pylock import Package, PackageWheel
from packaging.utils import canonicalize_name, parse_wheel_filename

from ..errors import VerificationError
from ..host import Interpreter
from ..layout import WORK
from ..lockfile import Lock, lock_of, parse_lock
from ..plan import BuildOrder
from ..reporter import Reporter
from ..settings import Settings
from ..spec import Content, secrets_of
from ..toolchains import pip
from .publication import write_atomically
from .runner import Runner

_LOCK = "pylock.toml"
_PARTIAL = ".partial-"


def make_bundle(
    directory: Path, lock: Lock, content: Content, interpreter: Interpreter, settings: Settings, reporter: Reporter
) -> Path:
    """Put the wheels of *lock* into *directory*, and a ``pylock.toml`` that names them by their file names.

    pip collects them, whichever toolchain installed them: uv does not write wheels.  What is locked as anything else is
    built into one.  The lock is written last, so that what a bundle's lock names is there, and what an earlier bundle
    had besides goes after that.

    Args:
        directory: Where to; made if need be.  One process at a time.
        lock: What was resolved.
        content: What it was resolved for; its credentials count.
        interpreter: What it was resolved for.
        settings: What the user of the machine set.
        reporter: Where events go.

    Returns:
        The path of the ``pylock.toml``.

    Raises:
        BuildError: a file cannot be had, is not what the lock says, or cannot be built.  An earlier bundle is
            untouched.
        ToolchainNotFoundError: virtualenv, which carries pip, is not there.
        OSError: the directory cannot be written.
    """
    found = pip.find()
    log = directory / "bundle.log"
    with _partial(directory) as partial:
        order = BuildOrder(content, interpreter, partial / "none", partial / WORK, settings)
        order.work.mkdir(mode=0o700)
        collected = partial / "wheels"
        collected.mkdir()
        runner = Runner(order.work, log, reporter, secrets_of(content, settings))
        runner.run(found.collect(order, lock, collected))
        bundled = lock_of(map(_packaged, sorted(collected.iterdir()))).bound_to(interpreter.markers)
        _assert_complete(lock, bundled, log)
        parse_lock(bundled.text, interpreter.target(), origin=str(directory / _LOCK))
        names = {wheel.name for wheel in collected.iterdir()}
        for name in names:
            os.replace(collected / name, directory / name)
        write_atomically(directory / _LOCK, bundled.text.encode())
    for wheel in directory.glob("*.whl"):
        if wheel.name not in names:
            wheel.unlink()
    log.unlink()
    return directory / _LOCK


@contextlib.contextmanager
def _partial(directory: Path) -> Iterator[Path]:
    """Where the wheels are collected: on the same file system, so that they are moved into place at once."""
    directory.mkdir(parents=True, exist_ok=True)
    for left in directory.glob(f"{_PARTIAL}*"):  # by one that was killed
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=directory) as partial:
        yield Path(partial)


def _packaged(wheel: Path) -> Package:
    name, version, _, _ = parse_wheel_filename(wheel.name)
    found = hashlib.sha256()
    with wheel.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    size = wheel.stat().st_size
    entry = PackageWheel(name=wheel.name, path=wheel.name, size=size, hashes={"sha256": found.hexdigest()})
    return Package(name=canonicalize_name(name), version=version, wheels=[entry])


def _assert_complete(lock: Lock, bundled: Lock, log: Path) -> None:
    missing = [
        f"{name} {version or ''}".strip()
        for name, version in lock.versions.items()
        if name not in bundled.versions or version not in {None, bundled.versions[name]}
    ]
    if missing:
        raise VerificationError(
            f"collect: pip left no wheel of {', '.join(missing)}",
            hint="the log says what it did instead",
            step="collect",
            damage=tuple(missing),
            log_path=str(log),
        )
