"""Environments in the user's data directory whose application is gone: no uninstall removes them, so we do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ..layout import Layout
from ..leases import seize
from ..ownership.container import read_tag, remove_container
from ..ownership.placement import user_data_directory
from .roots import is_ours

_DAY = 86400.0
_STAMP = "collected"


def list_containers(data_dir: str | None) -> Iterator[tuple[Path, Path]]:
    """Yield every container in the user's data directory with the application directory that it is for.

    Args:
        data_dir: The directory, or ``None`` for the platform's.
    """
    base = user_data_directory(data_dir)
    try:
        entries = sorted(base.iterdir())
    except OSError:
        return
    for entry in entries:
        tag = read_tag(entry)
        if tag is not None and isinstance(tag.get("application"), str):
            yield entry, Path(tag["application"])


def collect_orphans(data_dir: str | None, *, at_most_daily: bool = False) -> list[Path]:
    """Delete the containers whose application directory no longer exists, unless somebody uses what is in them.

    Args:
        data_dir: The directory, or ``None`` for the platform's.
        at_most_daily: Do nothing when it was done within a day.

    Returns:
        The containers that were deleted.
    """
    stamp = user_data_directory(data_dir) / _STAMP
    if at_most_daily and not _is_due(stamp):
        return []
    gone = [
        container
        for container, application in list_containers(data_dir)
        if _is_gone(application) and not any(map(_is_used, container.iterdir()))
    ]
    for container in gone:
        remove_container(container)
    if at_most_daily:
        stamp.touch()
    return [container for container in gone if not container.exists()]


def _is_due(stamp: Path) -> bool:
    try:
        return abs(time.time() - stamp.stat().st_mtime) >= _DAY
    except OSError:
        return stamp.parent.is_dir()


def _is_gone(application: Path) -> bool:
    """Only when the answer is clear: what cannot be looked at is not gone."""
    try:
        application.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _is_used(root: Path) -> bool:
    """A directory that is no root of ours counts as used: it is not ours to delete."""
    if not root.is_dir():
        return False
    layout = Layout(str(root))
    if not is_ours(layout):
        return any(root.iterdir())
    for lease_path in Path(layout.leases).glob("g*"):
        lease = seize(str(lease_path))
        if lease is None:
            return True
        lease.release()
    return False
