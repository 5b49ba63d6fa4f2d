"""Every file-system call of a build, made to fail or to be the last one."""

from __future__ import annotations

import os
import random

import pytest

from tests.fault import kills
from tests.support.faults import WAYS
from tests.support.killer import Killer


@pytest.fixture
def killer(tmp_path):
    (tmp_path / "roots").mkdir()
    return Killer(tmp_path / "roots" / "env", os.environ, 0, projects=["alpha"])


def test_a_call_that_fails_or_is_the_last_leaves_a_correct_environment(killer):
    """A sample; the whole sweep is the slow test below."""
    seed = int(os.environ.get("KILL_SEED") or random.randrange(1_000_000))
    print(f"KILL_SEED={seed}")
    chance = random.Random(seed)
    calls = killer.count_calls()
    assert calls > 20, "the calls are seen"
    points = [(chance.randint(1, calls), way, chance.random() < 0.5) for way in WAYS]
    outcomes = [killer.fail(at, way, fresh=fresh) for at, way, fresh in points]
    assert [str(outcome) for outcome in outcomes if outcome.problems] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_call():
    assert kills.main(["--sweep"]) == 0
