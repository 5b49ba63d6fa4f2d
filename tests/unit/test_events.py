"""Events: what is said, to whom, and that nothing is said twice or shows a credential."""

from __future__ import annotations

import dataclasses
import errno
import io
import logging
import pickle
import re
import sys

import pytest

from isolated_environment import events
from isolated_environment.events import (
    BuildStarted,
    Downloading,
    Event,
    Notice,
    Ready,
    Reporter,
    Resolved,
    StepFinished,
    StepOutput,
    StepStarted,
    WaitingForLock,
)

URL = "https://user:s3cret@h/simple"
EVENTS = [
    WaitingForLock("/r", f"pid 7, tool {URL}", 1.5),
    BuildStarted("/r", "g1", f"asked for {URL}"),
    Resolved("/r", 36, 310_200_000, 2),
    StepStarted("/r", "resolve", f"resolving from {URL}", ("uv", "x")),
    StepOutput("/r", "resolve", f"GET {URL}"),
    Downloading("/r", "install", f"torch {URL}", 5, 2_000_000_000),
    StepFinished("/r", "resolve", 0.5),
    Notice("/r", f"see {URL}"),
    Ready("/r", "g1", 2.0),
    Event("/r"),
]
SMALL = {"StepOutput", "StepFinished", "Downloading", "Event"}
each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stderr a terminal; inside the test, since pytest puts its own there when one begins."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_every_kind_of_event_is_tested_here() -> None:
    kinds = {value for value in vars(events).values() if isinstance(value, type) and issubclass(value, Event)}
    assert {type(event) for event in EVENTS} == kinds


@pytest.mark.parametrize(
    ("size", "unsized", "text"),
    [
        (0, 36, "36 distribution(s) to install"),
        (310_200_000, 0, "36 distribution(s) to install, 310.2 MB to download at most"),
        (
            1_000_000,
            2,
            "36 distribution(s) to install, 1.0 MB and 2 file(s) of unknown size to download at most",
        ),
    ],
)
def test_what_is_to_be_downloaded_is_said_before_it_is(size: int, unsized: int, text: str) -> None:
    assert events._wording(Resolved("/r", 36, size, unsized))[1] == text


def test_a_terminal_is_told_whose_it_is_and_not_where(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    Reporter("/r", subject="whisper_env of herd").report(BuildStarted("/r", "g1", "nothing is there"))
    assert terminal.getvalue() == "isolated_environment: building whisper_env of herd (nothing is there) [0 s]\n"


@each_event
def test_an_event_is_a_frozen_value(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event
    assert hash(event) == hash(dataclasses.replace(event))
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.root = "x"  # type: ignore[misc]


@each_event
def test_an_event_goes_to_the_application_and_to_logging(
    event: Event,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = on_terminal(monkeypatch)
    caplog.set_level("DEBUG", "isolated_environment")
    told: list[Event] = []
    Reporter("/r", told.append).report(event)
    assert told == [event]
    assert len(caplog.records) == 1
    assert "s3cret" not in caplog.text
    assert terminal.getvalue() == "", "an application that listens decides itself what is shown"
    assert capsys.readouterr().out == ""


@each_event
def test_a_terminal_is_told_what_matters_without_credentials(event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    Reporter("/r").report(event)
    if isinstance(event, (StepOutput, StepFinished, Downloading)) or type(event) is Event:
        assert terminal.getvalue() == ""
    else:
        assert re.fullmatch(r"isolated_environment: .+ \[0 s\]\n", terminal.getvalue())
        assert "s3cret" not in terminal.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), None, object()])
def test_nothing_is_written_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch, stream: object) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    Reporter("/r").report(EVENTS[0])
    if isinstance(stream, io.StringIO):
        assert stream.getvalue() == ""


def test_a_terminal_that_went_away_ends_no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    class HungUp(Terminal):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, text)

    closed = Terminal()
    for stream in (closed, HungUp(), None):
        on_terminal(monkeypatch)
        reporter = Reporter("/r")
        monkeypatch.setattr(sys, "stderr", stream)
        closed.close()
        reporter.report(EVENTS[0])


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    terminal = on_terminal(monkeypatch)
    caplog.set_level("INFO", "isolated_environment")
    Reporter("/r", quiet=True).report(EVENTS[0])
    assert terminal.getvalue() == ""
    assert len(caplog.records) == 1


def test_what_the_application_raises_comes_through() -> None:
    def stop(event: Event) -> None:
        raise KeyboardInterrupt(event.root)

    with pytest.raises(KeyboardInterrupt, match="/r"):
        Reporter("/r", stop).report(EVENTS[0])


def test_levels() -> None:
    levels = {type(event).__name__: events._wording(event)[0] for event in EVENTS}
    assert {name for name, level in levels.items() if level == logging.DEBUG} == SMALL
    assert {level for name, level in levels.items() if name not in SMALL} == {logging.INFO}
