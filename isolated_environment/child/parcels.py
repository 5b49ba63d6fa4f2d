"""Frames with buffers: put together on one side, taken apart on the other.  Nothing is loaded before there is one."""

from __future__ import annotations

import sys
from _collections import deque  # type: ignore[import-not-found]

from . import pickling, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from . import memory

#: Classes whose pickles name nothing: no pickler has to be asked about them, and every unpickler reads them.
PLAIN = frozenset({int, float, str, bytes, bool, type(None)})
#: What pickles them: not imported here, see :mod:`.pickling`.
dumps_plain, loads_plain = sys.modules["_pickle"].dumps, sys.modules["_pickle"].loads
_PickleBuffer = sys.modules["_pickle"].PickleBuffer


#: Octets of this number or more travel in memory that both sides see: through the connection 10 MB take four times as
#: long (measured).
_MANY = 1 << 19


class Octets:
    """``bytes`` or a ``bytearray`` whose content travels beside the pickle.

    Args:
        value: It.
    """

    def __init__(self, value: bytes | bytearray) -> None:
        self._value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self._value), (_PickleBuffer(self._value),)


def beside(value: Any) -> Any:
    """Return a value as it is to be pickled: many octets travel beside, where they are the whole of it."""
    return Octets(value) if type(value) in (bytes, bytearray) and len(value) >= _MANY else value


def is_plain(value: Any) -> bool:
    """Return whether a value is plain, and has not too many octets."""
    kind = type(value)
    return kind in PLAIN and (kind is not bytes or len(value) < _MANY)


def are_plain(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether all arguments of a call are plain."""
    for value in args:
        kind = type(value)  # as in is_plain, which costs more than all of the rest
        if kind not in PLAIN or (kind is bytes and len(value) >= _MANY):
            return False
    return not kwargs or all(map(is_plain, kwargs.values()))


class Memory:
    """The memory that both sides of one connection see.

    Args:
        carries_descriptors: Whether descriptors can travel; without, buffers travel inline.
    """

    def __init__(self, carries_descriptors: bool) -> None:  # noqa: FBT001 - it is all that there is to say
        self._carries_descriptors = carries_descriptors
        self._outbox: memory.Outbox | None = None
        self._inbox: memory.Inbox | None = None
        #: Whether there may be something to tell of :meth:`released`.
        self.has_borrowed = False
        self._descriptors: deque[int] = deque()

    def came(self, descriptors: Sequence[int]) -> None:
        """Keep descriptors until the frame that they belong to is complete."""
        self._descriptors.extend(descriptors)

    def framed(
        self, kind: int, call: int, payload: bytes, buffers: Sequence[Any], flags: int = 0
    ) -> tuple[list[bytes | memoryview], list[int]]:
        """Return a frame as parts to be sent one behind the other, and the descriptors to be sent with them."""
        if self._outbox is None:
            from . import memory

            self._outbox = memory.Outbox(memory.Segments() if self._carries_descriptors else None)
        table, descriptors, inline = self._outbox.pack(buffers)
        told = pickling.dumps(table, 4)
        return wire.encode_with_buffers(kind, call, payload, told, inline, len(descriptors), flags), descriptors

    def arrived(self, frame: wire.Frame) -> wire.Frame:
        """Take what came with a frame, and return the frame.

        This happens in the order in which frames came, whichever is used first: descriptors come in that order, and
        a table builds on those before it.
        """
        if frame.flags & wire.BUFFERS and frame.buffers is None:
            if self._inbox is None:
                from . import memory

                self._inbox = memory.Inbox()
                self.has_borrowed = True
            count = min(frame.descriptors, len(self._descriptors))  # a table that wants more is refused
            descriptors = [self._descriptors.popleft() for _ in range(count)]
            try:
                frame.buffers = self._inbox.unpack(pickling.loads(frame.table), descriptors, frame.inline)
            except Exception as error:  # noqa: BLE001 - of this frame alone: who uses it gets it
                frame.buffers = error
        return frame

    def buffers_of(self, frame: wire.Frame) -> Sequence[memoryview]:
        """Return the buffers that came with a frame, once."""
        buffers, self.arrived(frame).buffers = self.arrived(frame).buffers, ()
        if isinstance(buffers, Exception):
            raise buffers
        return buffers or ()

    def released(self) -> bytes:
        """Return the octets of a RELEASE frame with what this side is done with; none when there is nothing."""
        numbers = self._inbox.released() if self._inbox is not None else None
        return pickling.dumps(numbers, 4) if numbers else b""

    def release(self, payload: bytes | memoryview) -> None:
        """Take note of what the other side is done with."""
        if self._outbox is not None:
            self._outbox.release(pickling.loads(payload))

    def close(self) -> None:
        """Give back everything that no value uses."""
        import os

        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()
        for box in (self._outbox, self._inbox):
            if box is not None:
                box.close()
