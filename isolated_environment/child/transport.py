"""Octets and descriptors between host and worker: a stream socket, or two pipes where there is none."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from . import decoder as decoders
    from . import wire

    Parts = Sequence[bytes | memoryview]

#: Descriptors that one message may carry; Linux takes 253.
_MOST_DESCRIPTORS = 128
_DESCRIPTOR = 4
_CHUNK = 1 << 16
_READY_FOR_INPUT = 1  # select.POLLIN


class SocketTransport:
    """One end of a pair of connected stream sockets.

    Args:
        sock: The socket, blocking.  Of :mod:`_socket`, so that a worker need not import :mod:`socket`.
    """

    carries_descriptors = True

    def __init__(self, sock: Any) -> None:
        import _socket

        self.socket = sock
        self._receive, self._fill = sock.recvmsg, sock.recvmsg_into
        self._rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS)
        self._space = _socket.CMSG_SPACE(_MOST_DESCRIPTORS * _DESCRIPTOR)
        self._flags = getattr(_socket, "MSG_CMSG_CLOEXEC", 0)
        self._cut = _socket.MSG_CTRUNC

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        number: int = self.socket.fileno()
        return number

    def receive(self, decoder: decoders.Decoder) -> tuple[list[wire.Frame] | None, Sequence[int]]:
        """Give *decoder* what came.

        Returns:
            The frames that are complete now, ``None`` at the end; and the descriptors that came with the octets.

        Raises:
            WireError: it is no frame.
        """
        if decoder.is_filling:
            count, ancillary, flags, _ = self._fill([decoder.buffer()], self._space, self._flags)
            return (decoder.fed(count) if count else None), self._descriptors(ancillary, flags)
        octets, descriptors = self.receive_octets()
        try:
            return (decoder.take(octets) if octets else None), descriptors
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            raise

    def receive_octets(self) -> tuple[bytes, Sequence[int]]:
        """Return some of what came, nothing at the end, and the descriptors that came with it."""
        octets, ancillary, flags, _ = self._receive(_CHUNK, self._space, self._flags)
        return octets, self._descriptors(ancillary, flags) if ancillary else ()

    def discard(self) -> bool:
        """Throw away what came; return whether there may come more."""
        try:
            octets, descriptors = self.receive_octets()
            for descriptor in descriptors:
                os.close(descriptor)
        except OSError:
            return False
        return bool(octets)

    def _descriptors(self, ancillary: list[tuple[int, int, bytes]], flags: int) -> list[int]:
        found: list[int] = []
        for level, kind, data in ancillary:
            if (level, kind) == self._rights:
                whole = len(data) - len(data) % _DESCRIPTOR
                found += memoryview(data)[:whole].cast("i").tolist()
        if flags & self._cut:  # no descriptor is left for them
            for descriptor in found:
                os.close(descriptor)
            raise OSError(24, "too many open files: descriptors of arrays were lost")
        return found

    def send(self, parts: Parts, descriptors: Sequence[int] = ()) -> None:
        """Send all of *parts*, one behind the other, and *descriptors* with the first octets."""
        views = [memoryview(part).cast("B") for part in parts if len(part)]
        ancillary = self.ancillary(descriptors)
        while views:
            sent = self.socket.sendmsg(views, ancillary)
            ancillary = []
            views = rest_of(views, sent)

    def send_one(self, octets: bytes) -> None:
        """Send *octets*, which need no descriptor."""
        sent = self.socket.send(octets)
        if sent < len(octets):
            self.send([memoryview(octets)[sent:]])

    def ancillary(self, descriptors: Sequence[int]) -> list[tuple[int, int, Any]]:
        """Return *descriptors* as ``sendmsg`` takes them."""
        if not descriptors:
            return []
        import array

        return [(*self._rights, array.array("i", descriptors))]

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class PipeTransport:
    """Two pipes; no descriptor can travel.

    Args:
        reading: The descriptor to read from.
        writing: The descriptor to write to.
    """

    carries_descriptors = False

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reading

    def receive(self, decoder: decoders.Decoder) -> tuple[list[wire.Frame] | None, Sequence[int]]:
        """As :meth:`SocketTransport.receive`."""
        octets, _ = self.receive_octets()
        return (decoder.take(octets) if octets else None), ()

    def receive_octets(self) -> tuple[bytes, Sequence[int]]:
        """As :meth:`SocketTransport.receive_octets`."""
        return os.read(self._reading, _CHUNK), ()

    def discard(self) -> bool:
        """As :meth:`SocketTransport.discard`."""
        return bool(self.receive_octets()[0])

    def send(self, parts: Parts, descriptors: Sequence[int] = ()) -> None:  # noqa: ARG002 - none is ever given
        """As :meth:`SocketTransport.send`."""
        for part in parts:
            view = memoryview(part).cast("B")
            while len(view):
                view = view[os.write(self._writing, view) :]

    def send_one(self, octets: bytes) -> None:
        """As :meth:`SocketTransport.send_one`."""
        self.send([octets])

    def close(self) -> None:
        """Close both pipes."""
        os.close(self._reading)
        os.close(self._writing)


def has_input(descriptor: int) -> bool:
    """Return whether something came that nobody read."""
    import select

    if not hasattr(select, "poll"):  # Windows: nothing can be asked of a pipe; what came waits for its turn
        return False
    poll = select.poll()
    poll.register(descriptor, _READY_FOR_INPUT)
    return bool(poll.poll(0))


def rest_of(views: list[memoryview], sent: int) -> list[memoryview]:
    """Return what of *views* is left after *sent* octets."""
    for number, view in enumerate(views):
        if sent < len(view):
            return [view[sent:], *views[number + 1 :]]
        sent -= len(view)
    return []


def take_standard_descriptors(transport: str) -> SocketTransport | PipeTransport:
    """Take the transport, and let nothing that reads or prints touch a frame: 0 is the null device, and 1 is 2.

    Args:
        transport: The descriptor of a socket, or ``pipes`` for stdin and stdout.
    """
    if transport != "pipes":
        import _socket

        os.set_inheritable(int(transport), False)  # noqa: FBT003 - it takes it by position only
        os.dup2(2, 1)
        return SocketTransport(_socket.socket(fileno=int(transport)))
    reading, writing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return PipeTransport(reading, writing)
