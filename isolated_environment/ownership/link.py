"""The author's path in an installed application: a link to the root in the owner's container."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .container import in_the_way
from .owners import is_container_name
from .placement import Placement


def is_link(path: Path) -> bool:
    """Return whether *path* is a link, of whatever kind the platform has."""
    try:
        os.readlink(path)
    except OSError:
        return False
    return True


def assert_free(place: Placement) -> None:
    """Check that the author's path can become the link.

    Raises:
        NotOurDirectoryError: something is there that is not a link of ours: the application's data, say.
    """
    path = place.path
    if not place.linked or not os.path.lexists(path):
        return
    if is_link(path):
        if not _is_ours(place):
            raise in_the_way(path)
    elif not path.is_dir() or any(path.iterdir()):
        raise in_the_way(path)


def make_link(place: Placement) -> None:
    """Make the author's path a relative link to the root, where links can be made; elsewhere we alone know the root.

    Raises:
        NotOurDirectoryError: as :func:`assert_free`.
    """
    if not place.linked or place.owner is None:
        return
    assert_free(place)
    path = place.path
    if is_link(path):
        if _target_of(path) == place.root:
            return
        path.unlink()
    elif path.exists():
        path.rmdir()
    with contextlib.suppress(OSError):
        # not the package itself: where that is gone, the application is being uninstalled
        if (place.owner.site_packages / path.relative_to(place.owner.site_packages).parts[0]).is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.symlink_to(os.path.relpath(place.root, path.parent), target_is_directory=True)
    except FileExistsError:
        pass  # another process made it
    except OSError:
        _make_junction(path, place.root)


def remove_link(place: Placement) -> None:
    """Remove the link, and the directories that only it kept: an empty package still imports."""
    if not place.linked or place.owner is None or not _is_ours(place):
        return
    with contextlib.suppress(OSError):
        place.path.unlink()
        for parent in place.path.parents:
            if parent == place.owner.site_packages:
                break
            parent.rmdir()


def _is_ours(place: Placement) -> bool:
    """Whether the author's path is a link into a container beside the application."""
    target = _target_of(place.path)
    if target is None or place.owner is None:
        return False
    container = target.parent
    return container.parent == place.owner.site_packages and is_container_name(container.name)


def _target_of(link: Path) -> Path | None:
    try:
        target = os.readlink(link).removeprefix("\\\\?\\")  # how Windows tells a junction's
    except OSError:
        return None
    return Path(os.path.normpath(link.parent / target))


def _make_junction(path: Path, root: Path) -> None:
    """On Windows a junction needs no privilege."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import _winapi

        _winapi.CreateJunction(str(root), str(path))  # type: ignore[attr-defined,unused-ignore]
