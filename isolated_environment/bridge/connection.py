"""Driving a worker's connection: frames out, frames in, text drained, and its end noticed."""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from ..child import conversation, wire
from ..child.parcels import Memory
from ..child.transport import SocketTransport, rest_of
from ..errors import CallError, WorkerClosedError
from .arrivals import Arrivals
from .deadlines import Late
from .deaths import death_of, not_started
from .output import Output
from .worker_process import GRACE, WorkerProcess

#: Milliseconds between two looks at the process where the kernel cannot tell of its end (no pidfd: macOS).
_LOOK = 50
#: The same elsewhere.  A signal between Python's last look for one and the system call does not end the call: Ctrl-C
#: would have to wait for the worker's answer.
_BEAT = 500
_AT_ONCE = getattr(select, "POLLIN", 1)
_ROOM = getattr(select, "POLLOUT", 4)
_NONBLOCKING = 0x40  # MSG_DONTWAIT
#: Seconds until a worker must have come up; what an environment runs at the start of its interpreter may take long.
START_LIMIT = 120.0


class Connection:
    """One worker's connection.  One thread at a time may use it.

    Args:
        process: The worker's process.
        on_output: Takes each line that the worker writes.
    """

    def __init__(self, process: WorkerProcess, on_output: Callable[[str], object] | None) -> None:
        self.process = process
        self.output = Output(process.text, on_output)
        self._link = process.link
        #: Memory that both sides see.
        self.memory = Memory(self._link.carries_descriptors)
        self._conversation = conversation.Conversation()
        self._arrivals = Arrivals(process, self.memory, self._conversation)
        self._arrived = self._arrivals.frames
        #: How much went to the worker.
        self.octets_sent = 0
        #: When the calls that are under way have to end, or ``None``.
        self.deadline: float | None = None
        self._greets_by = time.monotonic() + START_LIMIT
        #: Whether it was closed.
        self.is_closed = False
        self._was_quiet = self._was_drained = False
        self._reads_text = True
        self._poll = select.poll()
        self._link_number = self._link.fileno()
        self._poll.register(self._link_number, _AT_ONCE)
        self._poll.register(process.text, _AT_ONCE)
        if process.pidfd >= 0:
            self._poll.register(process.pidfd, _AT_ONCE)
        #: Milliseconds to wait at most.
        self._look = _BEAT if process.pidfd >= 0 else _LOOK
        self._direct = self._link if process.pidfd >= 0 and isinstance(self._link, SocketTransport) else None
        self._only_input = [(self._link_number, _AT_ONCE)]

    # out

    def send(self, frames: Sequence[tuple[int, int]], parts: list[bytes | memoryview], fds: Sequence[int] = ()) -> None:
        """Send encoded frames; read meanwhile, so that neither side waits for the other for ever.

        Args:
            frames: Kind and number of each frame in *parts*.
            parts: The octets.
            fds: Descriptors that travel with them.

        Raises:
            WorkerDied: the worker ended.
            WorkerClosedError: it was closed meanwhile, by a function that a call of it called.
            Late: the deadline passed.
        """
        self._assert_open()
        for kind, call in frames:
            self._conversation.step(kind, call)
        self._send_all([memoryview(part).cast("B") for part in parts if len(part)], fds)

    def send_one(self, kind: int, call: int, octets: bytes) -> None:
        """As :meth:`send`, for one frame in one piece."""
        if self.is_closed or not isinstance(self._link, SocketTransport):
            self.send([(kind, call)], [octets])
            return
        self._conversation.step(kind, call)
        sent = self._send_some(self._link, octets)
        if sent < len(octets):
            self._send_all([memoryview(octets)[sent:]], ())

    def exchange(self, call: int, octets: bytes) -> bytes | None:
        """Send a plain call, as :meth:`send_one`, and return the pickle of its plain result.

        Returns:
            ``None`` when something else came first, or may come: :meth:`receive` goes on from there.

        Raises:
            Exception: as :meth:`send` and :meth:`receive`.
        """
        link, arrivals = self._direct, self._arrivals
        if link is None or self.deadline is not None or self.is_closed or self._arrived:
            self.send_one(wire.CALL, call, octets)
            return None
        sent = self._send_some(link, octets)
        if sent < len(octets):
            self._conversation.begin(call)
            self._send_all([memoryview(octets)[sent:]], ())
            return None
        ready = self._poll.poll(_BEAT)
        if ready != self._only_input:
            self._conversation.begin(call)
            self._take(ready)
            return None
        try:
            came, descriptors = link.receive_octets()
        except ConnectionResetError:
            self._raise_death()
        if not descriptors and arrivals.decoder.is_between_frames:
            found = wire.plain_result(came, call)
            if found is not None:
                return found
        self._conversation.begin(call)
        self._was_quiet, self._was_drained, arrivals.is_single = True, False, True
        if not arrivals.read((came, descriptors)):
            self._raise_death()
        return None

    def _send_some(self, link: SocketTransport, octets: bytes) -> int:
        try:
            sent: int = link.socket.send(octets, _NONBLOCKING)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            self._raise_death()
        self.octets_sent += sent
        return sent

    def _send_all(self, views: list[memoryview], fds: Sequence[int]) -> None:
        if not isinstance(self._link, SocketTransport):
            self._link.send(views)
            return
        ancillary = self._link.ancillary(fds)
        while views:
            try:
                sent = self._link.socket.sendmsg(views, ancillary, _NONBLOCKING)
            except BlockingIOError:
                self._wait_for_room()
                continue
            except (BrokenPipeError, ConnectionResetError):
                self._raise_death()
            self.octets_sent += sent
            ancillary = []
            views = rest_of(views, sent)

    def _wait_for_room(self) -> None:
        self._poll.modify(self._link_number, _AT_ONCE | _ROOM)
        try:
            self._turn()
        finally:
            self._poll.modify(self._link_number, _AT_ONCE)

    def limit(self, deadline: float | None) -> float | None:
        """Let what is under way end at *deadline* at the latest; return what :attr:`deadline` was, to be set again."""
        before = self.deadline
        if deadline is not None and (before is None or deadline < before):
            self.deadline = deadline
        return before

    # in

    def receive(self) -> wire.Frame | None:
        """Return the next frame; ``None`` when something else happened first, such as text that was handed on.

        Raises:
            WorkerDied: the worker ended; every frame that it sent before was returned first.
            ProtocolError: what came is no frame.
            WorkerClosedError: it was closed meanwhile, by a function that a call of it called.
            Late: the deadline passed.
        """
        arrived = self._arrived
        if not arrived:
            self._assert_open()
            self._turn()
        return arrived.popleft() if arrived else None

    def next_at_hand(self) -> wire.Frame | None:
        """Return the frame that :meth:`receive` returns without waiting, if text from before it was handed on."""
        return self._arrived[0] if self._arrived and self._was_drained else None

    def drain_output(self) -> None:
        """Hand on the text that the worker has written until now."""
        # were there text from before the last frame was sent, the look at the pipe that led to it would have seen it
        if not (self._was_drained or (self._was_quiet and self._arrivals.is_single)):
            self.output.drain()
            self._was_drained = True
        self._assert_open()  # a handler of that text may have closed the worker

    def _assert_open(self) -> None:
        if self.is_closed:
            raise WorkerClosedError("the worker was closed while it was in use", hint="make a new one")

    def _turn(self) -> None:
        """Wait for anything, and take what there is."""
        deadline = self.deadline if self._arrivals.is_greeted else min(self._greets_by, self.deadline or math.inf)
        patience = self._patience(deadline)
        if deadline is not None and time.monotonic() >= deadline:
            if deadline == self.deadline:
                raise Late
            self.process.kill()
            self._raise_death()
        self._take(self._poll.poll(patience))
        if self.process.pidfd < 0 and self.process.returncode() is not None and not self._arrivals.read_all():
            self._raise_death()

    def _take(self, ready: list[tuple[int, int]]) -> None:
        self._was_drained = False
        self._was_quiet = len(ready) == 1 and ready[0][0] == self._link_number and not self._arrived
        for number, events in ready:
            if number == self._link_number:
                if events & ~_ROOM and not self._arrivals.read():
                    self._raise_death()
            elif number == self.process.text:
                self._drain()
            elif not self._arrived and not self._arrivals.read_all():  # its end: what it sent before comes first
                self._raise_death()

    def _patience(self, deadline: float | None) -> float:
        return self._look if deadline is None else min(max(0.0, (deadline - time.monotonic()) * 1000), self._look)

    # the end

    def _raise_death(self) -> NoReturn:
        raise self.death()

    def death(self) -> CallError:
        """Return the error that tells how the worker ended; ends it if it only closed its connection."""
        self._await_end(1.0)
        status = self.process.kill()
        self.output.drain()
        if self._arrivals.is_greeted:
            return death_of(status, self.output.tail())
        late = time.monotonic() >= self._greets_by
        return not_started(self.process.interpreter, START_LIMIT if late else None, status, self.output.tail())

    def end(self, *signals: int) -> None:
        """End the worker: each signal in turn, with time to obey, then kill it; what it still writes is handed on.

        Args:
            signals: :data:`signal.SIGINT` and :data:`signal.SIGTERM`; 0 only waits.
        """
        for number in signals:
            if number:
                self.process.signal(number)
            if self._await_end(GRACE):
                break
        self.process.kill()

    def _await_end(self, seconds: float) -> bool:
        """Wait for the end of the process; frames that come meanwhile are nobody's."""
        deadline = time.monotonic() + seconds
        while self.process.returncode() is None:
            if time.monotonic() >= deadline:
                return False
            for number, _ in self._poll.poll(self._patience(min(deadline, time.monotonic() + _LOOK / 1000))):
                if number == self.process.text:
                    self._drain()
                elif number == self._link_number and not self._link.discard():
                    self._poll.unregister(self._link_number)
                    self._link_number = -1
        return True

    def _drain(self) -> None:
        self.output.drain()
        if not self.output.is_open and self._reads_text:
            self._reads_text = False
            self._poll.unregister(self.process.text)

    def close(self) -> None:
        """Give back everything; the process must have ended."""
        if self.is_closed:
            return
        self.is_closed = True
        if not self.process.is_forgotten:
            self.output.drain()
        self.memory.close()
        self.process.close()
