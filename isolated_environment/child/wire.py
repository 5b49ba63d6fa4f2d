"""Frames between host and worker: no input, no output, the same code on both sides.

A frame is a header, then a body.  Header, little-endian: magic (2 bytes), version, kind, flags (2), descriptors (2),
call number (8), length of the body (8).  With :data:`BUFFERS` set, the body begins with two lengths (8 bytes each):
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

HEADER = Struct("<2sBBHHQQ")
HEADER_SIZE = HEADER.size
LENGTHS = Struct("<QQ")

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
CONTROL = frozenset({HELLO, CREDIT, STOP, FREE, BYE, END, RELEASE})


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
    return HEADER.pack(MAGIC, VERSION, kind, flags, 0, call, len(payload)) + payload


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
    length = LENGTHS.size + len(table) + len(payload) + sum(view.nbytes for view in inline)
    header = HEADER.pack(MAGIC, VERSION, kind, flags | BUFFERS, descriptors, call, length)
    return [header + LENGTHS.pack(len(table), len(payload)) + table, payload, *inline]


#: What comes before the number and the length in the header of a plain call, and of its result.
_CONSTANT = 8
_NUMBERS = Struct("<QQ")
_PLAIN_CALL = HEADER.pack(MAGIC, VERSION, CALL, PLAIN, 0, 0, 0)[:_CONSTANT]
_PLAIN_RESULT = HEADER.pack(MAGIC, VERSION, RESULT, PLAIN, 0, 0, 0)[:_CONSTANT]


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
