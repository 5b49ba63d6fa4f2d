"""Where the bytes of an environment lie: beside its owner, at the author's path, or in the user's data directory."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import RecordError
from .container import LOCK_NAME, OWNER_TAG, read_tag
from .owners import (
    Owner,
    find_by_name,
    find_by_path,
    is_container_name,
    is_in_site_packages,
    is_same_name,
    owners_of,
)
from .record import prepend_rows

Kind = Literal["owner", "path", "user"]


@dataclass(frozen=True)
class Placement:
    """Where one environment lies and why."""

    kind: Kind
    #: What the author named, absolute.
    path: Path
    #: Where the bytes are, absolute.
    root: Path
    #: Why it is there, in words.
    reason: str
    #: The directory that holds the roots of one application, for ``owner`` and ``user``.
    container: Path | None = None
    owner: Owner | None = None
    #: Whether the author's path becomes a link to the root.
    linked: bool = False
    #: Why this user cannot build there; ``None``: they can.
    obstacle: str | None = None

    @property
    def application(self) -> Path:
        """What goes when the application goes: its directory, or the file that it is packed in."""
        if _bundle_of(self.path) is not None:
            return Path(sys.executable)
        packed = next((parent for parent in self.path.parents if parent.is_file()), None)
        return packed or self.path.parent

    @property
    def described(self) -> str:
        """What is there, in words for people: the environment, and whose it is."""
        owner = "" if self.owner is None else f" of {self.owner.name}"
        return f"{self.path.name}{owner}"

    @property
    def link_row(self) -> str | None:
        """The link's row for RECORD, or ``None`` where no link is made."""
        if not self.linked or self.owner is None:
            return None
        return self.path.relative_to(self.owner.site_packages).as_posix()


def find_placements(path: Path, owner: str | None, *, if_read_only: str, data_dir: str | None) -> tuple[Placement, ...]:
    """Decide where the environment for *path* lies.  Nothing is written.

    Args:
        path: What the author named, absolute, links not resolved.
        owner: ``"auto"``: found by path; a distribution's name; ``None``: nobody.
        if_read_only: ``"user"``: the user's data directory takes what can be written nowhere else; ``"raise"``.
        data_dir: That directory, or ``None`` for the platform's.

    Returns:
        The places to look at in turn; the last is where to build.

    Raises:
        OwnerNotFoundError: *owner* is not installed.
    """
    first = _preferred(path, owner)
    if first.obstacle is None or if_read_only == "raise":
        return (first,)
    return first, _for_user(path, data_dir, first.obstacle)


def _preferred(path: Path, owner: str | None) -> Placement:
    """The place that the design prefers, with what stands in the way of building there."""
    plain = Placement("path", path, path, "no distribution owns the path")
    if _bundle_of(path) is not None:
        return replace(plain, obstacle="the application is frozen into one file")
    inside = _in_container(path) if owner == "auto" else None
    if inside is not None:
        return replace(inside, obstacle=_why_not_writable(path))
    found = find_by_path(path) if owner == "auto" else None if owner is None else find_by_name(owner)
    if found is None and owner == "auto" and is_in_site_packages(path):
        # also the moment in which an uninstaller has taken RECORD and not yet the package
        return replace(plain, obstacle="no distribution owns the path, unless owner= names one")
    if found is None:
        return replace(plain, obstacle=_why_not_writable(path))
    unusable = found.unusable()
    if unusable is not None:
        return replace(plain, reason=unusable, obstacle=unusable)
    obstacle = None if found.is_writable() else f"{found.site_packages} cannot be written by this user"
    return replace(_beside(path, found), obstacle=obstacle)


def _in_container(path: Path) -> Placement | None:
    """The path of a root itself, as the command line knows it."""
    container = path.parent
    tag = read_tag(container)
    if tag is None:
        return None
    if is_container_name(container.name):
        owners = owners_of(container)
        if owners:
            reason = f"it lies in the container of {owners[0].name}"
            return Placement("owner", path, path, reason, container, owners[0])
    elif tag.get("owner") is None:
        return Placement("user", path, path, "it lies in the user's data directory", container)
    return None


def _beside(path: Path, owner: Owner) -> Placement:
    """In the owner's container; the author's path becomes a link where the owner's uninstall can remove it."""
    inside = owner.site_packages in path.parents
    place = Placement(
        "owner",
        path,
        owner.container / _root_name(path, owner),
        f"{owner.name} owns the path" if inside else f"{owner.name} is named as the owner",
        owner.container,
        owner,
        linked=inside,
    )
    return place if _is_safe_link(place) else replace(place, linked=False)


def _root_name(path: Path, owner: Owner) -> str:
    """Short, because Windows counts characters; with a digest where another path of the owner may end alike."""
    inside = owner.site_packages in path.parents
    parts = path.relative_to(owner.site_packages).parts if inside else path.parts
    is_plain = len(parts) == 1 or (len(parts) == 2 and is_same_name(parts[0], owner.name))  # noqa: PLR2004
    if inside and path.name not in {OWNER_TAG, LOCK_NAME} and is_plain:
        return path.name
    return f"{path.name}-{hashlib.sha256(os.fsencode('/'.join(parts))).hexdigest()[:8]}"


def _is_safe_link(place: Placement) -> bool:
    """A row must not pass through a link: uv would delete what lies behind it."""
    row, owner = place.link_row, place.owner
    if row is None or owner is None:
        return True
    steps = [parent for parent in place.path.parents if owner.site_packages in parent.parents]
    if any(step.is_symlink() for step in steps):
        return False
    try:
        prepend_rows(b"x,,\n", owner.rows, link=row)
    except RecordError:
        return False
    return True


def user_data_directory(data_dir: str | None) -> Path:
    """Return the directory for environments that can lie nowhere else.

    Args:
        data_dir: The user's setting, or ``None`` for the platform's data directory.
    """
    if data_dir:
        return Path(data_dir).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("isolated_environment", appauthor=False))


def _for_user(path: Path, data_dir: str | None, reason: str) -> Placement:
    """Below the user's data directory, keyed by the application's directory."""
    bundle = _bundle_of(path)
    named = path.parent if bundle is None else Path(sys.executable) / path.parent.relative_to(bundle)
    key = hashlib.sha256(os.fsencode(named)).hexdigest()[:16]
    label = re.sub(r"[^A-Za-z0-9_-]+", "-", named.name)[:40] or "root"
    container = user_data_directory(data_dir) / f"{label}-{key}"
    return Placement("user", path, container / path.name, reason, container)


def _bundle_of(path: Path) -> Path | None:
    """The directory that a frozen application unpacks itself into; each time another, deleted when it ends."""
    bundle = getattr(sys, "_MEIPASS", None) if getattr(sys, "frozen", False) else None
    return Path(bundle) if bundle and Path(bundle) in path.parents else None


def _why_not_writable(path: Path) -> str | None:
    for place in (path, *path.parents):
        if os.path.isdir(place):  # unlike is_dir(), quiet about a name that is too long or behind a closed door
            return None if os.access(place, os.W_OK | os.X_OK) else f"{place} cannot be written by this user"
        if os.path.exists(place) and place != path:
            return f"{place} is a file"  # a zipapp
    return f"{path} is on no file system"
