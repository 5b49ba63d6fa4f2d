"""Giving disk space back, never from under a user."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
import uuid
from pathlib import Path

from ..layout import DIRECTORY_MODE, TAG_NAME, WORK, Layout, generation_number
from ..leases import seize
from ..ownership.container import delete_tree
from ..receipt import Receipt

#: Seconds that a superseded generation stays: a command started with its mapping may outlive the process that asked.
KEEP = 3600.0
#: Bytes of free space below which the generation for rollback is not kept.
TIGHT = 512 << 20

#: What opening a lease answers that nobody can hold: it is not there, or it is a link.
_NOBODYS = frozenset({errno.ENOENT, errno.ELOOP})


def next_generation(layout: Layout, receipt: Receipt | None) -> str:
    """Return a name that was never used in this root: an orphaned installer may still write to an abandoned one."""
    used = [0] if receipt is None else [generation_number(receipt.generation) or 0]
    for directory in (layout.root, layout.leases):
        with contextlib.suppress(OSError):
            used += [generation_number(name) or 0 for name in os.listdir(directory)]
    with contextlib.suppress(OSError):
        used += [generation_number(name.partition(".")[0]) or 0 for name in os.listdir(layout.trash)]
    return f"g{max(used) + 1}"


def mark_superseded(layout: Layout, replaced: Receipt | None) -> None:
    """Note the moment on the lease of the generation that was current; where the receipt was lost, on every one."""
    for name in _generations(layout) if replaced is None else [replaced.generation]:
        with contextlib.suppress(OSError):
            os.utime(layout.lease(name))


def collect(layout: Layout, receipt: Receipt | None, *, force: bool = False) -> list[str]:
    """Move to the trash what nobody needs; call with the file lock held.

    Abandoned attempts at once; superseded generations when their lease is free and an hour has passed.  The current
    one stays, and so does the one that a rollback would bring back while the disk has room.

    Args:
        layout: The root.
        receipt: The current receipt; ``None``: there is none, so every generation is abandoned.
        force: Skip the hour, never the lease.

    Returns:
        The generations that were collected.
    """
    keep = set()
    if receipt is not None:
        keep = {receipt.generation}
        if receipt.previous is not None and not _is_tight(layout):
            keep.add(receipt.previous.generation)
    collected = [
        name
        for name in _generations(layout)
        if name not in keep and _is_due(layout, name, force=force) and discard(layout, name)
    ]
    _sweep(layout, receipt)
    return collected


def discard(layout: Layout, generation: str) -> bool:
    """Move one generation to the trash unless its lease is held; return whether it is gone from its place."""
    lease = None
    try:
        lease = seize(layout.lease(generation))
        if lease is None or not lease.effective:
            return False
    except OSError as error:
        if error.errno not in _NOBODYS:
            return False
    try:
        return to_trash(layout, generation)
    finally:
        if lease is not None:
            lease.release()


def to_trash(layout: Layout, name: str) -> bool:
    """Rename an entry of the root into the trash; return whether it is gone from its place."""
    trash = Path(layout.trash)
    try:
        _make_trash(trash)
        Path(layout.root, name).rename(trash / f"{name}.{uuid.uuid4().hex[:8]}")
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def empty_trash(layout: Layout) -> None:
    """Delete what is in the trash; what cannot be deleted now is tried again next time."""
    trash = Path(layout.trash)
    with contextlib.suppress(OSError):
        if trash.is_symlink():
            return
        for entry in trash.iterdir():
            delete_tree(entry)


def _make_trash(trash: Path) -> None:
    if trash.is_symlink() or (trash.exists() and not trash.is_dir()):
        trash.unlink()  # what it points at is not ours
    trash.mkdir(DIRECTORY_MODE, exist_ok=True)


def _is_tight(layout: Layout) -> bool:
    return shutil.disk_usage(layout.root).free < TIGHT


def _generations(layout: Layout) -> list[str]:
    names: set[str] = set()
    with contextlib.suppress(OSError):
        names = {name for name in os.listdir(layout.root) if generation_number(name) is not None}
    return sorted(names)


def _is_due(layout: Layout, generation: str, *, force: bool) -> bool:
    """An abandoned attempt still has its working directory, or never got as far as one; it is due at once."""
    prefix = Path(layout.prefix(generation))
    if force or (prefix / WORK).exists() or not (prefix / "pylock.toml").exists():
        return True
    try:
        return time.time() - os.stat(layout.lease(generation)).st_mtime >= KEEP
    except OSError:
        return True


def _sweep(layout: Layout, receipt: Receipt | None) -> None:
    """Remove leases whose generation is gone and whose name cannot come again, old logs, and torn temporary files."""
    newest = 0 if receipt is None else generation_number(receipt.generation) or 0
    with contextlib.suppress(OSError):
        for lease in Path(layout.leases).iterdir():
            number = generation_number(lease.name)
            if number is not None and number < newest and not Path(layout.prefix(lease.name)).exists():
                lease.unlink()
    with contextlib.suppress(OSError):
        for log in sorted(Path(layout.log).iterdir(), key=lambda path: path.stat().st_mtime)[:-10]:
            log.unlink()
    with contextlib.suppress(OSError):
        for entry in Path(layout.root).iterdir():
            if _is_temporary(entry.name):
                entry.unlink()


def _is_temporary(name: str) -> bool:
    stem, _, suffix = name.lstrip(".").rpartition(".")
    if stem == TAG_NAME:
        return suffix.isdigit()
    known = {"isolated-environment.json", "pylock.toml", "activate", "bin"}
    return stem in known and len(suffix) == 32  # noqa: PLR2004 -- a uuid4
