"""Frames between host and worker: no input, no output, the same code on both sides.

A frame is a header, then a body.  Header, little-endian: magic (2 bytes), version, kind, flags (2), descriptors (2),
call number (8), length of the body (8).  With :data:`BUFFERS` set, the body begins with two lengths (4 bytes each):
that of a table which says where the buffers are, and that of the payload; then table, payload, and the buffers that
travel inline.
"""

from __future__ import annotations

from _struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MAGIC = b"\xf1\xe5"
VERSION = 1

_HEADER = Struct("<2sBBHHQQ")
HEADER_SIZE = _HEADER.size
_LENGTHS = Struct("<II")

#: A flag: the body holds a table of buffers.
BUFFERS = 1
#: A flag of CALL: keep the result over there and answer with its number.
KEEP = 2
#: A flag of CALL and RESULT: the pickle names nothing, so that every unpickler reads it.
PLAIN = 4
#: A flag of CALL: end after its result, unless that is a stream.
LAST = 8

# from the host
CONFIG, CALL, RETURN, RAISE, CREDIT, STOP, FREE, BYE, SHIP = range(1, 10)
# from the worker
HELLO, RESULT, ERROR, STREAM, ITEMS, END, LOG, CALLBACK = range(17, 25)
# from both
RELEASE = 33

KINDS = frozenset({*range(1, 10), *range(17, 25), RELEASE})

#: Octets that one frame's body may have; more is refused before anything is allocated.
LIMIT = 1 << 40
#: The same for kinds that never carry a value.
CONTROL_LIMIT = 1 << 20
_CONTROL = frozenset({HELLO, CREDIT, STOP, FREE, BYE, END, RELEASE})
_SMALL = 1 << 16


class WireError(Exception):
    """What arrived is no frame, or none that may come now.

    Args:
        message: What is wrong.
        received: What was there instead, at most 80 octets.
    """

    def __init__(self, message: str, received: bytes = b"") -> None:
        super().__init__(message, received)
        self.message = message
        self.received = received


class Frame:
    """One frame that arrived.

    Attributes:
        kind: One of the kinds of this module.
        flags: :data:`BUFFERS`, :data:`KEEP`.
        call: The number of the call, callback or stream.
        payload: Octets.
        table: Octets that say where the buffers are; empty without.
        inline: A view of the buffers that came with the frame, one behind the other.
        descriptors: How many descriptors belong to it.
        buffers: What was made of table, inline and descriptors, once it was.
    """

    __slots__ = ("buffers", "call", "descriptors", "flags", "inline", "kind", "payload", "table")

    def __init__(
        self,
        kind: int,
        flags: int,
        call: int,
        payload: bytes | memoryview,
        table: bytes = b"",
        inline: memoryview | None = None,
        descriptors: int = 0,
    ) -> None:
        self.kind = kind
        self.flags = flags
        self.call = call
        self.payload = payload
        self.table = table
        self.inline = inline
        self.descriptors = descriptors
        self.buffers: Any = None

    def __repr__(self) -> str:
        return f"Frame(kind={self.kind}, flags={self.flags}, call={self.call}, {len(self.payload)} octets)"


