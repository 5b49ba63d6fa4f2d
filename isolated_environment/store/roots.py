"""What makes a directory one of ours: its receipt or its tag.  Nothing else is ever deleted."""

from __future__ import annotations

import _thread
import contextlib
import os
from pathlib import Path

from ..errors import NotOurDirectoryError, UntrustedRootError
from ..layout import DIRECTORY_MODE, TAG_NAME, TAG_TEXT, Layout
from ..ownership.trust import why_distrusted
from ..receipt import Unusable, read


def is_ours(layout: Layout) -> bool:
    """Return whether the root carries our tag or our receipt."""
    try:
        if Path(layout.tag).read_text("utf-8") == TAG_TEXT:
            return True
    except (OSError, UnicodeDecodeError):
        pass
    try:
        read(layout.receipt)
    except Unusable:
        return False
    return True


def assert_ours(layout: Layout) -> None:
    """Check that the root is ours.

    Raises:
        NotOurDirectoryError: it is not; nothing was touched.
    """
    if not is_ours(layout):
        raise NotOurDirectoryError(
            f"{layout.root} was not made by this library and is left alone",
            hint="choose another path, or move that directory away",
            path=layout.root,
        )


def assert_trusted(layout: Layout) -> None:
    """Check that root may use what lies here.

    Raises:
        UntrustedRootError: another user owns the root or may write into it; nothing was touched.
    """
    reason = why_distrusted(layout.root)
    if reason is not None:
        raise UntrustedRootError(
            f"this process is root's, and root does not use {layout.root}: {reason}",
            hint="run as the user who owns it, or give it to root and take the right to write from the others",
            path=layout.root,
        )


def make_root(layout: Layout, *, adopted: bool = False) -> None:
    """Make the root's directories and its tag, unless they are there.

    Args:
        layout: The root; its directory exists.
        adopted: Whether it lies in a container with our owner tag: then it is ours also when an uninstall that was
            cut short left it without a tag of its own.

    Raises:
        NotOurDirectoryError: the path holds something that is not ours.
        OSError: something cannot be made.
    """
    root = Path(layout.root)
    if root.is_symlink() or not root.is_dir():
        _refuse(layout)
    if not is_ours(layout):
        if not adopted and not all(_comes_before_the_tag(entry, layout) for entry in root.iterdir()):
            assert_ours(layout)
        _write_tag(layout)
    Path(layout.leases).mkdir(DIRECTORY_MODE, exist_ok=True)
    Path(layout.log).mkdir(DIRECTORY_MODE, exist_ok=True)
    gitignore = Path(layout.gitignore)
    if not gitignore.exists():
        gitignore.write_text("*\n", "utf-8")


def _comes_before_the_tag(entry: Path, layout: Layout) -> bool:
    """The unfinished tag of a process that was killed; the lock of one that waited while the root was removed."""
    if str(entry) == layout.lock:
        return entry.is_file() and entry.stat().st_size == 0
    return str(entry) == layout.lock_owner or entry.name.startswith(f"{TAG_NAME}.")


def _write_tag(layout: Layout) -> None:
    """Whole or not at all: a root with half a tag would be nobody's."""
    fd = None
    temporary = f"{layout.tag}.{os.getpid()}.{_thread.get_ident()}"  # another thread's would be emptied by this one
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(fd, TAG_TEXT.encode())
    finally:
        if fd is not None:
            os.close(fd)
    with contextlib.suppress(FileNotFoundError):
        os.replace(temporary, layout.tag)


def _refuse(layout: Layout) -> None:
    raise NotOurDirectoryError(
        f"{layout.root} is not a directory of this library",
        hint="choose another path, or move what is there away",
        path=layout.root,
    )
