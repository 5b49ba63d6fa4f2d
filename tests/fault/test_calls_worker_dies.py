"""A worker that dies, at every moment of a call and in every way: the right error, soon, and the pool works on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from isolated_environment import errors, host_function
from tests.support.processes import await_end
from tests.support.programs import descriptors

#: Row 44 of the matrix, with room for a busy machine: seconds from the death to the error.
SOON = 2.0


@pytest.fixture
def pool(beyond):
    with beyond.workers(1, on_output=len) as pool:
        yield pool


@pytest.fixture
def worker(beyond):
    with beyond.worker(on_output=len) as worker:
        yield worker


# loky's table: {crash, exit, C-exit, error} x {unpickling arguments, running, pickling the result, in a destructor}


def crash():
    import faulthandler
    import os
    import signal

    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def leave():
    import sys

    sys.exit(3)


def leave_by_c():
    import ctypes

    ctypes.CDLL(None)._exit(3)


def fail():
    raise LookupError("on purpose")


HOW = {"crash": crash, "exit": leave, "C-exit": leave_by_c, "error": fail}


class WhenUnpickled:
    def __init__(self, how):
        self.how = how

    def __reduce__(self):
        return self.how, ()


class WhenPickled(WhenUnpickled):
    """Of the worker's side: a plain value here."""

    def __reduce__(self):
        self.how()


def result_when_pickled(how):
    import threading  # whatever plain pickle refuses: by value, over there

    class Bad:
        lock = threading.Lock

        def __reduce__(self):
            how()

    return Bad()


def result_when_dropped(how):
    class Bad:
        def __del__(self):
            how()

    Bad()
    return "returned"


def call_for(where, how):
    return {
        "unpickling arguments": ("beyond:echo", WhenUnpickled(HOW[how])),
        "running": (HOW[how],),
        "pickling the result": (result_when_pickled, HOW[how]),
        "in a destructor": (result_when_dropped, HOW[how]),
    }[where]


DIED = {"crash": "SIGSEGV", "C-exit": None}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("where", ["unpickling arguments", "running", "pickling the result", "in a destructor"])
def test_row_47_an_end_at_any_moment_is_the_right_error_and_the_pool_works_on(pool, where, how):
    future = pool.submit(*call_for(where, how))
    behind = [pool.submit("beyond:echo", number) for number in range(3)]
    error = future.exception(30)
    if how in DIED:
        assert type(error) is errors.WorkerDied
        assert (error.signal, error.exit_code) == ((DIED[how], None) if DIED[how] else (None, 3))
    elif where == "in a destructor":
        assert future.result() == "returned", "Python ignores what a destructor raises"
    elif where == "running":
        assert type(error) is (LookupError if how == "error" else errors.RemoteError)
        assert "SystemExit" in str(error) or how == "error"
    else:
        assert isinstance(error, (errors.SerializationError, errors.RemoteError))
        assert ("on purpose" if how == "error" else "SystemExit") in str(error)
        if isinstance(error, errors.SerializationError):
            assert error.side == "environment"
    assert [each.result(30) for each in behind] == [0, 1, 2]
    assert pool.call("beyond:echo", "after") == "after"


# deaths


@pytest.mark.parametrize("how", ["segfault", "abort", "exit", "SIGKILL"])
def test_row_45_a_daemon_that_keeps_every_descriptor_delays_nothing(worker, how):
    worker.call("beyond:echo", 1)
    started = time.monotonic()
    with pytest.raises(errors.WorkerDied):
        worker.call("beyond:fork_a_daemon_and_end", how)
    assert time.monotonic() - started < SOON


def test_row_44_a_stack_overflow_in_c_is_told(worker):
    def overflow():
        import ctypes
        import faulthandler

        faulthandler.disable()
        function = ctypes.CFUNCTYPE(None)
        call = function(lambda: call())  # noqa: PLW0108 - it is not made yet
        import sys

        sys.setrecursionlimit(10**9)
        call()

    with pytest.raises(errors.WorkerDied) as caught:
        worker.call(overflow)
    assert caught.value.signal == "SIGSEGV"


