"""Finding the distribution that owns a path: by byte search in the RECORDs, those of equal name first.

Never ``packages_distributions()``: 800 ms where this takes under one (measured with 300 distributions).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import OwnerNotFoundError, RecordError
from .record import prepend_rows

#: Installers whose uninstall goes by RECORD.  Anything else (conda, a system package manager) would leave our files.
KNOWN_INSTALLERS = ("pip", "uv", "poetry", "pdm", "rye", "hatch", "pixi")

_SITE_NAMES = {"site-packages", "dist-packages"}


@dataclass(frozen=True)
class Owner:
    """An installed distribution.

    Args:
        dist_info: Its ``.dist-info`` directory, absolute.
    """

    dist_info: Path

    @property
    def name(self) -> str:
        """The name in the directory's name, in lower case: uninstallers fold case on Windows."""
        return self.dist_info.name.removesuffix(".dist-info").rsplit("-", 1)[0].lower()

    @property
    def site_packages(self) -> Path:
        """Where it is installed."""
        return self.dist_info.parent

    @property
    def record(self) -> Path:
        """Its RECORD."""
        return self.dist_info / "RECORD"

    @property
    def container_name(self) -> str:
        """The name of its container: a leading dot sorts before the ``.dist-info`` and hides it from imports."""
        return f".{self.name}.isolated"

    @property
    def container(self) -> Path:
        """The directory that holds its environments, beside the ``.dist-info``."""
        return self.site_packages / self.container_name

    @property
    def rows(self) -> tuple[str, str]:
        """The names to put in RECORD: the container, and what pip renames it to while it uninstalls."""
        return self.container_name, f"~{self.container_name[1:]}"

    def unusable(self) -> str | None:
        """Say why its uninstall would not remove what its RECORD lists, or ``None``."""
        for name in ("RECORD", "METADATA"):
            if not (self.dist_info / name).is_file():
                return f"{self.dist_info.name} has no {name}"
        if self.record.is_symlink():
            return f"the RECORD of {self.dist_info.name} is a link"
        try:
            installer = (self.dist_info / "INSTALLER").read_text("utf-8", "replace").strip().lower()
        except OSError:
            return f"{self.dist_info.name} was not installed by a Python installer"
        if not installer.startswith(KNOWN_INSTALLERS):
            return f"{self.dist_info.name} was installed by {installer or 'an unknown installer'}"
        try:
            prepend_rows(self.record.read_bytes(), self.rows)
        except (OSError, RecordError) as error:
            return str(error).splitlines()[0]
        return None

    def is_writable(self) -> bool:
        """Return whether this user may register with it."""
        places = (self.site_packages, self.dist_info, self.record)
        return all(os.access(place, os.W_OK) for place in places)


def find_by_path(path: Path) -> Owner | None:
    """Find the owner of *path*: the one distribution with files in its deepest parent directory.

    Args:
        path: Absolute, links in it not resolved; need not exist.

    Returns:
        The owner; ``None`` when the path is in no site-packages, or nobody or more than one has files there.
    """
    site = next((parent for parent in path.parents if _has_distributions(parent)), None)
    if site is None:
        return None
    parents = path.relative_to(site).parts[:-1]
    owners = sorted(_distributions(site), key=lambda owner: not _is_named(owner, parents))
    read = cache(_bytes_of)
    for depth in range(len(parents), 0, -1):
        pattern = re.compile(rb'(?:^|\n)"?' + re.escape("/".join(parents[:depth]).encode() + b"/"))
        holders = _holders(owners, read, pattern, parents)
        if holders:
            return holders[0] if len(holders) == 1 else None
    return None


def find_by_name(name: str, places: Iterable[str] | None = None) -> Owner:
    """Find an installed distribution by its name.

    Args:
        name: Compared normalized (PEP 503).
        places: Directories to look in; ``sys.path`` by default.

    Raises:
        OwnerNotFoundError: it is not installed there.
    """
    for place in sys.path if places is None else places:
        for owner in _distributions(Path(place or ".").absolute()):
            if is_same_name(owner.name, name):
                return owner
    raise OwnerNotFoundError(
        f"no distribution {name!r} is installed here",
        hint="owner= takes the name that `pip list` shows, or None for no owner",
        owner=name,
    )


def list_owners(places: Iterable[str] | None = None) -> list[Owner]:
    """Return every distribution installed in *places* (``sys.path`` by default), each once."""
    found = {
        owner.dist_info: owner
        for place in (sys.path if places is None else places)
        for owner in _distributions(Path(place or ".").absolute())
    }
    return list(found.values())


def is_same_name(one: str, other: str) -> bool:
    """Return whether two names mean the same distribution (PEP 503)."""
    return _normalized(one) == _normalized(other)


def is_container_name(name: str) -> bool:
    """Return whether a container of some owner has that name."""
    return name.startswith(".") and name.endswith(".isolated")


def owners_of(container: Path) -> list[Owner]:
    """Return the distributions whose container that is: one, or for a moment the old and the new version."""
    return [owner for owner in _distributions(container.parent) if owner.container == container]


def is_in_site_packages(path: Path) -> bool:
    """Return whether *path* lies where installers install, also when the last distribution has left."""
    return any(parent.name in _SITE_NAMES for parent in path.parents)


def _holders(
    owners: list[Owner], read: Callable[[Path], bytes], pattern: re.Pattern[bytes], parents: tuple[str, ...]
) -> list[Owner]:
    """The owners whose RECORD matches; one of equal name settles it without reading on."""
    holders = []
    for owner in owners:
        if pattern.search(read(owner.record)):
            if _is_named(owner, parents):
                return [owner]
            holders.append(owner)
    return holders


def _is_named(owner: Owner, parents: tuple[str, ...]) -> bool:
    return bool(parents) and is_same_name(owner.name, parents[0])


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _bytes_of(record: Path) -> bytes:
    try:
        return record.read_bytes()
    except OSError:
        return b""


def _has_distributions(directory: Path) -> bool:
    return next(_distributions(directory), None) is not None


def _distributions(directory: Path) -> Iterator[Owner]:
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".dist-info"))
    except OSError:
        return
    for name in names:
        if "-" in name and not name.startswith("~"):
            yield Owner(directory / name)
