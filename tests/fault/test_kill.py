"""Death at any moment of a build: of the host, of the installer alone, by the keyboard."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.store.runner import Runner
from isolated_environment.testing.indexes import PackageIndex
from tests.fault import kills
from tests.support.audit import audit
from tests.support.bulk import PROJECTS, make_bulk
from tests.support.killer import Killer, besiege, tally
from tests.support.leftovers import generations, leftovers
from tests.support.processes import await_end
from tests.support.terminal import Terminal
from tests.support.toolchains import PIP_WHEN_SLOW
from tests.support.weaker import DESIGNS

#: What a reader or the audit says of an environment that is not whole.
TORN = re.compile(
    r"is missing|another hash|has no |belongs to nothing|handed out(: \{|, changed)|installed is|no interpreter"
)


@pytest.fixture(scope="module")
def bulk(tmp_path_factory):
    """An index of wheels with many small files."""
    with PackageIndex(make_bulk(tmp_path_factory.mktemp("bulk"), modules=4, data=60)).running() as running:
        yield running


@pytest.fixture
def killer(tmp_path, monkeypatch, bulk):
    """A maker of killers; the seed is random, printed, and taken from KILL_SEED when that is set."""
    seed = int(os.environ.get("KILL_SEED") or random.randrange(1_000_000))
    print(f"KILL_SEED={seed}")
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", bulk.url)
    (tmp_path / "roots").mkdir()
    with ExitStack() as stack:

        def make(**options) -> Killer:
            made = Killer(tmp_path / "roots" / "env", os.environ, seed, **options)
            stack.callback(made.close)
            return made

        yield make


def test_row_1_2_3_21_blows_at_any_moment_leave_no_wrong_environment(killer):
    """Kills, Ctrl-C, a dead installer, while others read and collect: rows 1, 2, 3, 4 and 21 of the fault matrix."""
    uv = killer()
    uv.learn()
    outcomes = list(besiege(uv, range(30)))
    print(tally(outcomes))
    assert [str(outcome) for outcome in outcomes if outcome.problems] == []
    assert tally(outcomes)["install"] >= 3
    assert len(tally(outcomes)) >= 5, "they were spread over the build"
    assert sum(tally(outcomes).values()) == 30


@pytest.mark.parametrize("design", DESIGNS)
def test_the_same_attackers_break_a_weaker_design(killer, design):
    """The negative controls: what these find is real."""
    weaker = killer(design=design)
    weaker.learn(1)
    found: list[str] = []
    fresh = True if design == "exists" else None  # it never changes what exists, so only the first build can be hit
    for first in range(0, 24, 3):
        outcomes = besiege(weaker, range(first, first + 3), at="install", fresh=fresh)
        found += [line for outcome in outcomes for line in outcome.problems if TORN.search(line)]
        if found:
            break
    assert found, f"nothing is wrong with {design!r}: the attackers are blind"


@pytest.mark.slow
def test_a_killed_host_never_leaves_a_wrong_environment_with_pip(killer):
    pip = killer(toolchain="pip", projects=PROJECTS[:1])
    outcome = pip.strike(0, at="install", fresh=True)
    assert outcome.problems == [], str(outcome)


def test_the_killer_finds_a_receipt_that_is_published_too_early(killer):
    weakened = killer(weakened=True)
    found = []
    for number in (0, 1, 3, 5, 6, 8):
        found += [line for line in weakened.strike(number, at="install").problems if line.startswith("the ")]
        if found:
            break
    assert found, "the killer and the audit cannot see a torn environment"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("toolchain", "count"), [("uv", "100"), ("pip", "20")])
def test_many_kills(toolchain, count):
    assert kills.main(["--toolchain", toolchain, "--count", count]) == 0


@PIP_WHEN_SLOW
def test_row_3_a_killed_installer_is_an_error_that_names_the_signal(make, monkeypatch, toolchain):
    before = make(["alpha==1.0"])
    prefix = before.ensure()
    spawn = Runner._spawn

    def killing(self, step, *how):
        process = spawn(self, step, *how)
        if step.name == "install":
            process.send_signal(signal.SIGKILL)
        return process

    monkeypatch.setattr(Runner, "_spawn", killing)
    with pytest.raises(errors.BuildError, match="install: ended by SIGKILL") as caught:
        make(["alpha==2.0"], toolchain=toolchain).ensure()
    assert caught.value.returncode == -signal.SIGKILL
    assert caught.value.step == "install"
    assert audit(prefix, {"alpha": "1.0"}) == []
    assert make(["alpha==1.0"]).ensure() == prefix, "what was there is still what is there"
    before.gc(force=True)
    assert leftovers(before.root) == []


INTERRUPTED = """
import sys
from isolated_environment import IsolatedEnvironment, events
from tests.support import stubs
stubs.use(stubs.HANGING)
def say(event):
    if isinstance(event, events.StepOutput):
        print(event.line, flush=True)
IsolatedEnvironment(sys.argv[1], ["alpha"], on_event=say).ensure()
"""


@pytest.mark.parametrize("presses", [1, 2])
def test_row_4_ctrl_c_ends_the_build_and_its_children(tmp_path, presses):
    root = tmp_path / "env"
    with Terminal(INTERRUPTED, str(root)) as terminal:
        line = next(line for line in terminal.read_until("pids ") if line.startswith("pids "))
        pids = [int(word) for word in line.split()[1:]]
        pressed = time.monotonic()
        for _ in range(presses):
            terminal.press_ctrl_c()
            time.sleep(0.3)
        assert await_end(pids, 5 - (time.monotonic() - pressed)) == [], "the installer and its child are gone"
        lines = terminal.read_until("KeyboardInterrupt", 5)
        assert terminal.process.wait(5) == -signal.SIGINT
    assert any(line.startswith("KeyboardInterrupt") for line in lines)
    assert not (root / "isolated-environment.json").exists()
    assert generations(root) == []
    assert [path.name for path in Path(root, "trash").glob("*")] == []
