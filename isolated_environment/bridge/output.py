"""What a worker writes to its stdout and stderr: line by line to whoever wants it, and the end of it for errors."""

from __future__ import annotations

import codecs
import os
import sys
from collections import deque
from collections.abc import Callable

from .handlers import hand

#: Octets of the end that are kept for errors.
_KEPT = 1 << 16
_CHUNK = 1 << 16
#: Octets that a pipe can hold: when so many were read, all that was written before was.
_MOST = 1 << 20
#: Characters of a line without end that are kept until it is handed on as it is.
_LONGEST = 1 << 20
#: Lines that an error shows.
_SHOWN = 12


class Output:
    """Reads a worker's text.

    Args:
        descriptor: The reading end of the pipe, non-blocking.
        on_output: Takes each line, without its end; by default lines go to this process's ``sys.stderr``.
    """

    def __init__(self, descriptor: int, on_output: Callable[[str], object] | None) -> None:
        self._descriptor = descriptor
        self._on_output = on_output or _to_stderr
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""
        self._lines: deque[str] = deque()
        self._hands_on = False
        self._end = bytearray()
        #: Whether there may come more.
        self.is_open = True

    def drain(self) -> None:
        """Hand on what is there now; return at once, however fast more comes."""
        taken = 0
        while self.is_open and taken < _MOST:
            try:
                data = os.read(self._descriptor, _CHUNK)
            except BlockingIOError:
                return
            taken += len(data)
            self._end += data
            del self._end[:-_KEPT]
            if not data:
                self.is_open = False
            self._hand_on(self._decoder.decode(data, final=not data))

    def _hand_on(self, text: str) -> None:
        lines = (self._begun + text).split("\n")
        self._begun = lines.pop()
        if self._begun and (not self.is_open or len(self._begun) > _LONGEST):
            lines.append(self._begun)
            self._begun = ""
        self._lines.extend(lines)
        if self._hands_on:  # a handler called into the worker: its own caller goes on, in order
            return
        self._hands_on = True
        try:
            while self._lines:
                hand(self._on_output, self._lines.popleft().removesuffix("\r"))
        finally:
            self._hands_on = False

    def tail(self) -> str:
        """Return the last lines."""
        return "\n".join(bytes(self._end).decode("utf-8", "replace").splitlines()[-_SHOWN:])


def _to_stderr(line: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{line}\n")
