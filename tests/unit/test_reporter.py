"""Where events go: what is said, to whom, and that nothing is said twice or shows a credential."""

from __future__ import annotations

import errno
import io
import logging
import re
import sys
import time

import pytest

from isolated_environment.events import (
    BuildStarted,
    Downloading,
    Event,
    Ready,
    Resolved,
    StepFinished,
    StepOutput,
    StepStarted,
    WaitingForLock,
)
from isolated_environment.reporter import Reporter, wording_of
from tests.support.all_events import EVENTS

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


@pytest.mark.parametrize(
    ("size", "unsized", "text"),
    [
        (0, 36, "36 distributions to install"),
        (310_200_000, 0, "36 distributions to install, 310.2 MB to download at most"),
        (
            1_000_000,
            2,
            "36 distributions to install, 1.0 MB and 2 files of unknown size to download at most",
        ),
    ],
)
def test_what_is_to_be_downloaded_is_said_before_it_is(size: int, unsized: int, text: str) -> None:
    assert wording_of(Resolved("/r", 36, size, unsized))[1] == text


def test_a_terminal_is_told_calmly(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    terminal, now = on_terminal(monkeypatch), [100.0]
    caplog.set_level("INFO", "isolated_environment")
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    reporter = Reporter("/r")
    for seconds, event in (
        (0.2, WaitingForLock("/r", "pid 7 has it", 1.5)),
        (0.0, WaitingForLock("/r", "pid 7 has it still", 2.5)),
        (1.0, BuildStarted("/r", "g1", "nothing is there")),
        (0.3, StepStarted("/r", "resolve", "resolving 1 requirement", ())),
        (0.1, StepStarted("/r", "check", "trying the interpreter", (), is_brief=True)),
        (2.0, Resolved("/r", 1, 2_000_000, 0)),
        (0.1, Ready("/r", "g1", 3.2)),
    ):
        now[0] += seconds
        reporter.report(event)
    assert terminal.getvalue().splitlines() == [
        "isolated_environment: waiting for /r: pid 7 has it",
        "isolated_environment: building /r (nothing is there) [1 s]",
        "  resolving 1 requirement [2 s]",
        "  1 distribution to install, 2.0 MB to download at most [4 s]",
        "isolated_environment: /r is ready, after 3.2 s",
    ]
    assert "trying the interpreter" in caplog.text


def test_that_one_waits_is_told_every_ten_seconds_and_to_the_application_each_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "isolated_environment")
    told: list[Event] = []
    for reporter in (Reporter("/r"), Reporter("/r", told.append)):
        caplog.clear()
        for waited in range(1, 32):
            reporter.report(WaitingForLock("/r", f"pid 7, for {waited} s", float(waited)))
        assert [record.getMessage().split()[-2] for record in caplog.records] == ["1", "11", "21", "31"]
    assert len(told) == 31


def test_a_terminal_is_told_whose_it_is_and_not_where(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    Reporter("/r", subject="whisper_env of herd").report(BuildStarted("/r", "g1", "nothing is there"))
    assert terminal.getvalue() == "isolated_environment: building whisper_env of herd (nothing is there)\n"


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
        assert re.fullmatch(r"(isolated_environment:|  ?) .+\n", terminal.getvalue())
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
    levels = {type(event).__name__: wording_of(event)[0] for event in EVENTS}
    assert {name for name, level in levels.items() if level == logging.DEBUG} == SMALL
    assert {level for name, level in levels.items() if name not in SMALL} == {logging.INFO}
