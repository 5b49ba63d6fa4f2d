"""Putting a finished file in the place of another, at once and as a whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ..layout import WINDOWS

#: Seconds that a file may be held open by somebody else: on Windows a virus scanner or an indexer does for a moment.
PATIENCE = 10.0

_PAUSE = 0.05  # seconds


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename *temporary* to *path*, whatever is there.

    On Windows neither may be open elsewhere without ``FILE_SHARE_DELETE``: then it is tried again for a while (as
    pip, uv and CPython's own test suite do; written from their sources, not run on Windows).

    Raises:
        OSError: it cannot be done; what was at *path* is still there.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.replace(temporary, path)
        except PermissionError:
            if not WINDOWS or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return
