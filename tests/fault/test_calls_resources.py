"""Descriptors, processes, threads, memory, files: none more after than before; a clear error where none is left."""

from __future__ import annotations

import gc
import os
import pickle
import threading
import time
from pathlib import Path

import pytest

from isolated_environment import errors
from tests.support.processes import await_end
from tests.support.programs import CALLS, answer, descriptors, program

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="it looks into /proc")


class Large:
    """Travels as memory beside the pickle."""

    def __init__(self, size: int = 2 << 20) -> None:
        self.size = size

    def __reduce_ex__(self, protocol):
        return bytearray, (pickle.PickleBuffer(bytearray(self.size)),)


class Account:
    """What this process holds."""

    def __init__(self) -> None:
        gc.collect()
        self.descriptors = descriptors().keys()
        self.threads = set(threading.enumerate())
        self.children = children()

    def assert_settled(self) -> None:
        """Nothing is more than it was; a thread that was told to end may take a moment."""
        deadline = time.monotonic() + 5
        while set(threading.enumerate()) - self.threads and time.monotonic() < deadline:
            time.sleep(0.01)
        gc.collect()
        assert set(threading.enumerate()) - self.threads == set()
        assert descriptors().keys() - self.descriptors == set()
        assert children() - self.children == set()


def children() -> set[int]:
    """The children of this process, zombies too."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """Where temporary files go, of this process and of workers."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    return directory


def live(beyond, number: int) -> None:
    """One life of a worker, each of another kind."""
    kind = number % 6
    if kind == 0:
        with beyond.worker(on_output=len) as worker:
            assert len(worker.call("beyond:echo", Large())) == 2 << 20
    elif kind == 1:
        assert beyond.call("beyond:echo", number) == number
    elif kind == 2:
        with beyond.workers(1, on_output=len) as pool:
            assert pool.submit("beyond:echo", number).result(30) == number
    elif kind == 3:
        stream = beyond.call("beyond:count", 10**6)
        assert next(stream) == 0
        stream.close()
    elif kind == 4:
        worker = beyond.worker(on_output=len)
        with pytest.raises(errors.WorkerDied):
            worker.call("beyond:end", "exit")
    else:
        worker = beyond.worker(on_output=len)
        assert len(worker.new("beyond:Model")) == 0
        assert next(worker.call("beyond:count", 10)) == 0  # nothing is closed


def check_lives(beyond, scratch, count: int) -> None:
    live(beyond, 0)  # what is loaded and made once
    live(beyond, 2)
    account = Account()
    for number in range(count):
        live(beyond, number)
    account.assert_settled()
    assert list(scratch.iterdir()) == []
    assert [name for name in os.listdir("/dev/shm") if name.startswith("ie-")] == []


def test_row_62_63_thirty_lives_leave_nothing(beyond, scratch):
    check_lives(beyond, scratch, 30)


@pytest.mark.slow
def test_row_62_63_a_thousand_lives_leave_nothing(beyond, scratch):
    check_lives(beyond, scratch, 1000)


def test_the_account_finds_what_is_left(beyond):
    """The negative control."""
    account = Account()
    worker = beyond.worker()
    with pytest.raises(AssertionError):
        account.assert_settled()
    worker.close()
    account.assert_settled()


def test_a_long_life_grows_on_neither_side(beyond):
    with beyond.worker(on_output=len) as worker:

        def once(number):
            assert len(worker.call("beyond:echo", Large(1 << 20))) == 1 << 20
            assert worker.call("beyond:echo", number) == number
            assert worker.submit("beyond:echo", number).result(30) == number
            assert len(worker.new("beyond:Model")) == 0
            assert list(worker.call("beyond:count", 20)) == list(range(20))
            assert worker.call(lambda: number) == number
            with pytest.raises(ValueError, match="x"):
                worker.call("beyond:fail", "value", "x")

        def held():
            return descriptors().keys(), descriptors(worker.pid).keys(), worker.call("beyond:alive")

        for number in range(40):
            once(number)
        before = held()
        for number in range(60):
            once(number)
        gc.collect()
        assert held() == before


