"""The lock (PEP 751): exact versions with the one file each that this interpreter installs, and its hashes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from .errors import InvalidLockError
from .index import split_credentials
from .toml import read_toml

if TYPE_CHECKING:
    from packaging.tags import Tag

Artifact = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist

_CREATED_BY = "isolated_environment"


@dataclass(frozen=True)
class Target:
    """The interpreter that a lock is for."""

    #: Markers (PEP 508) as that interpreter answers them.
    markers: Mapping[str, str]
    #: Its tags (PEP 425), the best first.
    tags: tuple[Tag, ...]


@dataclass(frozen=True)
class Lock:
    """A resolved set of distributions, one artifact each."""

    pylock: Pylock

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """The packages, sorted by name."""
        return tuple(sorted(self.pylock.packages, key=lambda package: package.name))

    @cached_property
    def versions(self) -> dict[str, str | None]:
        """Normalized names with their versions; ``None`` where only building tells (directories, VCS)."""
        return {package.name: str(package.version) if package.version else None for package in self.packages}

    @cached_property
    def text(self) -> str:
        """The ``pylock.toml``."""
        import tomli_w

        return tomli_w.dumps(_plain(self.pylock.to_dict()))

    @cached_property
    def digest(self) -> str:
        """64 hex digits that are equal for equal locks, however they were written and whoever resolved them."""
        facts = {package.name: _facts(package) for package in self.packages}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def with_files(self, files: Mapping[str, PackageWheel]) -> Lock:
        """Return this lock with other files for some projects: those that a stand-in was resolved for."""
        return lock_of(
            Package(name=package.name, version=package.version, wheels=[files[package.name]])
            if package.name in files
            else package
            for package in self.packages
        )

    def with_indexes(self, indexes: Mapping[str, str]) -> Lock:
        """Return this lock with the URL of an index for some projects, and with none for the others."""
        return lock_of(dataclasses.replace(package, index=indexes.get(package.name)) for package in self.packages)

    def bound_to(self, markers: Mapping[str, str]) -> Lock:
        """Return this lock, to be shipped: it says for which Python and platform it was made, and serves no other.

        Args:
            markers: Markers (PEP 508) as the interpreter answers them that it was made for.
        """
        named = ("implementation_name", "sys_platform", "platform_machine")
        return Lock(
            dataclasses.replace(
                self.pylock,
                environments=[Marker(" and ".join(f"{name} == '{markers[name]}'" for name in named))],
                requires_python=SpecifierSet(f"=={markers['python_version']}.*"),
            )
        )

    @cached_property
    def sizes(self) -> dict[str, int | None]:
        """Bytes to download of each project: 0 for what is on this machine, ``None`` where the index did not tell."""
        return {package.name: _size_of(artifact_of(package)) for package in self.packages}


def _size_of(artifact: Artifact) -> int | None:
    return getattr(artifact, "size", None) if getattr(artifact, "url", None) else 0


def artifact_of(package: Package) -> Artifact:
    """Return the one artifact of a package in a :class:`Lock`."""
    wheel = package.wheels[0] if package.wheels else None
    found = package.vcs or package.directory or package.archive or wheel or package.sdist
    if found is None:
        raise ValueError(f"{package.name} has no artifact")
    return found


def parse_lock(text: str, target: Target, *, origin: str, prefer_sdist: Iterable[str] = ()) -> Lock:
    """Read a ``pylock.toml`` and keep what *target* installs.

    Args:
        text: The TOML.
        target: The interpreter.
        origin: Where it came from, for the error; relative paths in it are relative to its directory.
        prefer_sdist: Projects that are built from source; ``":all:"`` for every one.

    Returns:
        The lock, without credentials in any URL.

    Raises:
        InvalidLockError: it is not PEP 751, or has nothing for *target*.
    """
    try:
        pylock = Pylock.from_dict(read_toml(text))
        sources = set(prefer_sdist)
        chosen = pylock.select(
            environment=dict(target.markers),  # type: ignore[arg-type]
            tags=target.tags,
            prefer_sdist_predicate=lambda name: ":all:" in sources or name in sources,
        )
        base = Path(origin).parent
        packages = [_only(package, artifact, base) for package, artifact in chosen]
    except (PylockValidationError, PylockSelectError, ValueError) as error:
        raise InvalidLockError(
            f"the lock {origin} cannot be used here: {error}",
            hint="lock again for this Python and platform, or choose another python=",
            path=origin,
        ) from error
    return lock_of(packages)


def lock_for_everybody(text: str) -> Lock:
    """Read what a resolver found for every platform, and make it ready to be shipped: no credentials in any URL.

    Args:
        text: The TOML.

    Raises:
        InvalidLockError: it names a file of this machine.
    """
    pylock = Pylock.from_dict(read_toml(text))
    packages = []
    for package in pylock.packages:
        artifacts = [*(package.wheels or ()), package.sdist, package.archive, package.vcs, package.directory]
        local = next((each.path for each in artifacts if each is not None and not getattr(each, "url", None)), None)
        if local is not None:
            raise InvalidLockError(
                f"{package.name} comes from {local}, which others do not have",
                hint="put it on an index, or ship a bundle",
                path=local,
            )
        wheels: list[Any] = [_cleaned(wheel, Path()) for wheel in package.wheels or ()]
        fields = {name: getattr(package, name) for name in ("sdist", "archive", "vcs")}
        cleaned: dict[str, Any] = {name: _cleaned(each, Path()) for name, each in fields.items() if each is not None}
        index = None if package.index is None else split_credentials(package.index)[0]
        packages.append(dataclasses.replace(package, wheels=wheels or None, index=index, **cleaned))
    return Lock(dataclasses.replace(pylock, packages=packages, created_by=_CREATED_BY))


def load_lock(text: str) -> Lock | None:
    """Read a lock that this library wrote, for its versions; ``None`` when it is not one."""
    try:
        return Lock(Pylock.from_dict(read_toml(text)))
    except (PylockValidationError, ValueError):
        return None


def restrict_hashes(lock: Lock, allowed: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return one line for each package whose artifact has none of the hashes that the request allows.

    Args:
        lock: What was resolved.
        allowed: Normalized name to accepted ``algorithm:hex`` hashes.
    """
    damage = []
    for package in lock.packages:
        accepted = allowed.get(package.name)
        if accepted is None:
            continue
        hashes = getattr(artifact_of(package), "hashes", {})
        if not any(f"{name}:{value}" in accepted for name, value in hashes.items()):
            damage.append(f"{package.name} {package.version}: its file has none of the hashes asked for")
    return damage


