"""Octets in, frames out: no input, no output, the same code on both sides."""

from __future__ import annotations

from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Octets of the buffer for what is small.
_SMALL = 1 << 16


class Decoder:
    """Octets in, frames out.

    ``buffer()`` returns where the next octets belong, ``fed(n)`` takes note that *n* of them came.  A large body is
    filled in place, so its octets are never copied.  ``take(octets)`` is the shorter way for what is small.

    Args:
        limit: Octets that one body may have.
    """

    def __init__(self, limit: int = wire.LIMIT) -> None:
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

    def fed(self, count: int) -> list[wire.Frame]:
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

    def take(self, octets: bytes) -> list[wire.Frame]:
        """Return the frames that are complete after *octets* more, which lie elsewhere.

        Small frames that came whole are cut out of *octets*; for the rest it is as if they had come into the buffer.

        Raises:
            WireError: they are no frame.
        """
        frames: list[wire.Frame] = []
        start, end = 0, len(octets)
        if self.is_between_frames:
            while end - start >= wire.HEADER_SIZE:
                magic, version, kind, flags, descriptors, call, length = wire.HEADER.unpack_from(octets, start)
                body = start + wire.HEADER_SIZE
                behind = body + length
                known = magic == wire.MAGIC and version == wire.VERSION and kind in wire.KINDS
                if not known or behind > end or flags & wire.BUFFERS or length > self._limit:
                    break
                frames.append(wire.Frame(kind, flags, call, octets[body:behind], b"", None, descriptors))
                start = behind
        while start < end:
            view = self.buffer()
            count = min(len(view), end - start)
            view[:count] = octets[start : start + count]
            frames += self.fed(count)
            start += count
        return frames

    def _split(self) -> list[wire.Frame]:
        frames = []
        while self._end - self._start >= wire.HEADER_SIZE:
            header = self._checked(wire.HEADER.unpack_from(self._small, self._start))
            body = self._start + wire.HEADER_SIZE
            length = header[6]
            if body + length <= self._end:
                self._start = body + length
                frames.append(self._frame(header, self._small[body : self._start]))
            elif wire.HEADER_SIZE + length > _SMALL:
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
        came = bytes(self._small[self._start : min(self._end, self._start + len(wire.MAGIC))])
        if not wire.MAGIC.startswith(came):
            raise self._garbage()

    def _garbage(self) -> wire.WireError:
        return wire.WireError("this is no frame", bytes(self._small[self._start : min(self._end, self._start + 80)]))

    def _checked(self, header: tuple[Any, ...]) -> tuple[Any, ...]:
        magic, version, kind, _, _, _, length = header
        if magic != wire.MAGIC or kind not in wire.KINDS:
            raise self._garbage()
        if version != wire.VERSION:
            raise wire.WireError(f"version {version} of the protocol was spoken, {wire.VERSION} is known")
        if length > (wire.CONTROL_LIMIT if kind in wire.CONTROL else self._limit):
            raise wire.WireError(f"a frame of kind {kind} has {length} octets, more than may be")
        return header

    @staticmethod
    def _frame(header: tuple[Any, ...], body: memoryview) -> wire.Frame:
        _, _, kind, flags, descriptors, call, length = header
        if not flags & wire.BUFFERS:
            return wire.Frame(kind, flags, call, bytes(body) if length <= _SMALL else body, descriptors=descriptors)
        if length < wire.LENGTHS.size:
            raise wire.WireError("a frame with buffers has no lengths", bytes(body))
        table, payload = wire.LENGTHS.unpack_from(body)
        start = wire.LENGTHS.size + table
        if start + payload > length:
            raise wire.WireError("a frame's table and payload are longer than the frame", bytes(body[:80]))
        inline = body[start + payload :]
        if length <= _SMALL:
            inline = memoryview(bytearray(inline))
        return wire.Frame(
            kind,
            flags,
            call,
            bytes(body[start : start + payload]),
            bytes(body[wire.LENGTHS.size : start]),
            inline,
            descriptors,
        )
