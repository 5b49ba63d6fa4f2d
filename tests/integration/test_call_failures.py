"""Every call ends: exceptions, deaths, time-outs, cancellations, and what comes after each."""

from __future__ import annotations

import builtins
import concurrent.futures
import os
import signal
import sys
import threading
import time

import pytest

from isolated_environment import errors

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

ECHO = "beyond:echo"


def quiet(_: str) -> None:
    """Take a line, and do nothing with it."""


@pytest.fixture
def worker(beyond):
    with beyond.worker() as worker:
        yield worker


# exceptions


def test_row_56_an_exception_keeps_its_class_and_brings_the_remote_traceback(worker):
    with pytest.raises(ValueError, match="bad value") as caught:
        worker.call("beyond:fail", "value", "bad value")
    cause = caught.value.__cause__
    assert isinstance(cause, errors.RemoteError)
    assert cause.type_name == "builtins.ValueError"
    assert 'beyond.py", line' in cause.traceback
    assert "isolated_environment" not in cause.traceback, "our own frames are no news"
    assert worker.call(ECHO, 1) == 1


def test_row_56_a_chain_of_causes_is_told(worker):
    with pytest.raises(LookupError) as caught:
        worker.call("beyond:fail_from", "x")
    assert "invalid literal for int()" in caught.value.__cause__.traceback
    assert "direct cause" in caught.value.__cause__.traceback


@pytest.mark.parametrize(
    ("kind", "args", "name"),
    [
        ("broken", (3, "here"), "beyond.BrokenError"),
        ("locked", (), "beyond.LockedError"),
        ("exit", (0,), "builtins.SystemExit"),
        ("interrupt", (), "builtins.KeyboardInterrupt"),
    ],
)
def test_row_56_an_exception_that_cannot_be_built_here_is_told(beyond, kind, args, name):
    with beyond.worker() as worker:
        with pytest.raises(errors.RemoteError) as caught:
            worker.call("beyond:fail", kind, *args)
        assert caught.value.type_name == name
        if kind != "interrupt":  # which is how the host stops a worker
            assert worker.call(ECHO, 1) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups before 3.11")
def test_row_56_notes_and_groups_are_kept(worker):
    def fail():
        import builtins

        error = builtins.ExceptionGroup("several", [ValueError("one"), KeyError("two")])
        error.add_note("look here")
        raise error

    with pytest.raises(builtins.ExceptionGroup) as caught:
        worker.call(fail)
    assert [type(each) for each in caught.value.exceptions] == [ValueError, KeyError]
    assert caught.value.__notes__ == ["look here"]


def test_a_result_that_cannot_travel_is_named(worker):
    with pytest.raises(errors.SerializationError) as caught:
        worker.call("beyond:unpicklable")
    assert (caught.value.path, caught.value.side) == ("['bad'][0]", "environment")
    assert "lock" in caught.value.type_name
    assert worker.call(ECHO, 1) == 1


def test_an_argument_that_cannot_travel_is_named(worker):
    with pytest.raises(errors.SerializationError) as caught:
        worker.call(ECHO, 1, {"x": [threading.Lock()]})
    assert (caught.value.path, caught.value.side) == ("args[1]['x'][0]", "host")
    assert worker.call(ECHO, 1) == 1


def test_a_result_whose_class_is_not_here(worker):
    with pytest.raises(errors.SerializationError) as caught:
        worker.call("beyond:Model")
    assert caught.value.side == "host"
    assert worker.call(ECHO, 1) == 1


# deaths

DEATHS = {
    "segfault": ("SIGSEGV", None),
    "abort": ("SIGABRT", None),
    "SIGKILL": ("SIGKILL", None),
    "SIGTERM": ("SIGTERM", None),
    "exit": (None, 3),
    "exit 0": (None, 0),
}


@pytest.mark.parametrize("how", DEATHS)
def test_row_44_46_a_death_is_told_as_what_it_was(beyond, how):
    worker = beyond.worker(on_output=quiet)
    started = time.monotonic()
    with pytest.raises(errors.WorkerDied) as caught:
        worker.call("beyond:end", how)
    assert time.monotonic() - started < 5
    assert (caught.value.signal, caught.value.exit_code) == DEATHS[how]
    assert ("out of memory" in (caught.value.hint or "")) == (how == "SIGKILL")
    if how == "segfault":
        assert "beyond.py" in caught.value.tail, "faulthandler says where"
    with pytest.raises(errors.WorkerClosedError):
        worker.call(ECHO, 1)
    worker.close()