# nothing left

FEW = (
    CALLS
    + """
import resource
env.call("beyond:echo", 0)
quiet().call("beyond:echo", 0)
before = len(os.listdir("/proc/self/fd"))
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
workers = []
try:
    while True:
        workers.append(quiet())
        workers[-1].call("beyond:echo", 1)
except errors.WorkerStartError as error:
    say(len(workers) > 5, "Too many open files" in str(error), "close workers" in error.hint)
say([each.call("beyond:echo", 2) for each in workers] == [2] * len(workers))
try:
    env.call("beyond:echo", 3)
except (errors.WorkerStartError, OSError) as error:
    say("told", type(error).__name__)
for each in workers:
    each.close()
say(env.call("beyond:echo", 4), len(os.listdir("/proc/self/fd")) - before)
"""
)


def test_row_62_a_host_without_descriptors_says_so_and_goes_on(beyond):
    with program(FEW, beyond.path) as host:
        assert answer(host) == [True, True, True]
        assert answer(host) == [True]
        assert answer(host)[0] == "told"
        assert answer(host) == [4, 0]
        assert host.wait(10) == 0


def test_row_62_a_worker_without_descriptors_still_gets_large_values(beyond):
    def limit():
        import os
        import resource

        number = max(map(int, os.listdir("/proc/self/fd")))
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))

    with beyond.worker(on_output=len) as worker:
        worker.call("beyond:echo", 1)
        worker.call(limit)
        try:
            assert len(worker.call("beyond:echo", Large())) == 2 << 20
        except errors.WorkerDied as error:  # what is lost on the way cannot be asked for again
            assert "too many open files" in error.tail  # noqa: PT017


def refuse(*_):
    raise OSError(38, "Function not implemented")


def refuse_memory_there():
    import os

    def refuse(*_):
        raise OSError(38, "Function not implemented")

    os.memfd_create = refuse


@pytest.mark.parametrize("side", ["host", "worker", "both"])
def test_row_60_without_anonymous_memory_large_values_go_through_the_stream(beyond, monkeypatch, side):
    if side != "worker":
        monkeypatch.setattr(os, "memfd_create", refuse)
    with beyond.worker() as worker:
        if side != "host":
            worker.call(refuse_memory_there)
        for _ in range(3):
            assert len(worker.call("beyond:echo", Large())) == 2 << 20


def test_row_60_shared_memory_that_is_not_to_be_had_is_an_error_at_once(monkeypatch):
    from isolated_environment import SharedArray

    monkeypatch.setattr(os, "memfd_create", refuse)
    with pytest.raises(OSError, match="not implemented"):
        SharedArray(10)


def test_row_61_a_peer_cannot_take_memory_away_under_a_reader(beyond):
    """Sealed: what would be SIGBUS in the host is EPERM over there."""

    def truncate():
        import os

        found = []
        for name in os.listdir("/proc/self/fd"):
            try:
                if "memfd" in os.readlink("/proc/self/fd/" + name):
                    os.ftruncate(int(name), 0)
                    found.append("truncated")
            except FileNotFoundError:  # the one that lists them
                continue
            except OSError as error:
                found.append(error.errno)
        return found

    with beyond.worker() as worker:
        kept = worker.call("beyond:echo", Large(8 << 20))
        assert set(worker.call(truncate)) == {1}
        assert kept == bytearray(8 << 20)


def test_threads_and_processes_that_a_call_leaves_go_with_the_worker(beyond):
    def leave():
        import subprocess
        import threading
        import time

        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        return [subprocess.Popen(["sleep", "60"]).pid for _ in range(3)]

    with beyond.worker() as worker:
        pids = worker.call(leave)
    assert await_end([worker.pid, *pids], 2) == []
