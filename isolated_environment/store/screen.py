"""A step's output on the user's terminal: shown as it comes, progress bars and all, and kept as plain lines.

An installer shows its progress to terminals alone, so it is given one: a pseudo-terminal as wide as the user's.  It is
not the step's controlling terminal: nothing can ask for a password there.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import subprocess

from ..layout import WINDOWS

#: What colours, moves and erases (ECMA-48).
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")
#: What is drawn again and again: spinners, bars, counts.
_DRAWN = re.compile(r"^[\u2800-\u28ff]|[\u2501\u2578\u2588\u2591]|-{5,}")
_COLOURS = rb"(?:\x1b\[[0-9;]*m)*"
_WORKING = b"Using Python "
#: What the application's user asked for none of: where uv works, and its list of what it installed.
_LISTED = re.compile(rb"(?m)^(?: " + _COLOURS + rb"[+~-]" + _COLOURS + rb" |" + _COLOURS + _WORKING + rb").*\n")
_ONLY_COLOURS = re.compile(_COLOURS + rb"(?:\x1b(?:\[[0-9;]*)?)?")
#: Rows, columns and pixels of a terminal that nobody sees.
_UNSEEN = struct.pack("HHHH", 50, 400, 0, 0)


def open_terminal(screen: int | None) -> tuple[int, int] | None:
    """Return both ends of a pseudo-terminal of the size of *screen*, if there is one; ``None`` where there are none."""
    if WINDOWS:
        return None
    import fcntl
    import pty
    import termios

    try:
        ours, theirs = pty.openpty()
    except OSError:
        return None
    with contextlib.suppress(OSError):
        size = _UNSEEN if screen is None else fcntl.ioctl(screen, termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    return ours, theirs


def attach(process: subprocess.Popen[bytes], ours: int) -> None:
    """Let the output of a process that was started on the other end be read from here."""
    process.stdout = os.fdopen(ours, "rb", buffering=0)


class Screen:
    """What is shown of a step's output."""

    def __init__(self) -> None:
        self._held = b""

    def shown(self, chunk: bytes) -> str:
        """Return what is shown of the next piece; a line that may be of a list is held back until it is whole."""
        chunk = _LISTED.sub(b"", (self._held + chunk).replace(b"\r\n", b"\n"))
        tail = chunk.rpartition(b"\n")[2]
        if _may_be_listed(tail) and b"\r" not in tail[:-1]:
            self._held = tail
        else:
            self._held = b"\r" if tail.endswith(b"\r") else b""  # of a line's end, perhaps
        return chunk[: len(chunk) - len(self._held)].decode("utf-8", "replace")


def _may_be_listed(tail: bytes) -> bool:
    if tail[:1] == b" " or (tail and _ONLY_COLOURS.fullmatch(tail)):
        return True
    text = without_control(tail)
    return text.startswith(_WORKING) or (text != b"" and _WORKING.startswith(text))


def without_control(text: bytes) -> bytes:
    """Return *text* without what colours, moves and erases."""
    return _CONTROL.sub(b"", text)


def plain(line: bytes) -> bytes:
    """Return what was to be read of a line in the end; nothing of one that was only drawn."""
    text = without_control(line.rstrip(b"\r").rpartition(b"\r")[2])
    return b"" if _DRAWN.search(text.decode("utf-8", "replace").strip()) else text.rstrip()
