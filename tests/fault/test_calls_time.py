"""Time runs out, at every moment of a call: the right error, soon, and nothing behind it is lost."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from isolated_environment import errors, host_function
from tests.support.processes import is_running

#: Seconds from the moment that time is up, where the ladder ends with its first step.
SOON = 2.0


@pytest.fixture
def stopped(beyond):
    """A worker with 0.3 s for each call, which is stopped and reads nothing."""
    worker = beyond.worker(timeout=0.3)
    worker.call("beyond:echo", 1)
    os.kill(worker.pid, signal.SIGSTOP)
    return worker


def test_time_runs_out_in_a_call_that_another_call_is_waiting_for(beyond):
    with beyond.worker() as worker:
        slow = worker.function("time:sleep", timeout=0.2)
        with pytest.raises(errors.CallTimeoutError, match=r"0\.2 s"):
            worker.call("beyond:apply", host_function(slow), 60)


def test_time_runs_out_around_a_call_that_waits_for_another(beyond):
    with beyond.worker() as worker:
        outer = worker.function("beyond:apply", timeout=0.3)
        started = time.monotonic()
        with pytest.raises(errors.CallTimeoutError):
            outer(host_function(lambda: worker.call("time:sleep", 60)))
        assert time.monotonic() - started < 0.3 + SOON


@pytest.mark.parametrize("way", ["call", pytest.param("submit", marks=pytest.mark.slow)])
def test_time_runs_out_while_the_call_is_being_sent(stopped, way):
    started = time.monotonic()
    with pytest.raises(errors.CallTimeoutError):
        ask(stopped, way, "x" * (1 << 20))  # text: it fills the socket, and no memory beside
    assert time.monotonic() - started < 0.3 + 4 + SOON, "a stopped process takes note of SIGKILL alone"
    assert not is_running(stopped.pid)


def ask(worker, way, value):
    return worker.call("beyond:echo", value) if way == "call" else worker.submit("beyond:echo", value).result(20)


def test_what_waits_for_its_turn_has_its_own_time(beyond):
    with beyond.worker(timeout=1.0) as worker, ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda _: worker.call("time:sleep", 0.5), range(3))) == [None] * 3


def test_row_48_the_one_behind_a_call_that_ran_out_of_time_runs_elsewhere(beyond):
    with beyond.workers(1, timeout=0.3) as pool:
        slow = pool.submit("time:sleep", 60)
        behind = [pool.submit("beyond:echo", number) for number in range(5)]
        assert isinstance(slow.exception(20), errors.CallTimeoutError)
        assert [future.result(20) for future in behind] == list(range(5))
