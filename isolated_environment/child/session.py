"""The worker's side of a connection: calls are taken one after the other, in the main thread."""

from __future__ import annotations

import _thread
import os
import sys
from _collections import deque  # type: ignore[import-not-found]  # collections costs more than all of ours

from . import handles, parcels, pickling, reader, streams, transport, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Session(reader.Reader):
    """One connection to a host.

    Args:
        link: The transport.
    """

    def __init__(self, link: transport.SocketTransport | transport.PipeTransport) -> None:
        super().__init__(link)
        #: Objects that are kept for the host, by number.
        self.objects: dict[int, Any] = {}
        #: Functions of the host that nothing here refers to any more, by number.
        self.freed: deque[int] = deque()
        self._shipped: dict[int, bytes | memoryview] = {}
        self._functions: dict[int, Callable[..., Any]] = {}
        self._protocol = min(5, pickling.HIGHEST)
        self._streams: dict[int, streams.Stream] = {}
        self._stopped: deque[streams.Stream] = deque()
        self._asked = 0
        self._ended = False
        self._sending = _thread.RLock()
        self._main = _thread.get_ident()

    def run(self) -> None:
        """Greet, then take calls until the end."""
        version = sys.version_info
        self.send(wire.HELLO, 0, b"%d.%d.%d %d %d" % (*version[:3], os.getpid(), pickling.HIGHEST))
        while True:
            while self._stopped:  # here, where no generator is running
                self._stopped.popleft().stop(self)
            if self._calls:
                self._run(self._calls.popleft())
            elif not self._streams:
                self._await_call()
            elif not self._pump():
                self._wait(self._has_work)
            if self._gone or (self._ended and not self._calls):
                for stream in self._streams.values():
                    stream.close()
                return

    def leave(self) -> None:
        """In a fork: the connection is the other process's."""
        self._link.close()

    # what the host asked for

    def _await_call(self) -> None:
        """Wait for what comes next; a plain call that comes alone is answered at once, past all queues."""
        with self._turns:
            is_free = not (self._reads or self._calls or self._ended or self._gone or self._stopped)
            if is_free:
                self._reads = True
        if not is_free:
            self._wait(self._has_work)
            return
        call = None
        try:
            octets, descriptors = self._link.receive_octets()
            if not descriptors and self._decoder.is_between_frames:
                call = wire.plain_call(octets)
            if call is None:
                self._memory.came(descriptors)
                self._sort(self._decoder.take(octets) if octets else None)
        finally:
            self._give_turn()
        if call is not None:
            self._run_plain(*call)

    def _run_plain(self, call: int, pickled: bytes) -> None:
        """Run a plain call; nothing is noted of it in the conversation if its result is plain as well."""
        target, args, kwargs = parcels.loads_plain(pickled)
        function = self._functions.get(target)
        if function is None:
            self._conversation.begin(call)
            self._run(wire.Frame(wire.CALL, wire.PLAIN, call, pickled))
            return
        try:
            value = function(*args, **kwargs)
            del args, kwargs
            if parcels.is_plain(value):
                flush_output()
                if self.freed or self._memory.has_borrowed:
                    self._tell_released()
                octets = wire.encode(wire.RESULT, call, parcels.dumps_plain(value, self._protocol), wire.PLAIN)
                with self._sending:
                    self._link.send_one(octets)
                return
            self._conversation.begin(call)
            self._answer(call, value)
        except BaseException as error:  # noqa: BLE001 - whatever ends the call is the host's to know
            self._conversation.begin(call)
            self._answer_error(call, error)

    def _run(self, frame: wire.Frame) -> None:
        try:
            function, args, kwargs = self._loaded(frame)
            value = function(*args, **kwargs)
            del function, args, kwargs
            if frame.flags & wire.KEEP:
                self.objects[frame.call] = streams.run_awaited(value)
                value = frame.call
            self._answer(frame.call, value)
        except BaseException as error:  # noqa: BLE001 - whatever ends the call is the host's to know
            self._answer_error(frame.call, error)
        if frame.flags & wire.LAST and frame.call not in self._streams:
            self._ended = True

    def _answer(self, call: int, value: Any) -> None:
        if parcels.is_plain(value):
            flush_output()
            self._tell_released()
            self.send(wire.RESULT, call, parcels.dumps_plain(value, self._protocol), wire.PLAIN)
            return
        value = streams.run_awaited(value)
        if streams.is_stream(value):
            self._streams[call] = streams.Stream(call, value)
            self.send(wire.STREAM, call)
            return
        flush_output()
        self.send_value(wire.RESULT, call, parcels.beside(value))

    def _answer_error(self, call: int, error: BaseException) -> None:
        flush_output()
        self.fail(call, error)
        # an interrupt is how the host gives a worker up: what it asked for besides goes to another one
        self._gone = self._gone or type(error) is KeyboardInterrupt

    def _loaded(self, frame: wire.Frame) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        if frame.flags & wire.PLAIN:
            target, args, kwargs = parcels.loads_plain(frame.payload)
        else:
            target, args, kwargs = pickling.loads(frame.payload, self._memory.buffers_of(frame))
        if type(target) is int:
            return self._functions.get(target) or self._function(target), args, kwargs
        if target[0] == "method":
            return handles.method(*target[1:]), args, kwargs
        return _resolved(target), args, kwargs

    def _function(self, number: int) -> Callable[..., Any]:
        """Make a function that was shipped."""
        function = self._functions[number] = _resolved(pickling.loads(self._shipped[number]))
        del self._shipped[number]
        return function

    def fail(self, call: int, error: BaseException) -> None:
        """Answer a call with the exception that ended it."""
        from . import failure

        described = failure.describe(error, self._dumps)
        self.send(wire.ERROR, call, pickling.dumps(described, self._protocol, None))

    def _pump(self) -> bool:
        """Let the streams that the host wants items of go on; return whether there is one."""
        runnable = [stream for stream in self._streams.values() if stream.credit > 0]
        for stream in runnable:
            if not stream.pump(self):
                self._streams.pop(stream.call, None)
            if self.has_input():
                self._wait(lambda: True, at_least_once=True)
        return bool(runnable)

    def _has_work(self) -> bool:
        if self._calls or self._ended or self._gone or self._stopped:
            return True
        return bool(self._streams) and any(stream.credit > 0 for stream in self._streams.values())

    # callbacks

    def ask(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function of the host and return its value, from any thread.

        Raises:
            BaseException: what it raised there.
        """
        with self._sending:
            self._asked += 1
            asked = self._asked
            self.send_value(wire.CALLBACK, asked, (number, args, kwargs))
        main = _thread.get_ident() == self._main
        while asked not in self._answers:
            self._wait(lambda: asked in self._answers or (main and (self._calls or self._ended)))
            if main and self._calls and asked not in self._answers:
                self._run(self._calls.popleft())  # the function calls back into this worker
            if main and (self._gone or self._ended) and asked not in self._answers:
                raise KeyboardInterrupt  # nobody answers any more
        frame = self._answers.pop(asked)
        value = pickling.loads(frame.payload, self._memory.buffers_of(frame))
        if frame.kind == wire.RAISE:
            raise value
        return value

    def _take_note(self, kind: int, frame: wire.Frame) -> None:
        if kind == wire.CREDIT:
            if frame.call in self._streams:
                self._streams[frame.call].credit += int.from_bytes(frame.payload, "little")
        elif kind == wire.STOP:
            stream = self._streams.pop(frame.call, None)
            if stream is not None:
                stream.credit = 0
                self._stopped.append(stream)
        elif kind == wire.FREE:
            self.objects.pop(frame.call, None)
        elif kind == wire.SHIP:
            self._shipped[frame.call] = frame.payload
        elif kind == wire.CONFIG:
            self._configure(pickling.loads(frame.payload))
        elif kind == wire.RELEASE:
            self._memory.release(frame.payload)
        elif kind == wire.BYE:
            self._ended = True

    def _configure(self, told: dict[str, Any]) -> None:
        self._protocol = min(self._protocol, told["protocol"])
        pickling.configure(told["cloudpickle"])
        if told["levels"] is not None:
            from . import logs

            logs.forward(told["levels"], self._send_record)

    # sending

    def send(self, kind: int, call: int = 0, payload: bytes = b"", flags: int = 0) -> None:
        """Send a frame without buffers."""
        octets = wire.encode(kind, call, payload, flags)
        with self._sending:
            self._conversation.step(kind, call)
            self._link.send_one(octets)

    def send_value(self, kind: int, call: int, value: object) -> None:
        """Send a frame with a value."""
        buffers: list[Any] = []
        payload = self._dumps(value, buffers)
        self._tell_released()
        if not buffers:
            self.send(kind, call, payload)
            return
        with self._sending:
            self._conversation.step(kind, call)
            self._link.send(*self._memory.framed(kind, call, payload, buffers))

    def _tell_released(self) -> None:
        """Tell the host what nothing here refers to any more."""
        while self.freed:
            self.send(wire.FREE, self.freed.popleft())
        released = self._memory.released()
        if released:
            self.send(wire.RELEASE, 0, released)

    def _dumps(self, value: object, buffers: list[Any] | None = None) -> bytes:
        return pickling.dumps(value, self._protocol, buffers)

    def _send_record(self, told: dict[str, Any]) -> None:
        self.send(wire.LOG, 0, pickling.dumps(told, self._protocol, None))


def _resolved(target: tuple[Any, ...]) -> Callable[..., Any]:
    from . import source

    kind, payload = target
    found: Callable[..., Any] = source.resolve(kind, payload, pickling.loads)
    return found


def flush_output() -> None:
    """Write what ``print`` has kept back."""
    try:  # noqa: SIM105 - contextlib costs a millisecond at the start
        sys.stdout.flush()
    except Exception:  # noqa: BLE001, S110 - whatever stands there in place of it
        pass
    try:  # noqa: SIM105 - as above
        sys.stderr.flush()
    except Exception:  # noqa: BLE001, S110 - as above
        pass
