"""A host that dies in the middle of calls leaves no worker, whatever the workers do at that moment."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading

import pytest

from isolated_environment import errors
from tests.support.processes import await_end, is_running
from tests.support.programs import CALLS, answer, descriptors, program

#: Row 16 of the invariants: seconds.
LIMIT = 1.0

STARTS = (
    CALLS
    + """
came = threading.Semaphore(0)
def told(line):
    if line == "in it":
        came.release()
def look_away():
    import fcntl, os
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            flags = fcntl.fcntl(number, fcntl.F_GETFL)
            if flags & os.O_ASYNC:
                fcntl.fcntl(number, fcntl.F_SETFL, flags & ~os.O_ASYNC)
                seen = True
        except OSError:
            continue
    return seen
def worker():
    made = env.worker(on_output=told)
    if "unwatched" in sys.argv:
        made.call(look_away)
    return made
def python():
    print("in it", flush=True)
    while True:
        pass
def native():
    import ctypes
    print("in it", flush=True)
    ctypes.PyDLL(None).sleep(60)
def swallows():
    import time
    print("in it", flush=True)
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
def ignores():
    import signal, time
    for number in range(1, 65):
        if number not in (9, 19, 32, 33):
            signal.signal(number, signal.SIG_IGN)
    print("in it", flush=True)
    time.sleep(60)
def threads():
    import threading, time
    for _ in range(4):
        threading.Thread(target=time.sleep, args=(60,)).start()
    print("in it", flush=True)
def sends():
    print("in it", flush=True)
    return b"x" * (256 << 20)
def streams():
    print("in it", flush=True)
    while True:
        yield 1
def asks(function):
    function()
workers, doing, streaming = {"idle": worker()}, [], []
workers["idle"].call("os:getpid")
for target in (python, native, swallows, ignores, threads, sends):
    made = workers[target.__name__] = worker()
    doing.append(made.submit(target))
    assert came.acquire(timeout=30), doing[-1]
made = workers["streams"] = worker()
streaming.append(made.call(streams))
next(streaming[0])
made = workers["asks"] = worker()
asked = threading.Event()
doing.append(made.submit(asks, host_function(lambda: (asked.set(), time.sleep(60)))))
asked.wait()
starter = threading.Thread(target=lambda: workers.update(started_by_a_thread_that_ended=worker()))
starter.start()
starter.join()
workers["started_by_a_thread_that_ended"].call("os:getpid")
"""
)

DIES = (
    STARTS
    + """
say({name: each.pid for name, each in workers.items()})
sys.stdin.read()
"""
)

LEAVES_A_SIBLING = (
    STARTS
    + """
if "forgets to close" in sys.argv:
    import weakref
    from isolated_environment.bridge import worker_process
    worker_process._alive = weakref.WeakSet()
child = os.fork()
if child == 0:
    os.close(1)
    sys.stdin.read()
    os._exit(0)
say({name: each.pid for name, each in workers.items()})
time.sleep(60)
"""
)


def names(pids: dict[str, int], left: list[int]) -> list[str]:
    return [name for name, pid in pids.items() if pid in left]


def test_row_42_43_workers_end_with_the_host_whatever_they_do(beyond):
    with program(DIES, beyond.path) as host:
        (pids,) = answer(host)
        assert len(pids) == 10
        assert not [name for name, pid in pids.items() if not is_running(pid)], "none ends before"
        host.kill()
        host.wait()
        assert names(pids, await_end(pids.values(), LIMIT)) == []


@pytest.mark.slow
def test_a_host_that_is_stopped_and_killed_is_no_different(beyond):
    with program(DIES, beyond.path) as host:
        (pids,) = answer(host)
        os.kill(host.pid, signal.SIGSTOP)
        host.kill()
        host.wait()
        assert names(pids, await_end(pids.values(), LIMIT)) == []


def test_row_43_a_sibling_that_the_host_forked_keeps_no_worker_alive(beyond):
    _, left = survivors(LEAVES_A_SIBLING, beyond.path)
    assert left == []


def end(pids) -> None:
    for pid in pids:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert await_end(pids, 5) == []


def survivors(source: str, *arguments: object) -> tuple[dict[str, int], list[str]]:
    """Kill a host; return its workers' pids, and the names of those that went on, which are ended then."""
    with program(source, *arguments) as host:
        (pids,) = answer(host)
        host.kill()
        host.wait()
        left = await_end(pids.values(), LIMIT)
        end(left)
        host.stdin.close()
    return pids, names(pids, left)


