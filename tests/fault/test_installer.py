"""The installer misbehaves: it lies, hangs, floods, leaves children behind, asks for a password."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from isolated_environment import errors, events
from tests.support import stubs
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers
from tests.support.processes import await_end
from tests.support.terminal import Terminal
from tests.support.toolchains import PIP_WHEN_SLOW


@pytest.fixture
def before(make):
    """A handle on an environment that must survive."""
    env = make().pip_install("alpha==1.0")
    env.ensure()
    return env


def assert_intact(before) -> None:
    prefix = before.path / "g1"
    assert audit(prefix, {"alpha": "1.0"}) == []
    assert before.ensure() == prefix
    assert generations(before.path) == ["g1"], "nothing is left of the attempt, even before a collection"
    before.gc(force=True)
    assert leftovers(before.path) == []


class Lines:
    """Collects what a step prints."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.StepOutput):
            self.lines.append(event.line)


@PIP_WHEN_SLOW
def test_row_14_one_that_lies_is_found_out(make, before, monkeypatch, toolchain):
    stubs.use(stubs.LYING, monkeypatch.setattr)
    with pytest.raises(errors.VerificationError, match="is not installed") as caught:
        make(toolchain=toolchain).pip_install("delta")
    assert caught.value.damage == ("alpha is not installed", "delta is not installed")
    assert Path(caught.value.log_path or "").is_file()
    assert_intact(before)


def test_row_15_one_that_hangs_ends_with_its_children_when_the_build_does(make, before, monkeypatch):
    stubs.use(stubs.HANGING, monkeypatch.setattr)
    pids: list[int] = []

    class EnoughError(Exception):
        pass

    def give_up(event: events.Event) -> None:
        if isinstance(event, events.StepOutput):
            pids.extend(stubs.pids_in([event.line]))
            raise EnoughError

    started = time.monotonic()
    with pytest.raises(EnoughError):
        make(on_event=give_up).pip_install("delta")
    assert len(pids) == 2
    assert await_end(pids, 5 - (time.monotonic() - started)) == []
    assert_intact(before)


@pytest.mark.timeout(60)
def test_one_that_floods_fills_neither_memory_nor_disk(make, before, monkeypatch):
    stubs.use(stubs.FLOODING, monkeypatch.setattr)
    with pytest.raises(errors.BuildError, match="install: failed with exit code 7") as caught:
        make().pip_install("delta")
    assert caught.value.tail[-1] == "the last line"
    assert len(caught.value.tail) <= 50
    assert len(caught.value.output) < 200_000
    assert Path(caught.value.log_path or "").stat().st_size < 10 << 20
    assert_intact(before)


def test_a_child_it_leaves_ends_before_anything_is_published(make, monkeypatch):
    stubs.use(stubs.LEAVING, monkeypatch.setattr)
    said = Lines()
    env = make(on_event=said)
    started = time.monotonic()
    env.ensure()
    assert time.monotonic() - started < 10, "the pipe that it holds is not waited for"
    (child,) = stubs.pids_in(said.lines)
    assert await_end([child], 1) == []
    late = env.prefix / "late"
    size = late.stat().st_size if late.exists() else None  # on a busy machine it is gone before it began
    assert env.run(["python", "-c", "pass"]).returncode == 0
    assert (late.stat().st_size if late.exists() else None) == size, "nobody writes into it any more"


def test_a_daemon_that_holds_the_pipe_is_not_waited_for(make, monkeypatch):
    stubs.use(stubs.DAEMON, monkeypatch.setattr)
    said = Lines()
    started = time.monotonic()
    make(on_event=said).ensure()
    waited = time.monotonic() - started
    (daemon,) = stubs.pids_in(said.lines)
    os.kill(daemon, signal.SIGKILL)
    assert waited < 10


ASKED = """
import sys
from isolated_environment import IsolatedEnvironment, events
from tests.support import stubs
stubs.use(stubs.ASKING)
print("host has a terminal:", sys.stdin.isatty())
def say(event):
    if isinstance(event, events.StepOutput):
        print(event.line)
IsolatedEnvironment(sys.argv[1], on_event=say).ensure()
print("done")
"""


def test_nothing_can_ask_for_a_password(tmp_path):
    with Terminal(ASKED, str(tmp_path / "env")) as terminal:
        lines = terminal.read_until("done", 20)
        assert terminal.process.wait(5) == 0
    assert lines == ["host has a terminal: True", "no terminal", "read ''", "done"]


def test_one_that_cannot_be_started_is_named(make, before, monkeypatch, tmp_path):
    from isolated_environment.toolchains import uv

    broken = tmp_path / "uv"
    broken.write_text("no program")
    broken.chmod(0o755)
    monkeypatch.setattr(uv, "find", lambda **_: uv.Uv(str(broken), "0"))
    with pytest.raises(errors.BuildError, match=r"resolve: .*Exec format error") as caught:
        make(toolchain="uv").pip_install("delta")
    assert caught.value.returncode == 127
    assert caught.value.argv[0] == str(broken)
    assert_intact(before)
