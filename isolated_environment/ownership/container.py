"""The container of one owner: made with its tag or not at all, and never empty.

An empty directory that a RECORD lists can cost all of site-packages: pip then believes that it removes everything in
there and takes the directory itself (seen with pip 23.2, 25.3 and 26.3).  So a container appears and disappears by
one rename, with its tag inside.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import sys
import uuid
from pathlib import Path
from typing import Any

from ..errors import NotOurDirectoryError
from ..layout import DIRECTORY_MODE

OWNER_TAG = "owner.json"
LOCK_NAME = "lock"
_SCHEMA = 1


def read_tag(container: Path) -> dict[str, Any] | None:
    """Return the owner tag of *container*, or ``None``."""
    try:
        tag = json.loads((container / OWNER_TAG).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return tag if isinstance(tag, dict) and tag.get("tool") == "isolated_environment" else None


def is_ours(container: Path) -> bool:
    """Return whether *container* carries our tag."""
    return read_tag(container) is not None


def make_container(container: Path, *, owner: str | None, application: Path, listed: bool = False) -> None:
    """Make *container* unless it is there.

    Args:
        container: Absolute path.
        owner: The distribution's name, or ``None``.
        application: What must exist for the container to be of use.
        listed: Whether a RECORD has our row for it.  What lies there without a tag then is the rest of an uninstall
            that was cut short, and makes way.

    Raises:
        NotOurDirectoryError: something that is not ours is in the way.
        OSError: it cannot be made.
    """
    if is_ours(container):
        return
    if os.path.lexists(container) and not is_ours(container):  # again: another process may just have made it
        if not (listed or _holds_nothing(container)) or container.is_symlink():
            raise in_the_way(container)
        remove_container(container, untagged=True)
    tag = {
        "tool": "isolated_environment",
        "schema": _SCHEMA,
        "owner": owner,
        "application": str(application),
        "python": sys.executable,
        "id": uuid.uuid4().hex,
    }
    temporary = temporary_beside(container)
    temporary.mkdir(DIRECTORY_MODE)
    try:
        (temporary / OWNER_TAG).write_text(json.dumps(tag, indent=1), "utf-8")
        temporary.rename(container)
    except OSError:
        if not is_ours(container):  # else another process made it at this moment
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_container(container: Path, *, untagged: bool = False) -> None:
    """Remove *container* and everything in it; a link that its user put there stays.

    Args:
        container: Absolute path.
        untagged: Only if it has no tag: whoever gave it one in the meantime keeps it.
    """
    if container.is_symlink():
        return
    aside = temporary_beside(container)
    with contextlib.suppress(OSError):
        container.rename(aside)
        if untagged and is_ours(aside):
            aside.rename(container)
        for entry in aside.iterdir():
            if entry.name != OWNER_TAG:  # last: what is left of a deletion that is killed must be known as ours
                delete_tree(entry)
        delete_tree(aside)


def sweep(container: Path) -> None:
    """Remove what a killed process left beside *container*; call with its lock held."""
    pattern = re.compile(re.escape(container.name) + "-[0-9a-f]{32}")
    with contextlib.suppress(OSError):
        for entry in container.parent.iterdir():
            if pattern.fullmatch(entry.name):
                delete_tree(entry)


def roots_in(container: Path) -> list[Path]:
    """Return the directories in *container*."""
    try:
        return sorted(entry for entry in container.iterdir() if entry.is_dir())
    except OSError:
        return []


def delete_tree(path: Path) -> None:
    """Delete a tree as far as possible, also directories that a package made read-only; links are not followed."""
    with contextlib.suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            return
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        for directory, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                Path(directory).chmod(stat.S_IRWXU)
        shutil.rmtree(path, ignore_errors=True)


def temporary_beside(container: Path) -> Path:
    """Return a name in the container's directory that does not exist and that :func:`sweep` knows."""
    return container.with_name(f"{container.name}-{uuid.uuid4().hex}")


def in_the_way(path: Path) -> NotOurDirectoryError:
    """Make the error for something at *path* that is not ours."""
    return NotOurDirectoryError(
        f"{path} is in the way and was not made by this library",
        hint="move it away or choose another path",
        path=str(path),
    )


def _holds_nothing(container: Path) -> bool:
    """An empty directory, or one that only came to be because a lock in it was waited for."""
    return not container.is_symlink() and container.is_dir() and set(os.listdir(container)) <= {LOCK_NAME}