def test_a_death_while_idle_is_told_by_the_next_call(worker):
    worker.call("beyond:echo", 1)
    os.kill(worker.pid, signal.SIGKILL)
    await_end([worker.pid], 5)
    assert not worker.is_alive
    with pytest.raises(errors.WorkerDied, match="SIGKILL"):
        worker.call("beyond:echo", 1)


def test_a_death_while_idle_costs_a_pool_nothing(pool):
    for _ in range(5):
        (pid,) = {pool.call("os:getpid") for _ in range(3)}
        os.kill(pid, signal.SIGKILL)
        await_end([pid], 5)
        assert pool.call("beyond:echo", 1) == 1


def test_row_44_workers_that_kill_each_other_lose_no_call(beyond):
    """Each call has one outcome, whichever worker dies under it."""
    with beyond.workers(2, on_output=len) as pool:
        futures = []
        for number in range(60):
            futures.append(pool.submit("beyond:echo", number))
            if number % 10 == 5:
                futures.append(pool.submit("beyond:end", "quiet segfault"))
        outcomes = [future.exception(60) or future.result() for future in futures]
        told = [item for item in outcomes if not isinstance(item, int)]
        assert {type(item) for item in told} == {errors.WorkerDied}
        assert len(told) == 6, "a call that did not run is no victim of the one before it"
        assert pool.call("beyond:echo", 1) == 1


def test_a_kill_at_any_moment_loses_no_call(beyond):
    with beyond.workers(2, on_output=len) as pool:
        futures = [pool.submit("beyond:echo", number) for number in range(20_000)]
        for turn in range(6):
            time.sleep(0.03)
            for pid in pool.pids[turn % 2 :][:1]:
                os.kill(pid, signal.SIGKILL)
        outcomes = [future.exception(60) or future.result() for future in futures]
    died = [item for item in outcomes if isinstance(item, errors.WorkerDied)]
    assert len(died) <= 6, "one for each kill at most"
    assert [item for item in outcomes if not isinstance(item, Exception)] == [
        number for number, item in enumerate(outcomes) if not isinstance(item, Exception)
    ]


def test_row_46_a_worker_out_of_memory_says_so_and_goes_on(worker):
    def eat():
        import resource

        limit = 400 << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        try:
            return len(bytearray(2 << 30))
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    with pytest.raises(MemoryError):
        worker.call(eat)
    assert worker.call("beyond:echo", 1) == 1


def test_a_stream_whose_worker_dies_ends_with_the_reason(worker):
    stream = worker.call("beyond:count", 10**9)
    assert next(stream) == 0
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(errors.WorkerDied, match="SIGKILL"):
        sum(stream)
    assert list(stream) == []
    stream.close()


def test_a_host_function_that_ends_its_own_worker_gets_what_it_deserves(beyond):
    with beyond.worker(on_output=len) as worker, pytest.raises(errors.WorkerDied, match="SIGKILL"):
        worker.call("beyond:apply", host_function(lambda: os.kill(worker.pid, signal.SIGKILL)))
    with beyond.worker() as worker:
        ends = host_function(lambda: worker.call("beyond:end", "exit"))
        with pytest.raises(errors.WorkerDied, match="exit code 3"):
            worker.call("beyond:apply", ends)


def test_a_host_function_that_closes_its_own_worker_is_heard_at_once(beyond):
    started = time.monotonic()
    with beyond.worker() as worker, pytest.raises(errors.WorkerClosedError):
        worker.call("beyond:apply", host_function(worker.close))
    assert time.monotonic() - started < SOON


def test_nothing_is_left_of_the_dead(beyond):
    before = descriptors()
    for how in ("segfault", "exit"):
        worker = beyond.worker(on_output=len)
        with pytest.raises(errors.WorkerDied):
            worker.call("beyond:end", how)
    assert descriptors().keys() == before.keys()
    assert zombies() == []


def zombies() -> list[str]:
    """The children of this process that nobody waited for."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text("utf-8", "replace").rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid() and state == "Z":
            found.append(name)
    return found