def test_once_is_no_different(beyond):
    with pytest.raises(errors.WorkerDied, match="exit code 3"):
        beyond.call("beyond:end", "exit")


def test_a_daemon_that_keeps_the_descriptors_open_delays_nothing(beyond):
    worker = beyond.worker(on_output=quiet)
    started = time.monotonic()
    with pytest.raises(errors.WorkerDied) as caught:
        worker.call("beyond:fork_a_daemon_and_end", "exit")
    assert time.monotonic() - started < 3
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("where", ["pickling the result", "in a destructor"])
@pytest.mark.parametrize("how", ["quiet segfault", "exit"])
def test_an_end_beside_the_call(beyond, where, how):
    worker = beyond.worker(on_output=quiet)
    with pytest.raises((errors.WorkerDied, errors.SerializationError)):
        worker.call("beyond:end_later", how, where)
    with pytest.raises((errors.WorkerDied, errors.WorkerClosedError)):
        worker.call(ECHO, 1)
    assert not worker.is_alive


def test_an_interpreter_that_does_not_come_up(beyond, tmp_path):
    from isolated_environment.bridge.reach import Peer
    from isolated_environment.bridge.spawn import SpawnedProcess
    from isolated_environment.bridge.worker import Worker

    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho 'cannot load libpython' >&2\nexit 127\n")
    python.chmod(0o755)
    peer = Peer("3.11", 5, ())
    with pytest.raises(errors.WorkerStartError, match="did not come up") as caught:
        Worker(SpawnedProcess(str(tmp_path), {}), peer, on_output=quiet).call(ECHO, 1)
    assert "cannot load libpython" in caught.value.tail
    python.unlink()
    with pytest.raises(errors.WorkerStartError, match="cannot be started"):
        Worker(SpawnedProcess(str(tmp_path), {}), peer)


# time


@pytest.mark.parametrize("target", ["time:sleep", "beyond:swallow", "beyond:hold_the_gil"])
def test_row_48_a_call_that_takes_too_long_is_stopped_whatever_it_does(beyond, target):
    worker = beyond.worker(timeout=0.3)
    pid = worker.pid
    started = time.monotonic()
    with pytest.raises(errors.CallTimeoutError) as caught:
        worker.call(target, 60)
    assert time.monotonic() - started < 6
    assert caught.value.timeout == 0.3
    assert isinstance(caught.value, TimeoutError)
    assert not os.path.exists(f"/proc/{pid}")
    with pytest.raises(errors.WorkerClosedError):
        worker.call(ECHO, 1)


def test_a_time_out_of_one_function(beyond):
    with pytest.raises(errors.CallTimeoutError):
        beyond.function("time:sleep", timeout=0.3)(60)


def test_what_it_started_goes_with_it(beyond):
    worker = beyond.worker()
    grandchild = worker.call("beyond:start_a_grandchild")
    worker.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and runs(grandchild):
        time.sleep(0.01)
    assert not runs(grandchild)


def runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_cancelling_a_running_call_stops_it(beyond):
    with beyond.workers(1) as pool:
        future = pool.submit("time:sleep", 60)
        pid = pool.submit("os:getpid")
        while not future.running():
            time.sleep(0.01)
        started = time.monotonic()
        assert future.cancel()
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(10)
        assert time.monotonic() - started < 3
        assert runs(pid.result(10)), "what was submitted behind it runs in another worker"
        assert pool.call(ECHO, 1) == 1


def test_ctrl_c_in_the_host_ends_the_call_and_its_worker(beyond):
    worker = beyond.worker()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may ignore it
    try:
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            worker.call("time:sleep", 60)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not worker.is_alive


def test_row_51_a_ctrl_c_that_wakes_nobody_is_seen_soon(beyond):
    """A signal just before a system call does not end it: as if another thread had taken it."""
    other = threading.Thread(target=time.sleep, args=(3,))
    other.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for timeout in (None, 50):  # both ways to wait
            worker = beyond.worker(timeout=timeout)
            worker.call("beyond:echo", 1)
            threading.Timer(0.3, lambda: signal.pthread_kill(other.ident, signal.SIGINT)).start()
            started = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                worker.call("time:sleep", 30)
            assert time.monotonic() - started < 10
            assert not worker.is_alive
    finally:
        signal.signal(signal.SIGINT, before)
        other.join()