def encode(kind: int, call: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """Return a frame without buffers as octets."""
    return _HEADER.pack(MAGIC, VERSION, kind, flags, 0, call, len(payload)) + payload


def encode_with_buffers(
    kind: int,
    call: int,
    payload: bytes,
    table: bytes,
    inline: Sequence[memoryview],
    descriptors: int,
    flags: int = 0,
) -> list[bytes | memoryview]:
    """Return a frame with buffers as a list of parts to be sent one behind the other, none of them copied.

    Args:
        kind: As :func:`encode`.
        call: As :func:`encode`.
        payload: As :func:`encode`.
        table: Octets that say where the buffers are.
        inline: Views of octets that travel in the frame.
        descriptors: How many descriptors travel with it.
        flags: As :func:`encode`.
    """
    length = _LENGTHS.size + len(table) + len(payload) + sum(view.nbytes for view in inline)
    header = _HEADER.pack(MAGIC, VERSION, kind, flags | BUFFERS, descriptors, call, length)
    return [header + _LENGTHS.pack(len(table), len(payload)) + table, payload, *inline]


#: What comes before the number and the length in the header of a plain call, and of its result.
_CONSTANT = 8
_NUMBERS = Struct("<QQ")
_PLAIN_CALL = _HEADER.pack(MAGIC, VERSION, CALL, PLAIN, 0, 0, 0)[:_CONSTANT]
_PLAIN_RESULT = _HEADER.pack(MAGIC, VERSION, RESULT, PLAIN, 0, 0, 0)[:_CONSTANT]


def plain_call(octets: bytes) -> tuple[int, bytes] | None:
    """Return number and pickle of a plain call, if *octets* are one and nothing else."""
    if len(octets) >= HEADER_SIZE and octets.startswith(_PLAIN_CALL):
        call, length = _NUMBERS.unpack_from(octets, _CONSTANT)
        if length == len(octets) - HEADER_SIZE:
            return call, octets[HEADER_SIZE:]
    return None


def plain_result(octets: bytes, call: int) -> bytes | None:
    """Return the pickle of the plain result of *call*, if *octets* are that and nothing else."""
    length = len(octets) - HEADER_SIZE
    if length >= 0 and octets.startswith(_PLAIN_RESULT) and _NUMBERS.unpack_from(octets, _CONSTANT) == (call, length):
        return octets[HEADER_SIZE:]
    return None


class Decoder:
    """Octets in, frames out.

    ``buffer()`` returns where the next octets belong, ``fed(n)`` takes note that *n* of them came.  A large body is
    filled in place, so its octets are never copied.  ``take(octets)`` is the shorter way for what is small.

    Args:
        limit: Octets that one body may have.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._small = memoryview(bytearray(_SMALL))
        self._start = 0
        self._end = 0
        self._large: memoryview | None = None
        self._filled = 0
        self._header: tuple[Any, ...] = ()
        #: Whether nothing of a frame came whose rest is missing.
        self.is_between_frames = True

    @property
    def is_filling(self) -> bool:
        """Whether a large body is on its way, to which :meth:`buffer` leads."""
        return self._large is not None

    def buffer(self) -> memoryview:
        """Return a writable view, never empty, for the next octets."""
        if self._large is not None:
            return self._large[self._filled :]
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == _SMALL:  # a frame begins near the end of the buffer: move it to the front
            rest = self._end - self._start
            self._small[:rest] = bytes(self._small[self._start : self._end])
            self._start, self._end = 0, rest
        return self._small[self._end :]

    def fed(self, count: int) -> list[Frame]:
        """Return the frames that are complete after *count* octets more.

        Raises:
            WireError: they are no frame.
        """
        if self._large is not None:
            self._filled += count
            if self._filled < len(self._large):
                return []
            body, self._large = self._large, None
            self.is_between_frames = True
            return [self._frame(self._header, body)]
        self._end += count
        frames = self._split()
        self.is_between_frames = not self.is_filling and self._start == self._end
        return frames

    def take(self, octets: bytes) -> list[Frame]:
        """Return the frames that are complete after *octets* more, which lie elsewhere.

        Small frames that came whole are cut out of *octets*; for the rest it is as if they had come into the buffer.

        Raises:
            WireError: they are no frame.
        """
        frames: list[Frame] = []
        start, end = 0, len(octets)
        if self.is_between_frames:
            while end - start >= HEADER_SIZE:
                magic, version, kind, flags, descriptors, call, length = _HEADER.unpack_from(octets, start)
                body = start + HEADER_SIZE
                behind = body + length
                if behind > end or flags & BUFFERS or magic != MAGIC or version != VERSION or kind not in KINDS:
                    break
                if length > self._limit:
                    break
                frames.append(Frame(kind, flags, call, octets[body:behind], b"", None, descriptors))
                start = behind
        while start < end:
            view = self.buffer()
            count = min(len(view), end - start)
            view[:count] = octets[start : start + count]
            frames += self.fed(count)
            start += count
        return frames

    def _split(self) -> list[Frame]:
        frames = []
        while self._end - self._start >= HEADER_SIZE:
            header = self._checked(_HEADER.unpack_from(self._small, self._start))
            body = self._start + HEADER_SIZE
            length = header[6]
            if body + length <= self._end:
                self._start = body + length
                frames.append(self._frame(header, self._small[body : self._start]))
            elif HEADER_SIZE + length > _SMALL:
                came = self._end - body
                self._large = memoryview(bytearray(length))
                self._large[:came] = self._small[body : self._end]
                self._filled, self._header = came, header
                self._start = self._end = 0
                break
            else:
                break
        else:
            self._check_beginning()
        return frames

    def _check_beginning(self) -> None:
        """Tell garbage from a frame before a whole header came: it may never come."""
        came = bytes(self._small[self._start : min(self._end, self._start + len(MAGIC))])
        if not MAGIC.startswith(came):
            raise self._garbage()

    def _garbage(self) -> WireError:
        return WireError("this is no frame", bytes(self._small[self._start : min(self._end, self._start + 80)]))

    def _checked(self, header: tuple[Any, ...]) -> tuple[Any, ...]:
        magic, version, kind, _, _, _, length = header
        if magic != MAGIC or kind not in KINDS:
            raise self._garbage()
        if version != VERSION:
            raise WireError(f"version {version} of the protocol was spoken, {VERSION} is known")
        if length > (CONTROL_LIMIT if kind in _CONTROL else self._limit):
            raise WireError(f"a frame of kind {kind} has {length} octets, more than may be")
        return header

    @staticmethod
    def _frame(header: tuple[Any, ...], body: memoryview) -> Frame:
        _, _, kind, flags, descriptors, call, length = header
        if not flags & BUFFERS:
            return Frame(kind, flags, call, bytes(body) if length <= _SMALL else body, descriptors=descriptors)
        if length < _LENGTHS.size:
            raise WireError("a frame with buffers has no lengths", bytes(body))
        table, payload = _LENGTHS.unpack_from(body)
        start = _LENGTHS.size + table
        if start + payload > length:
            raise WireError("a frame's table and payload are longer than the frame", bytes(body[:80]))
        inline = body[start + payload :]
        if length <= _SMALL:
            inline = memoryview(bytearray(inline))
        return Frame(
            kind,
            flags,
            call,
            bytes(body[start : start + payload]),
            bytes(body[_LENGTHS.size : start]),
            inline,
            descriptors,
        )
