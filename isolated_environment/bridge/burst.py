"""Frames that are sent at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from ..child import wire
from .connection import Connection


class Burst:
    """Frames that are sent at once, to a worker.

    Args:
        connection: To the worker.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._memory = connection.memory
        self._clear()

    def _clear(self) -> None:
        self._frames: list[tuple[int, int]] = []
        self._parts: list[bytes | memoryview] = []
        self._descriptors: list[int] = []
        self._has_buffers = False

    def add(self, kind: int, call: int, payload: bytes = b"", buffers: Sequence[Any] = (), flags: int = 0) -> None:
        """Add a frame.

        Args:
            kind: As :func:`isolated_environment.child.wire.encode`.
            call: As there.
            payload: As there.
            buffers: What travels beside the payload.
            flags: As there.
        """
        if not buffers:
            self._frames.append((kind, call))
            self._parts.append(wire.encode(kind, call, payload, flags))
            return
        if self._descriptors:  # they travel with the first octets of what is sent at once
            self.send()
        self._frames.append((kind, call))
        self._has_buffers = True
        parts, self._descriptors = self._memory.framed(kind, call, payload, buffers, flags)
        self._parts += parts

    def add_dropped(self, dropped: deque[tuple[int, int]]) -> None:
        """Add what tells the worker that nothing here refers to something any more, and forget it.

        Args:
            dropped: Kinds of frames and numbers.
        """
        while dropped:
            self.add(*dropped.popleft())
        released = self._memory.released()
        if released:
            self.add(wire.RELEASE, 0, released)

    def send(self) -> None:
        """Send the frames."""
        if self._frames:
            if not self._has_buffers:
                self._parts = [b"".join(self._parts)]
            self._connection.send(self._frames, self._parts, self._descriptors)
        self._clear()
