"""Registering an environment with its owner, so that the owner's uninstall removes it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

from ..errors import NotOurDirectoryError, OwnerError, OwnerGoneError
from ..locking import locked
from .owners import Owner
from .placement import Placement
from .record import has_rows, prepend_rows, read_record, replace_record
from .stamp import stamp_of

OWNER_TAG = "owner.json"
_SCHEMA = 1


def register(place: Placement) -> dict[str, Any] | None:
    """Make the container with its tag, then the rows, look again, then the root's directory and the link.

    Args:
        place: A writable placement.

    Returns:
        What :func:`.stamp.is_registered` needs later; ``None`` where no RECORD is concerned.

    Raises:
        OwnerGoneError: the owner is being uninstalled.
        RecordError: its RECORD cannot be edited safely.
        NotOurDirectoryError: something that is not ours is in the way.
        OSError: a directory cannot be made.
    """
    if place.container is None:
        _make_root(place.root)
        return None
    _make_container(place.container, place)
    if place.owner is None:
        _make_root(place.root)
        return None
    with locked(place.container / "lock", 60.0):
        try:
            _add_rows(place.owner, place)
        except OwnerError:
            _discard(place.container)
            raise
        _make_root(place.root)
        _make_link(place)
    return registration_of(place)


def registration_of(place: Placement) -> dict[str, Any] | None:
    """Return what :func:`.stamp.is_registered` compares: where RECORD is, its stamp, the rows and the link."""
    owner = place.owner
    if owner is None:
        return None
    return {
        "record": str(owner.record),
        "stamp": stamp_of(str(owner.record)),
        "rows": list(owner.rows),
        "link": place.link_row,
        "path": str(place.path) if place.linked else None,
    }


def unregister(place: Placement) -> None:
    """Take away the link and, when no root is left in it, the container.  Rows without a container are harmless."""
    if place.linked and place.path.is_symlink() and _points_into(place.path, place.root):
        place.path.unlink()
    if place.container is not None and is_ours(place.container) and not _roots_in(place.container):
        shutil.rmtree(place.container, ignore_errors=True)


def is_ours(container: Path) -> bool:
    """Return whether *container* carries our tag."""
    return read_tag(container) is not None


def read_tag(container: Path) -> dict[str, Any] | None:
    """Return the owner tag of *container*, or ``None``."""
    try:
        tag = json.loads((container / OWNER_TAG).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return tag if isinstance(tag, dict) and tag.get("tool") == "isolated_environment" else None


def _make_container(container: Path, place: Placement) -> None:
    container.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        container.mkdir()
    if is_ours(container):
        return
    strangers = [entry.name for entry in container.iterdir() if not entry.name.startswith((OWNER_TAG, "lock"))]
    if container.is_symlink() or strangers:
        raise NotOurDirectoryError(
            f"{container} is in the way and was not made by this library",
            hint="move it away",
            path=str(container),
        )
    tag = {
        "tool": "isolated_environment",
        "schema": _SCHEMA,
        "owner": None if place.owner is None else place.owner.name,
        "application": str(place.path.parent),
        "python": sys.executable,
    }
    temporary = container / f"{OWNER_TAG}.{uuid.uuid4().hex}"
    temporary.write_text(json.dumps(tag, indent=1), "utf-8")
    temporary.replace(container / OWNER_TAG)


def _add_rows(owner: Owner, place: Placement) -> None:
    """Prepend the rows and look again; whoever removed them in between is uninstalling, or was another installer."""
    for stray in owner.site_packages.glob(f"{owner.container_name}-*"):
        stray.unlink(missing_ok=True)  # an edit that was killed; the container's lock is ours
    for _ in range(2):
        old = read_record(owner.record)
        new = prepend_rows(old, owner.rows, link=place.link_row)
        if new is not old:
            temporary = owner.site_packages / f"{owner.container_name}-{uuid.uuid4().hex}"
            replace_record(owner.record, old, new, temporary=temporary)
        if has_rows(read_record(owner.record), owner.rows, link=place.link_row):
            return
    raise OwnerGoneError(
        f"the rows for {owner.name} do not stay in its RECORD: it is being uninstalled or replaced",
        hint="try again when the installer has finished",
        owner=owner.name,
    )


def _make_root(root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        root.mkdir()


def _make_link(place: Placement) -> None:
    """Make the author's path a relative link to the root, where links can be made."""
    if not place.linked:
        return
    path = place.path
    target = os.path.relpath(place.root, path.parent)
    if path.is_symlink():
        if os.readlink(path) == target:
            return
        if not _points_into(path, place.root.parent):
            raise _in_the_way(path)
        path.unlink()
    elif path.exists():
        if not path.is_dir() or any(path.iterdir()):
            raise _in_the_way(path)
        path.rmdir()
    try:
        path.symlink_to(target, target_is_directory=True)
    except FileExistsError:
        pass  # another process made it
    except OSError:
        _make_junction(path, place.root)


def _make_junction(path: Path, root: Path) -> None:
    """On Windows a junction needs no privilege.  Without either, the root is known to us alone."""
    try:
        import _winapi

        _winapi.CreateJunction(str(root), str(path))  # type: ignore[attr-defined,unused-ignore]
    except (ImportError, AttributeError, OSError):
        return


def _in_the_way(path: Path) -> NotOurDirectoryError:
    return NotOurDirectoryError(
        f"{path} is in the way and was not made by this library",
        hint="move it away or choose another path",
        path=str(path),
    )


def _points_into(link: Path, directory: Path) -> bool:
    target = Path(os.path.normpath(link.parent / os.readlink(link)))
    in_container = any(part.startswith(".") and part.endswith(".isolated") for part in target.parts)
    return directory in (target, *target.parents) or in_container


def _roots_in(container: Path) -> list[Path]:
    return [entry for entry in container.iterdir() if entry.is_dir()]


def _discard(container: Path) -> None:
    """Remove a container that holds no root: a directory without a row is the orphan to avoid."""
    with contextlib.suppress(OSError):
        if is_ours(container) and not _roots_in(container):
            shutil.rmtree(container)
