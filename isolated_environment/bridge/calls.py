"""The host's side of a worker's calls: start them, drive the connection until they end, answer callbacks."""

from __future__ import annotations

import itertools
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..child import pickling as child_pickling
from ..child import wire
from ..child.parcels import are_plain, dumps_plain, loads_plain
from ..errors import SerializationError
from . import pickling
from .burst import Burst
from .configuration import configuration
from .connection import Connection
from .counter import Counter
from .exports import Exports
from .failures import cannot_build, exception_of, not_understood
from .handlers import hand
from .prepared import Prepared
from .stream import Items

#: What a call ended with: whether it returned, and what it returned or raised.
Outcome = tuple[bool, Any]


class Calls:
    """The calls of one worker.  One thread at a time may use it.

    Args:
        connection: To the worker.
        peer: What the host knows of the environment.
        is_for_one_call: Whether the worker ends by itself after the first call that does not return a stream.
    """

    def __init__(self, connection: Connection, peer: pickling.Peer, *, is_for_one_call: bool = False) -> None:
        self.connection = connection
        self._peer = peer
        self._protocol = peer.protocol
        #: Functions of this process that the worker may call.
        self.exports = Exports()
        self._flags = wire.LAST if is_for_one_call else 0
        #: Whether the worker ends by itself.
        self.are_over = False
        self._memory = connection.memory
        self._numbers = itertools.count(1)
        self._outcomes: dict[int, Outcome] = {}
        self._streams: weakref.WeakValueDictionary[int, Items] = weakref.WeakValueDictionary()
        self._counter = Counter(peer, self.exports)
        self._number_of, self.prepare = self._counter.number_of, self._counter.prepare
        #: Numbers of kept objects and streams that nothing here refers to any more, with the kind of frame to send.
        self.dropped: deque[tuple[int, int]] = deque()

    @property
    def has_streams(self) -> bool:
        """Whether somebody still reads a stream."""
        return bool(self._streams)

    # starting

    def configure(self) -> None:
        """Tell the worker what it has to know before anything else."""
        self.connection.send([(wire.CONFIG, 0)], [configuration(self._peer)])

    def ask(self, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Outcome:
        """Make a call and return its outcome; arguments and exceptions as those of :meth:`prepare` and :meth:`wait`."""
        known = self._number_of(target)
        if known is None or not are_plain(args, kwargs):
            return self.ask_within(None, target, args, kwargs)
        payload = dumps_plain((known, args, kwargs), self._protocol)
        if self.dropped or self._memory.has_borrowed:
            self.flush()
        number = next(self._numbers)
        found = self.connection.exchange(number, wire.encode(wire.CALL, number, payload, wire.PLAIN))
        if found is None:
            return self.wait(number)
        try:
            return True, loads_plain(found)
        except Exception as error:  # noqa: BLE001 - as in _value
            return False, cannot_build(error)

    def ask_within(
        self,
        timeout: float | None,
        target: object,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        keep: bool = False,
    ) -> Outcome:
        """As :meth:`ask`, with a time-out in seconds.

        Raises:
            Late: it passed.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        (number,) = self.start([self.prepare(target, args, kwargs)], keep=keep, deadline=deadline)
        return self.wait(number, deadline)

    def start(self, prepared: Iterable[Prepared], *, keep: bool = False, deadline: float | None = None) -> list[int]:
        """Send calls; return their numbers.

        Args:
            prepared: What :meth:`prepare` returned, for each.
            keep: Keep what they return there, and answer with its number.
            deadline: When they must have been sent.

        Raises:
            WorkerDied: the worker ended.
            Late: *deadline* passed.
        """
        numbers, burst = [], Burst(self.connection)
        before = self.connection.limit(deadline)
        try:
            burst.add_dropped(self.dropped)
            for call in prepared:
                number = next(self._numbers)
                numbers.append(number)
                if call.shipped is not None:
                    burst.add(wire.SHIP, call.shipped.number, call.shipped.payload)
                flags = call.flags | self._flags | (wire.KEEP if keep else 0)
                burst.add(wire.CALL, number, call.payload, call.buffers, flags)
            burst.send()
        finally:
            self.connection.deadline = before
        return numbers

    def _send_one(self, kind: int, call: int, payload: bytes, buffers: Sequence[Any] = ()) -> None:
        burst = Burst(self.connection)
        burst.add_dropped(self.dropped)
        burst.add(kind, call, payload, buffers)
        burst.send()

    def flush(self) -> None:
        """Tell the worker what nothing here refers to any more."""
        burst = Burst(self.connection)
        burst.add_dropped(self.dropped)
        burst.send()

    def bye(self) -> None:
        """Tell the worker that no more calls come."""
        if not self.are_over:
            self._send_one(wire.BYE, 0, b"")

    # driving

    def wait(self, number: int, deadline: float | None = None) -> Outcome:
        """Drive the connection until a call ends; return its outcome.

        Raises:
            WorkerDied, ProtocolError: the worker did not answer.
            Late: *deadline* passed, or that of a call around this one.
        """
        outcomes = self._outcomes
        if number not in outcomes:
            before = self.connection.limit(deadline)
            try:
                while number not in outcomes:
                    frame = self.connection.receive()
                    if frame is not None:
                        self._take(frame)
            finally:
                self.connection.deadline = before
            self.connection.drain_output()  # what it wrote before it answered is handed on before this returns
        outcome = outcomes.pop(number)
        self.are_over = bool(self._flags) and type(outcome[1]) is not Items
        return outcome

    def at_hand(self, number: int) -> Outcome | None:
        """Return the outcome of a call if that is the next thing that came, along with one that was waited for."""
        frame = self.connection.next_at_hand()
        if frame is None or frame.kind != wire.RESULT or frame.call != number:
            return None
        self.connection.receive()
        return self._value(frame)

    def drive(self, ready: Callable[[], bool]) -> None:
        """Drive the connection until *ready*."""
        while not ready():
            frame = self.connection.receive()
            if frame is not None:
                self._take(frame)

    def credit(self, number: int, count: int) -> None:
        """Let a stream send *count* items more."""
        self._send_one(wire.CREDIT, number, count.to_bytes(8, "little"))

    def _take(self, frame: wire.Frame) -> None:
        kind, call = frame.kind, frame.call
        if kind == wire.RESULT:
            self._outcomes[call] = self._value(frame)
        elif kind == wire.CALLBACK:
            self._answer(frame)
        else:
            try:
                self._take_note(kind, call, frame)
            except Exception as error:
                raise not_understood(frame.payload, error) from error

    def _take_note(self, kind: int, call: int, frame: wire.Frame) -> None:
        if kind == wire.ERROR:
            self._end(call, exception_of(child_pickling.loads(frame.payload)))
        elif kind == wire.STREAM:
            items = self._streams[call] = Items(call)
            self._outcomes[call] = True, items
        elif kind == wire.ITEMS:
            self._add_items(frame)
        elif kind == wire.END:
            self._end(call, None)
        elif kind == wire.LOG:
            from .records import handle

            hand(handle, child_pickling.loads(frame.payload))
        elif kind == wire.FREE:
            self.exports.discard(call)
        elif kind == wire.RELEASE:
            self._memory.release(frame.payload)

    def _value(self, frame: wire.Frame) -> Outcome:
        try:
            if frame.flags & wire.PLAIN:
                return True, loads_plain(frame.payload)
            return True, child_pickling.loads(frame.payload, self._memory.buffers_of(frame))
        except Exception as error:  # noqa: BLE001 - whatever a class does when it is built again
            return False, cannot_build(error)

    def _end(self, call: int, error: BaseException | None) -> None:
        items = self._streams.pop(call, None)
        if items is not None:
            items.end(error)
        elif error is not None:
            self._outcomes[call] = False, error

    def _add_items(self, frame: wire.Frame) -> None:
        returned, value = self._value(frame)
        items = self._streams.get(frame.call)
        if items is None:
            return
        if returned:
            items.add(value, len(frame.payload))
        else:
            items.end(value)

    # callbacks

    def _answer(self, frame: wire.Frame) -> None:
        """Call a function of this process for the worker."""
        kind, value = wire.RETURN, None
        try:
            number, args, kwargs = child_pickling.loads(frame.payload, self._memory.buffers_of(frame))
            value = self.exports[number](*args, **kwargs)
        except Exception as error:
            if self.connection.is_closed:  # it ended the worker: there is nobody to tell
                raise
            kind, value = wire.RAISE, error
        buffers: list[Any] = []
        try:
            payload = self._dumped(value, buffers)
        except SerializationError as error:
            kind, buffers = wire.RAISE, []
            payload = self._dumped(TypeError(str(value) if kind == wire.RAISE else error.message), buffers)
        self._send_one(kind, frame.call, payload, buffers)

    def _dumped(self, value: object, buffers: list[Any]) -> bytes:
        with self.exports.open():
            return pickling.dumps(value, self._peer, buffers)

    def close(self, error: Exception) -> None:
        """Let the streams that are open fail with *error*."""
        for items in list(self._streams.values()):
            items.end(error)
