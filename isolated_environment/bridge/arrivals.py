"""What came from a worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..child import wire
from ..child.conversation import Conversation
from ..child.decoder import Decoder
from ..child.parcels import Memory
from ..child.transport import has_input
from ..errors import ProtocolError
from .worker_process import WorkerProcess


class Arrivals:
    """The frames that came from a worker, and that nobody took.

    Args:
        process: The worker's process.
        memory: That of its connection.
        conversation: That of its connection.
    """

    def __init__(self, process: WorkerProcess, memory: Memory, conversation: Conversation) -> None:
        self._process = process
        self._link = process.link
        self._memory = memory
        self._conversation = conversation
        self.decoder = Decoder()
        self.frames: deque[wire.Frame] = deque()
        #: Whether it was heard of.
        self.is_greeted = False
        #: Whether what was read last was the end of one frame, and nothing of another that is complete.
        self.is_single = False

    def read(self, came: tuple[bytes, Sequence[int]] | None = None) -> bool:
        """Read once, or take what came already; return whether there is more to come."""
        try:
            frames = self._frames(came)
        except ConnectionResetError:
            return False
        except wire.WireError as error:
            self._process.kill()
            raise ProtocolError(
                f"the worker sent what it may not: {error.message}",
                hint="look for code in the environment that writes to descriptors it did not open",
                received=repr(error.received),
            ) from None
        except MemoryError as error:
            self._process.kill()
            raise ProtocolError(
                "the worker announced more than there is memory for", hint="return less at a time", received=""
            ) from error
        if frames is None:
            return False
        if not self.is_greeted and frames:
            self.is_greeted = True
            if frames[0].kind == wire.HELLO:
                frames = frames[1:]
        self.is_single = len(frames) == 1
        self.frames.extend(frames)
        return True

    def _frames(self, came: tuple[bytes, Sequence[int]] | None) -> list[wire.Frame] | None:
        """Return the frames that came, ``None`` at the end."""
        if came is None:
            frames, descriptors = self._link.receive(self.decoder)
        else:
            frames, descriptors = self.decoder.take(came[0]) if came[0] else None, came[1]
        self._memory.came(descriptors)
        for frame in frames or ():
            self._conversation.step(frame.kind, frame.call)
        return frames

    def read_all(self) -> bool:
        """After the worker's end: read what it left; return whether frames are there."""
        while has_input(self._link.fileno()):
            if not self.read():
                break
        return bool(self.frames)
