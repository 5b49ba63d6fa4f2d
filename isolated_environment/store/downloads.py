"""How far downloads are, read from what an installer says of them: uv's bars, pip's raw progress."""

from __future__ import annotations

import re
import time

from ..events import Downloading
from .screen import without_control

#: uv: ``numpy   ----------     5.00 MiB/16.10 MiB``.
_BAR = re.compile(r"([A-Za-z0-9][\w.-]*) +-+ +([\d.]+) ([KMGT]i)?B/([\d.]+) ([KMGT]i)?B")
#: pip: the file it begins with, then bytes (``--progress-bar raw``); no size: the server told none.
_FILE = re.compile(r"^\s*Downloading (?:\S*/)?([A-Za-z0-9._]+)-\S+", re.MULTILINE)
_RAW = re.compile(r"^Progress (\d+) of (\d+)\r?$", re.MULTILINE)
_UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}

#: Seconds between two events of one download.
_PAUSE = 0.1


class Downloads:
    """Reads the output of one step, piece by piece.

    Args:
        root: What is built, for the events.
        step: The step's name.
    """

    def __init__(self, root: str, step: str) -> None:
        self._root = root
        self._step = step
        self._current = ""
        self._told: dict[str, tuple[int, float]] = {}

    def read(self, chunk: bytes) -> list[Downloading]:
        """Return what is new in *chunk*, the latest of each download; what a piece's end cuts comes again or not."""
        latest: dict[str, tuple[int, int]] = {}
        text = without_control(chunk).decode("utf-8", "replace")
        for name, done, done_unit, total, total_unit in _BAR.findall(text):
            latest[name] = _bytes(done, done_unit), _bytes(total, total_unit)
        for line in text.split("\n"):
            begun, told = _FILE.match(line), _RAW.match(line)
            if begun is not None:
                self._current = begun[1].replace("_", "-").lower()
            elif told is not None:
                latest[self._current] = int(told[1]), int(told[2])
        return [
            Downloading(self._root, self._step, name, done, total)
            for name, (done, total) in latest.items()
            if self._is_news(name, done, total)
        ]

    def _is_news(self, name: str, done: int, total: int) -> bool:
        before, when = self._told.get(name, (-1, 0.0))
        now = time.monotonic()
        if done == before or (now - when < _PAUSE and done < total):
            return False
        self._told[name] = done, now
        return True


def is_raw(line: str) -> bool:
    """Return whether a line is pip's raw progress, which is nothing to read."""
    return _RAW.match(line.strip()) is not None


def _bytes(number: str, unit: str) -> int:
    return int(float(number) * _UNITS[unit])
