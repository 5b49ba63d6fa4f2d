"""Removing a root: nobody may use it, and what cannot be deleted is said."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container
from pathlib import Path

from ..errors import InUseError, RemovalError
from ..layout import Layout
from ..leases import Lease, seize
from ..ownership.container import delete_tree
from .collection import to_trash


def seize_all(layout: Layout) -> list[Lease]:
    """Take the lease of every generation.

    Raises:
        InUseError: another process holds one; none is taken.
    """
    found = {}
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(layout.leases)):
            found[name] = seize(layout.lease(name))
    used = [name for name, lease in found.items() if lease is None]
    leases = [lease for lease in found.values() if lease is not None]
    if used:
        for lease in leases:
            lease.release()
        raise InUseError(
            f"{layout.root} is not removed: {', '.join(used)} in use",
            hint="end what uses it, other handles in this process too, then try again",
            root=layout.root,
            generations=tuple(used),
        )
    return leases


def delete(layout: Layout) -> None:
    """Delete the root.

    Receipt first, tag and lock last: at every moment the root is ours, or blank to who comes next.

    Raises:
        RemovalError: something cannot be deleted; the tag and the lock stay with it, so that it can be asked again.
    """
    with contextlib.suppress(IsADirectoryError):
        Path(layout.receipt).unlink(missing_ok=True)
    last = [layout.tag, layout.lock_owner, layout.lock]
    kept = {os.path.basename(path) for path in (layout.trash, *last)}
    for name in set(os.listdir(layout.root)) - kept:
        if not to_trash(layout, name):
            delete_tree(Path(layout.root, name))
    delete_tree(Path(layout.trash))
    left = _files_in(layout.root, besides={*last, layout.gitignore})  # who waits for the lock may make that anew
    if left:
        more = f", and {len(left) - 1} more" if len(left) > 1 else ""
        raise RemovalError(
            f"{layout.root} is not wholly removed: {left[0]} cannot be deleted{_reason(left[0])}{more}",
            hint="end what uses it, or make it deletable, then remove again",
            root=layout.root,
            left=left,
        )
    with contextlib.suppress(OSError):
        for path in last:
            Path(path).unlink(missing_ok=True)
        Path(layout.root).rmdir()


def _reason(path: str) -> str:
    try:
        os.unlink(path)
    except OSError as error:
        return f": {error.strerror}"
    return ""


def _files_in(directory: str, *, besides: Container[str]) -> tuple[str, ...]:
    found = []
    for parent, directories, names in os.walk(directory):
        links = [name for name in directories if os.path.islink(os.path.join(parent, name))]
        found += [os.path.join(parent, name) for name in (*names, *links)]
    return tuple(path for path in sorted(found) if path not in besides)
