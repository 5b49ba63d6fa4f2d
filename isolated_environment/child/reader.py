"""Reading what the host sends, in whichever thread waits for something.

While the main thread or another one waits for the host to answer a callback, it reads for all: one thread reads at a
time, and passes on what is for others.
"""

from __future__ import annotations

import _thread
from _collections import deque  # type: ignore[import-not-found]  # collections costs more than all of ours

from . import conversation, decoder, parcels, transport, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ANSWERS = frozenset({wire.RETURN, wire.RAISE})


class Reader:
    """The part of a session that reads.

    Args:
        link: The transport.
    """

    def __init__(self, link: transport.SocketTransport | transport.PipeTransport) -> None:
        self._link = link
        self._decoder = decoder.Decoder()
        self._conversation = conversation.Conversation()
        self._memory = parcels.Memory(link.carries_descriptors)
        self._calls: deque[wire.Frame] = deque()
        self._answers: dict[int, wire.Frame] = {}
        self._gone = False
        self._turns = _thread.allocate_lock()
        self._reads = False
        self._waiting: list[_thread.LockType] = []

    def _take_note(self, kind: int, frame: wire.Frame) -> None:
        """Take a frame that is neither a call nor an answer."""
        raise NotImplementedError

    def _wait(self, ready: Callable[[], object], *, at_least_once: bool = False) -> None:
        """Return when *ready* does; read meanwhile, unless another thread does."""
        while True:
            with self._turns:
                if not at_least_once and ready():
                    return
                others = self._reads
                if others:
                    turn = _thread.allocate_lock()
                    turn.acquire()
                    self._waiting.append(turn)
                self._reads = True
            if others:
                turn.acquire()
                continue
            try:
                self._read()
            finally:
                self._give_turn()
            at_least_once = False

    def _give_turn(self) -> None:
        with self._turns:
            self._reads = False
            if not self._waiting:
                return
            turns, self._waiting = self._waiting, []
        for turn in turns:  # one of them reads next, if it still has to wait
            turn.release()

    def has_input(self) -> bool:
        """Return whether something came that nobody read."""
        return transport.has_input(self._link.fileno())

    def _read(self) -> None:
        frames, descriptors = self._link.receive(self._decoder)
        self._memory.came(descriptors)
        self._sort(frames)

    def _sort(self, frames: list[wire.Frame] | None) -> None:
        if frames is None:
            self._gone = True
            raise ConnectionResetError("the host is gone")
        for frame in frames:
            kind = frame.kind
            self._conversation.step(kind, frame.call)
            if frame.flags & wire.BUFFERS:
                self._memory.arrived(frame)
            if kind == wire.CALL:
                self._calls.append(frame)
            elif kind in _ANSWERS:
                self._answers[frame.call] = frame
            else:
                self._take_note(kind, frame)
