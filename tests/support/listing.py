"""Complete listings of directories, to compare before and after."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def listing(directory: Path, *, ignore: tuple[str, ...] = ("__pycache__",)) -> dict[str, str]:
    """Return every path below *directory* with its kind, mode and content hash; links are not followed."""
    found = {}
    for parent, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if name not in ignore]
        for name in (*directories, *files):
            path = Path(parent, name)
            found[str(path.relative_to(directory))] = _describe(path)
    return found


def _describe(path: Path) -> str:
    mode = path.lstat().st_mode
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if path.is_dir():
        return f"directory {mode:o}"
    return f"file {mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
