"""Which frame may follow which."""

from __future__ import annotations

import pytest

from isolated_environment.child import wire
from isolated_environment.child.conversation import Conversation
from isolated_environment.child.wire import WireError


@pytest.mark.parametrize(
    "kinds",
    [
        [wire.HELLO, wire.CONFIG, wire.BYE, wire.LOG],
        [wire.CONFIG, wire.CALL, wire.HELLO, wire.RESULT],
        [wire.CALL, wire.ERROR, wire.CALL, wire.RESULT],
        [wire.CALL, wire.STREAM, wire.CREDIT, wire.ITEMS, wire.STOP, wire.ITEMS, wire.END, wire.CREDIT, wire.STOP],
        [wire.CALL, wire.CALLBACK, wire.RETURN, wire.CALLBACK, wire.RAISE, wire.RESULT],
    ],
)
def test_what_may_follow(kinds: list[int]) -> None:
    conversation = Conversation()
    for kind in kinds:
        conversation.step(kind, 1)


@pytest.mark.parametrize(
    "kinds",
    [
        [wire.RESULT],
        [wire.CALL, wire.CALL],
        [wire.CALL, wire.RESULT, wire.RESULT],
        [wire.CALL, wire.ITEMS],
        [wire.CALL, wire.STREAM, wire.RESULT],
        [wire.RETURN],
        [wire.CALLBACK, wire.RETURN, wire.RETURN],
        [wire.HELLO, wire.HELLO],
        [wire.BYE],
        [wire.HELLO, wire.CONFIG, wire.BYE, wire.BYE],
    ],
)
def test_what_may_not_follow(kinds: list[int]) -> None:
    conversation = Conversation()
    for kind in kinds[:-1]:
        conversation.step(kind, 1)
    with pytest.raises(WireError, match=f"a frame of kind {kinds[-1]} came"):
        conversation.step(kinds[-1], 1)


def test_calls_that_have_not_ended() -> None:
    conversation = Conversation()
    conversation.step(wire.CALL, 1)
    conversation.step(wire.CALL, 2)
    conversation.step(wire.RESULT, 1)
    assert conversation.calls == [2]