def lock_of(packages: Iterable[Package]) -> Lock:
    """Return the lock of *packages*, each with one artifact."""
    pylock = Pylock(
        lock_version=Version("1.0"),
        created_by=_CREATED_BY,
        packages=sorted(packages, key=lambda package: package.name),
    )
    return Lock(pylock)


def _only(package: Package, artifact: Artifact, base: Path) -> Package:
    artifact = _cleaned(artifact, base)
    version = package.version
    fields: dict[str, Any] = {}
    if package.index and getattr(artifact, "url", None):
        fields["index"] = split_credentials(package.index)[0]  # uv finds the file in its cache by it
    if isinstance(artifact, PackageWheel):
        fields["wheels"] = [artifact]
        version = version or parse_wheel_filename(artifact.filename)[1]
    elif isinstance(artifact, PackageSdist):
        fields["sdist"] = artifact
        version = version or parse_sdist_filename(artifact.filename)[1]
    elif isinstance(artifact, PackageVcs):
        fields["vcs"] = artifact
    elif isinstance(artifact, PackageDirectory):
        fields["directory"] = artifact
    else:
        fields["archive"] = artifact
    return Package(name=package.name, version=version, **fields)


def _cleaned(artifact: Artifact, base: Path) -> Artifact:
    """Take credentials out of the URL and make the path absolute."""
    changes: dict[str, Any] = {}
    url, path = getattr(artifact, "url", None), artifact.path
    if any(not char.isprintable() for char in f"{url}{path}"):
        raise ValueError("a URL or path in it holds control characters")
    if url:
        changes["url"] = split_credentials(url)[0]
    if path and not url:
        changes["path"] = str((base / path).absolute())
    fields = {item.name: getattr(artifact, item.name) for item in dataclasses.fields(artifact)}
    return type(artifact)(**{**fields, **changes})


def _facts(package: Package) -> dict[str, Any]:
    artifact = artifact_of(package)
    hashes = dict(getattr(artifact, "hashes", {}))
    where = None if hashes else getattr(artifact, "url", None) or artifact.path
    return {
        "version": None if isinstance(artifact, (PackageVcs, PackageDirectory)) else str(package.version),
        "hashes": hashes.get("sha256") or hashes,
        "where": where,
        "commit": getattr(artifact, "commit_id", None),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


#: The lock of an empty environment.
EMPTY_LOCK = lock_of(())