def test_workers_that_do_not_watch_are_found(beyond):
    """The negative control of the tests above."""
    _, left = survivors(DIES, beyond.path, "unwatched")
    assert set(left) >= {"python", "native", "swallows", "ignores", "threads"}


@pytest.mark.slow
def test_workers_whose_pipe_a_sibling_holds_are_found(beyond):
    """The negative control of the test with the sibling."""
    pids, left = survivors(LEAVES_A_SIBLING, beyond.path, "forgets to close")
    assert set(left) == set(pids)


FORKS = (
    CALLS
    + """
pool = env.workers(2, fork=True, on_output=lambda line: None)
doing = [pool.submit("builtins:exec", "import time\\ntime.sleep(60)") for _ in range(2)]
while len(pool.pids) < 2:
    time.sleep(0.01)
with env.workers(1, fork=True) as other:
    parent = other.call("os:getppid")
    while not other.pids:
        time.sleep(0.01)
    say(dict(zip(("one", "two"), pool.pids), idle=other.pids[0], parent=parent))
    time.sleep(60)
"""
)


def test_forks_and_what_they_are_forked_from_end_with_the_host(beyond):
    pids, left = survivors(FORKS, beyond.path)
    assert len(set(pids.values())) == 4
    assert left == []


ARRAYS = (
    CALLS
    + """
import pickle
class Large:
    def __reduce_ex__(self, protocol):
        return bytearray, (pickle.PickleBuffer(bytearray(32 << 20)),)
worker = quiet()
kept = worker.call("beyond:echo", Large())
say(worker.pid)
while True:
    worker.call("beyond:echo", Large())
"""
)


@pytest.mark.parametrize("victims", ["host", "both"])
def test_row_59_what_dies_with_arrays_in_flight_leaves_no_memory(beyond, victims):
    with program(ARRAYS, beyond.path) as host:
        (pid,) = answer(host)
        assert memory_of(pid)
        assert memory_of(host.pid), "arrays are in flight, on both sides"
        if victims == "both":
            os.kill(pid, signal.SIGKILL)
        host.kill()
        host.wait()
        assert await_end([pid], LIMIT) == [], "the memory has no name: it goes with who holds it"
    assert [name for name in os.listdir("/dev/shm") if name.startswith("ie-")] == []


def keep_echoes(worker, kept) -> None:
    while True:
        kept[:] = [worker.call("beyond:echo", Large())]


class Large:
    def __reduce_ex__(self, protocol):
        return bytearray, (pickle.PickleBuffer(bytearray(32 << 20)),)


def test_row_59_a_worker_that_dies_with_arrays_in_flight_leaves_no_memory(beyond):
    before = memory_of(os.getpid())
    worker = beyond.worker()
    kept = [worker.call("beyond:echo", Large())]
    timer = threading.Timer(0.2, os.kill, (worker.pid, signal.SIGKILL))
    timer.start()
    with pytest.raises(errors.WorkerDied, match="SIGKILL"):
        keep_echoes(worker, kept)
    timer.join()
    assert {len(each) for each in kept} == {32 << 20}, "what came before is still there"
    kept.clear()
    gc.collect()
    assert memory_of(os.getpid()) == before


def memory_of(pid: int) -> list[str]:
    """The anonymous files that a process holds."""
    return sorted(name for name in descriptors(pid).values() if name.startswith("/memfd:"))
