"""Events: frozen values, each of them."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from isolated_environment import events
from isolated_environment.events import Event
from tests.support.all_events import EVENTS


def test_every_kind_of_event_is_tested() -> None:
    kinds = {value for value in vars(events).values() if isinstance(value, type) and issubclass(value, Event)}
    assert {type(event) for event in EVENTS} == kinds


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_a_frozen_value(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event
    assert hash(event) == hash(dataclasses.replace(event))
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.root = "x"  # type: ignore[misc]
