"""Who holds a root's file lock, since when, doing what: a note beside the lock, for those who wait."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time

from .layout import Layout

_LIMIT = 4096  # bytes
# a link is not followed, a FIFO does not block
_CAREFUL = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def note_holder(layout: Layout, phase: str) -> None:
    """Write that this process holds the lock.

    Args:
        layout: The root.
        phase: What it is held for, in words.
    """
    program = os.path.basename(sys.argv[0] or "python") if sys.argv else "python"
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": program,
        "since": time.time(),
        "phase": phase,
    }
    _write(layout.lock_owner, json.dumps(holder).encode())


def clear_holder(layout: Layout) -> None:
    """Write that nobody holds the lock."""
    _write(layout.lock_owner, b"")


def describe_holder(layout: Layout) -> str:
    """Return who holds the file lock, as they wrote it themselves: pid, command, phase, age."""
    try:
        fd = os.open(layout.lock_owner, os.O_RDONLY | _CAREFUL)
        try:
            text = os.read(fd, _LIMIT).decode("utf-8", "replace")
        finally:
            os.close(fd)
        holder, _ = json.JSONDecoder().raw_decode(text)  # what follows is the end of an earlier, longer note
        age = max(time.time() - float(holder["since"]), 0.0)
        return f"pid {holder['pid']} ({holder['command']}), {holder['phase']} for {age:.0f} s"
    except (OSError, ValueError, KeyError, TypeError):
        return "an unknown process"


def _write(path: str, data: bytes) -> None:
    """Written over what is there and cut afterwards, so that who reads meanwhile finds a name, and not nothing."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | _CAREFUL, 0o644)
        try:
            os.write(fd, data)
            os.ftruncate(fd, len(data))
        finally:
            os.close(fd)
