"""Which frame may follow which: what one side knows of the connection, of each call and of each callback."""

from __future__ import annotations

from . import wire

_IDLE = "idle"

#: What may follow what.  Between start and end of the connection, for each call and for each callback: from a state
#: and a kind to the next state.  A kind that a state does not list is a violation.
CONNECTION = {
    "new": {wire.HELLO: "greeted", wire.CONFIG: "configured"},
    "greeted": {wire.CONFIG: "ready", wire.LOG: "greeted"},
    "configured": {wire.HELLO: "ready", wire.BYE: "closing", wire.FREE: "configured", wire.SHIP: "configured"},
    "ready": {wire.BYE: "closing", wire.FREE: "ready", wire.LOG: "ready", wire.RELEASE: "ready", wire.SHIP: "ready"},
    "closing": {wire.HELLO: "closing", wire.LOG: "closing", wire.RELEASE: "closing", wire.FREE: "closing"},
}
PER_CALL = {
    _IDLE: {wire.CALL: "running", wire.CREDIT: _IDLE, wire.STOP: _IDLE},  # of a stream that ended meanwhile
    "running": {wire.RESULT: _IDLE, wire.ERROR: _IDLE, wire.STREAM: "streaming"},
    "streaming": {
        wire.CREDIT: "streaming",
        wire.STOP: "streaming",
        wire.ITEMS: "streaming",
        wire.END: _IDLE,
        wire.ERROR: _IDLE,
    },
}
PER_CALLBACK = {
    _IDLE: {wire.CALLBACK: "asked"},
    "asked": {wire.RETURN: _IDLE, wire.RAISE: _IDLE},
}
_OF_CALL = frozenset(kind for follows in PER_CALL.values() for kind in follows)
_OF_CALLBACK = frozenset(kind for follows in PER_CALLBACK.values() for kind in follows)


class Conversation:
    """The state of a connection.

    Both sides step through the same table, whoever sent the frame.
    """

    def __init__(self) -> None:
        self._connection = "new"
        self._calls: dict[int, str] = {}
        self._callbacks: dict[int, str] = {}

    @property
    def calls(self) -> list[int]:
        """Numbers of the calls that have not ended."""
        return list(self._calls)

    def begin(self, call: int) -> None:
        """Take note that a call runs, if that is not known: one that goes a short way is not followed."""
        self._calls.setdefault(call, "running")

    def step(self, kind: int, call: int = 0) -> None:
        """Take note of a frame that was sent or that came.

        Raises:
            WireError: it may not come now.
        """
        if kind in _OF_CALL:
            table, states = PER_CALL, self._calls
        elif kind in _OF_CALLBACK:
            table, states = PER_CALLBACK, self._callbacks
        else:
            if kind not in CONNECTION[self._connection]:
                raise _misplaced(kind, call, self._connection)
            self._connection = CONNECTION[self._connection][kind]
            return
        before = states.get(call, _IDLE)
        if kind not in table[before]:
            raise _misplaced(kind, call, before)
        after = table[before][kind]
        if after is not _IDLE:
            states[call] = after
        elif before is not _IDLE:
            del states[call]


def _misplaced(kind: int, call: int, state: str) -> wire.WireError:
    return wire.WireError(f"a frame of kind {kind} came for {call}, which is {state}")
