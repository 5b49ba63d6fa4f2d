"""The cache of bytecode, one for each user: what was compiled once is linked into every environment that has it.

Compiling thirty packages takes eight seconds where installing them takes one (measured), and is the same each time.
An entry is named by the hash of the wheel, in a directory for the interpreter's bytecode, and mirrors what belongs into
``site-packages``.  Whether bytecode fits its source is never up to these names: see :mod:`..child.compile_bytecode`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from ..child import compile_bytecode
from ..environ import host_environment, patch_for_installer
from ..layout import DIRECTORY_MODE, WINDOWS
from ..lockfile import Lock, artifact_of
from ..plan import Step
from ..wording import counted
from .runner import narrowed_umask

#: Keys in the cache, and the projects that they are of.
Keyed = dict[str, str]


@dataclass(frozen=True)
class Bytecode:
    """A cache for one interpreter.

    Args:
        directory: Its directory; it exists.
        interpreter: The base interpreter, an absolute path.
    """

    directory: Path
    interpreter: str

    def link(self, site_packages: Path, wanted: Keyed) -> Keyed:
        """Link what the cache has into an environment; its sources may come at the same time.

        Args:
            site_packages: Where the distributions are, or will be, installed.
            wanted: The distributions.

        Returns:
            Those that the cache does not have, or not any more.
        """
        missing = {}
        for key, project in wanted.items():
            entry = self.directory / key
            try:
                os.utime(entry)  # somebody uses it
                _mirror(str(entry), str(site_packages))
            except OSError:  # what is missing is compiled when it is imported
                missing[key] = project
        return missing

    def compiling(self, site_packages: Path, missing: Keyed) -> Step:
        """Return the step that adds *missing* to the cache.

        Raises:
            OSError: the cache cannot be written.
        """
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        argv = self._argv(site_packages, missing, str(count))
        return Step("compile", f"compiling {counted(len(missing), 'distribution')}", argv)

    def compile_later(self, site_packages: Path, missing: Keyed) -> None:
        """Add *missing* to the cache in the background: at the lowest priority, no longer than this process lives.

        Raises:
            OSError: the cache cannot be written, or the interpreter not started.
        """
        flags = {}
        if WINDOWS:  # there it goes on to its end
            flags = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.IDLE_PRIORITY_CLASS}  # type: ignore[attr-defined]
        process = subprocess.Popen(
            self._argv(site_packages, missing, "1", str(os.getpid())),
            cwd=self.directory,
            env=patch_for_installer({}).apply(host_environment()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            umask=narrowed_umask(),
            **flags,
        )
        if WINDOWS:
            process.returncode = 0  # nobody waits for it
        else:
            process.wait()  # its child goes on

    def keep(self, compiled: Path, name: str) -> None:
        """Add the program for calls, which is on the disk already.

        Args:
            compiled: Where an environment has it.
            name: What the cache calls it.

        Raises:
            OSError: the cache cannot be written.
        """
        entry, source = self.directory / name, compiled / name.partition(".")[0]
        if entry.exists() or not source.is_dir():
            return
        made = self.directory / f".{uuid.uuid4().hex}"
        made.mkdir()
        try:
            for file in source.iterdir():
                os.link(file, made / file.name)
            made.rename(entry)
        except OSError:  # on another file system
            shutil.rmtree(made, ignore_errors=True)
            raise

    def _argv(self, site_packages: Path, missing: Keyed, *words: str) -> tuple[str, ...]:
        jobs = self.directory / f".{uuid.uuid4().hex}"
        names = {_project_of(name): name for name in os.listdir(site_packages) if name.endswith(".dist-info")}
        lines = [f"{key} {names[project]}\n" for key, project in missing.items() if project in names]
        jobs.write_text("".join(lines), "utf-8")
        program = str(Path(compile_bytecode.__file__).absolute())
        options = ("-I", "-S", "-B", "-W", "ignore")
        return (self.interpreter, *options, program, str(self.directory), str(site_packages), str(jobs), *words)


def bytecode_directory(directory: Path) -> Path | None:
    """Return where bytecode is cached, and make it if it is not there.

    Args:
        directory: Where the user's caches are.

    Returns:
        ``None`` where it cannot be made, or somebody else could write into it.
    """
    place = directory / "bytecode"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = place.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return None
    if hasattr(os, "geteuid") and (found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return None
    return place


def open_cache(place: Path, interpreter: str, tag: str) -> Bytecode | None:
    """Open the cache for one interpreter.

    Args:
        place: Where bytecode is cached.
        interpreter: The base interpreter, an absolute path.
        tag: What its bytecode is called; another one's never serves.

    Returns:
        ``None`` where it cannot be written.
    """
    try:
        (place / tag).mkdir(exist_ok=True)
    except OSError:
        return None
    return Bytecode(place / tag, interpreter)


def keys_of(lock: Lock) -> tuple[Keyed, Keyed]:
    """Return the projects that come from wheels by the hashes of these, and by name those that are built here.

    Args:
        lock: What is installed.
    """
    wheels: Keyed = {}
    others: Keyed = {}
    for package in lock.packages:
        artifact = artifact_of(package)
        digest = getattr(artifact, "hashes", {}).get("sha256")
        is_wheel = str(getattr(artifact, "url", None) or artifact.path).partition("#")[0].endswith(".whl")
        if digest and is_wheel:
            wheels[digest] = package.name
        else:
            others[package.name] = package.name
    return wheels, others


def _project_of(dist_info: str) -> str:
    return canonicalize_name(dist_info.removesuffix(".dist-info").rpartition("-")[0])


def _mirror(entry: str, target: str) -> None:
    """Link every file below *entry* to its place below *target*."""
    with os.scandir(entry) as found:
        children = list(found)
    for child in children:
        place = os.path.join(target, child.name)
        if child.is_dir(follow_symlinks=False):
            os.makedirs(place, DIRECTORY_MODE, exist_ok=True)
            _mirror(child.path, place)
        else:
            _link(child.path, place)


def _link(source: str, place: str) -> None:
    if os.path.lexists(place):  # a wheel brought bytecode
        os.unlink(place)
    try:
        os.link(source, place)
    except OSError:  # another file system, or one that has no links
        try:
            shutil.copyfile(source, place)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(place)  # half of it would break the import
            raise
