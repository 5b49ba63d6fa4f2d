"""Where the bytes of an environment lie: beside its owner, at the author's path, or in the user's data directory."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import ReadOnlyLocationError, RecordError
from .owners import Owner, find_by_name, find_by_path
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
    #: Whether this user may build there.
    writable: bool = True

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
        The places to look at in turn; the last is where to build, and is writable.

    Raises:
        OwnerNotFoundError: *owner* is not installed.
        ReadOnlyLocationError: no place can be written, and *if_read_only* is ``"raise"``.
    """
    first, obstacle = _preferred(path, owner)
    if first is not None and obstacle is None:
        return (first,)
    if if_read_only == "raise":
        raise ReadOnlyLocationError(
            f"{path} cannot hold an environment: {obstacle}",
            hint="run once as a user who may write there, or allow if_read_only='user'",
            path=str(path),
        )
    fallback = _for_user(path, data_dir, obstacle or "")
    return (fallback,) if first is None else (first, fallback)


def _preferred(path: Path, owner: str | None) -> tuple[Placement | None, str | None]:
    """The place that the design prefers, and what stands in the way of building there."""
    if _is_frozen(path):
        return None, "the application is frozen into one file"
    found = find_by_path(path) if owner == "auto" else None if owner is None else find_by_name(owner)
    if found is None:
        plain = Placement("path", path, path, "no distribution owns the path")
        obstacle = _why_not_writable(path.parent)
        return _writable(plain, obstacle), obstacle
    unusable = found.unusable()
    if unusable is not None:
        return None, unusable
    place = _beside(path, found)
    obstacle = None if found.is_writable() else f"{found.site_packages} cannot be written by this user"
    return _writable(place, obstacle), obstacle


def _writable(place: Placement, obstacle: str | None) -> Placement:
    if obstacle is None:
        return place
    return Placement(
        place.kind,
        place.path,
        place.root,
        place.reason,
        place.container,
        place.owner,
        place.linked,
        writable=False,
    )


def _beside(path: Path, owner: Owner) -> Placement:
    """In the owner's container; the author's path becomes a link where the owner's uninstall can remove it."""
    site = owner.site_packages
    inside = site in path.parents
    name = ".".join(path.relative_to(site).parts[1:]) if inside else ""
    place = Placement(
        "owner",
        path,
        owner.container / (name or path.name),
        f"{owner.name} owns the path" if inside else f"{owner.name} is named as the owner",
        owner.container,
        owner,
        linked=inside,
    )
    return (
        place
        if _is_safe_link(place)
        else Placement("owner", path, place.root, place.reason, place.container, owner, linked=False)
    )


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
    key = hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:16]
    label = re.sub(r"[^A-Za-z0-9_-]+", "-", path.parent.name)[:40] or "root"
    container = user_data_directory(data_dir) / f"{label}-{key}"
    return Placement("user", path, container / path.name, reason, container)


def _is_frozen(path: Path) -> bool:
    bundle = getattr(sys, "_MEIPASS", None)  # deleted when the application ends
    return bool(getattr(sys, "frozen", False) and bundle and Path(bundle) in (path, *path.parents))


def _why_not_writable(directory: Path) -> str | None:
    for parent in (directory, *directory.parents):
        if parent.is_dir():
            return None if os.access(parent, os.W_OK | os.X_OK) else f"{parent} cannot be written by this user"
        if parent.exists():
            return f"{parent} is a file"  # a zipapp
    return f"{directory} is on no file system"
