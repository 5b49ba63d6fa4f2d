"""Pools with ``fork=True``: each call in a process of its own, forked from one that has loaded what it needs."""

from __future__ import annotations

import gc
import os
import signal
import time

import pytest

from isolated_environment import errors, host_function
from tests.support.processes import await_end, children_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def touch() -> int:
    """Note in the process that this was called; return how often it was."""
    import builtins

    counts = builtins.__dict__.setdefault("touched", [])
    counts.append(1)
    return len(counts)


def test_each_call_has_a_process_of_its_own_and_leaves_nothing_for_the_next(beyond):
    with beyond.workers(1, fork=True) as pool:
        pids = [pool.call("os:getpid") for _ in range(5)]
        assert len(set(pids)) == 5
        assert [pool.call(touch) for _ in range(3)] == [1, 1, 1]
    assert await_end(pids, 5) == []


def test_they_are_forked_from_one_that_has_loaded_and_set_up(beyond):
    with beyond.workers(2, fork=True, preload=["json", "xml.dom"], setup=touch) as pool:
        assert pool.call("builtins:eval", "{'json', 'xml.dom'} <= set(__import__('sys').modules)")
        assert pool.call(touch) == 2, "the setup ran once, before"
        assert len({pool.call("os:getppid") for _ in range(4)}) == 1
        assert pool.call("os:getppid") in children_of(os.getpid())


def test_modules_are_loaded_without_forks_too(beyond):
    with beyond.workers(1, preload=["json"]) as pool:
        assert pool.call("builtins:eval", "'json' in __import__('sys').modules")


@pytest.mark.parametrize("fork", [True, False])
def test_what_cannot_be_loaded_is_told_by_the_call(beyond, fork):
    with beyond.workers(1, preload=["no_such_module"], fork=fork) as pool:
        for _ in range(2):
            with pytest.raises(ModuleNotFoundError, match="no_such_module"):
                pool.call("os:getpid")


def test_values_exceptions_output_and_callbacks_are_as_always(beyond):
    said = []
    with beyond.workers(1, fork=True, on_output=said.append) as pool:
        assert pool.call("beyond:echo", {"a": [1, 2.5, b"x" * 100_000]}) == {"a": [1, 2.5, b"x" * 100_000]}
        with pytest.raises(ZeroDivisionError):
            pool.call("builtins:eval", "1 / 0")
        pool.call("builtins:print", "out")
        pool.call("builtins:eval", "__import__('sys').stderr.write('err\\n') and None")
        double = host_function(lambda number: number * 2)
        assert pool.call("functools:reduce", lambda total, each: total + double(each), [1, 2], 0) == 6
        assert list(pool.map("operator:add", range(20), range(20))) == [2 * number for number in range(20)]
    assert said == ["out", "err"]


def test_log_records_of_a_fork_arrive_once(beyond, caplog):
    with beyond.workers(1, fork=True, preload=["logging"]) as pool, caplog.at_level("INFO"):
        for number in range(2):
            pool.call("builtins:exec", f"import logging; logging.getLogger('far').warning('number {number}')")
    assert [record.getMessage() for record in caplog.records if record.name == "far"] == ["number 0", "number 1"]


def test_a_stream_outlives_its_call(beyond):
    with beyond.workers(1, fork=True) as pool:
        stream = pool.call("builtins:eval", "(number for number in range(10_000))")
        others = [pool.call("os:getpid") for _ in range(3)]
        assert sum(stream) == sum(range(10_000))
        assert len(set(others)) == 3


def test_a_fork_that_dies_is_told_and_the_next_call_has_another(beyond):
    with beyond.workers(1, fork=True, on_output=len) as pool:
        with pytest.raises(errors.WorkerDied) as caught:
            pool.call("os:kill", pool.call("builtins:int", 0), signal.SIGKILL)
        assert caught.value.signal == "SIGKILL"
        with pytest.raises(errors.WorkerDied) as caught:
            pool.call("os:_exit", 7)
        assert caught.value.exit_code == 7
        assert pool.call("operator:add", 1, 2) == 3


def test_the_process_that_runs_a_call_is_told(beyond):
    with beyond.workers(1, fork=True) as pool:
        call, end = pool.submit("time:sleep", 60), time.monotonic() + 20
        while not pool.pids and time.monotonic() < end:
            time.sleep(0.01)
        (pid,) = pool.pids
        os.kill(pid, signal.SIGKILL)
        with pytest.raises((errors.WorkerDied, errors.WorkerStartError)):  # at whatever moment it was
            call.result(20)


def test_a_call_that_takes_too_long_or_is_cancelled_ends(beyond):
    with beyond.workers(1, fork=True, timeout=0.3, on_output=len) as pool:
        with pytest.raises(errors.CallTimeoutError):
            pool.call("time:sleep", 60)
        assert pool.call("operator:add", 1, 2) == 3
    with beyond.workers(1, fork=True, on_output=len) as pool:
        future = pool.submit("time:sleep", 60)
        while not future.running():
            time.sleep(0.01)
        time.sleep(0.2)
        future.cancel()
        assert pool.call("operator:add", 1, 2) == 3


def test_the_one_that_they_are_forked_from_is_replaced_when_it_died(beyond):
    with beyond.workers(1, fork=True, on_output=len) as pool:
        first = pool.call("os:getppid")
        os.kill(first, signal.SIGKILL)
        assert await_end([first], 5) == []
        assert pool.call("operator:add", 1, 2) == 3
        assert pool.call("operator:add", 1, 2) == 3
        assert pool.call("os:getppid") != first


def test_nothing_is_left(beyond):
    before = set(children_of(os.getpid()))
    with beyond.workers(3, fork=True) as pool:
        list(pool.map("operator:add", range(50), range(50)))
        pids = [*pool.pids, pool.call("os:getppid")]
    assert await_end(pids, 5) == []
    pool = beyond.workers(1, fork=True)
    pids = [pool.call("os:getpid"), pool.call("os:getppid"), *pool.pids]
    del pool
    gc.collect()
    assert await_end(pids, 5) == []
    assert set(children_of(os.getpid())) <= before


def test_idle_forks_end(beyond):
    with beyond.workers(1, fork=True, idle_timeout=0.2) as pool:
        pool.call("os:getpid")
        end = time.monotonic() + 20
        while pool.pids and time.monotonic() < end:
            time.sleep(0.05)
        assert pool.pids == []
        assert pool.call("operator:add", 1, 2) == 3


def test_arrays_cross_as_always(beyond):
    with beyond.workers(1, fork=True) as pool:
        assert pool.call("beyond:echo", bytearray(10_000_000)) == bytearray(10_000_000)
        assert pool.call("beyond:echo", bytearray(10_000_000)) == bytearray(10_000_000)


def test_variables_are_those_of_the_process_that_is_forked(beyond):
    with beyond.workers(1, fork=True, env={"MINE": "1"}) as pool:
        assert pool.call("os:getenv", "MINE") == "1"
    with pytest.raises(ValueError, match="one mapping"):
        beyond.workers(1, fork=True, env=lambda number: {"MINE": str(number)})
