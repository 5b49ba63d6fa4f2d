"""The file lock: held by the dead, the stopped and the living; deleted, replaced, missing; entered twice; forked."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironmentWarning, errors, events
from isolated_environment.holder import describe_holder
from isolated_environment.layout import Layout
from tests.support.audit import audit
from tests.support.holder import holding
from tests.support.leftovers import generations, leftovers
from tests.support.visitors import CHECKOUT, without_privileges


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_row_33_a_live_holder_is_named_and_a_killed_one_does_not_block(make):
    told: list[events.Event] = []
    heard, entered = threading.Event(), threading.Event()

    def on_event(event: events.Event) -> None:
        told.append(event)
        heard.set()

    def enter() -> None:
        with make(on_event=on_event).lock():
            entered.set()

    with holding(make().path) as holder:
        started = time.monotonic()
        waiter = threading.Thread(target=enter)
        waiter.start()
        assert heard.wait(10)
        waited = time.monotonic() - started
        assert not entered.is_set()
        holder.kill()
        killed = time.monotonic()
        assert entered.wait(10)
        assert time.monotonic() - killed < 0.5
        waiter.join()
    assert 0.9 < waited < 2.0
    assert isinstance(told[0], events.WaitingForLock)
    assert told[0].waited == pytest.approx(waited, abs=0.5)
    assert told[0].holder.startswith(f"pid {holder.pid} (holder.py), held by the application for ")
    assert told[0].holder.endswith(" s")


@pytest.mark.parametrize("state", ["alive", "stopped"])
def test_row_34_the_timeout_names_the_holder(make, state):
    with holding(make().path) as holder:
        if state == "stopped":
            os.kill(holder.pid, signal.SIGSTOP)
        before = open_files()
        with pytest.raises(errors.LockTimeoutError, match=f"pid {holder.pid} ") as caught:
            make(["alpha"], lock_timeout=0.3).ensure()
        assert open_files() == before
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.holder.startswith(f"pid {holder.pid} (holder.py), held by the application for ")
    assert caught.value.path == str(make().path / "lock")
    assert 0.3 <= caught.value.waited < 2
    assert "lock_timeout" in (caught.value.hint or "")


def test_who_builds_is_said_beside_the_lock(make):
    env = make()
    seen = []

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            seen.append(describe_holder(Layout(str(env.path))))

    make(["alpha"], on_event=on_event).ensure()
    assert seen
    assert all(text.startswith(f"pid {os.getpid()} (") and "), building for " in text for text in seen)
    assert describe_holder(Layout(str(env.path))) == "an unknown process", "nobody, now"


def test_row_39_a_waiter_that_gives_up_leaves_nothing(make):
    class GivesUpError(Exception):
        pass

    def give_up(_: events.Event) -> None:
        raise GivesUpError

    with holding(make().path) as holder:
        before = open_files()
        with pytest.raises(GivesUpError):
            make(["alpha"], on_event=give_up).ensure()
        assert open_files() == before
        assert holder.poll() is None
    assert make(["alpha"]).ensure().is_dir()


def test_threads_exclude_each_other_and_the_timeout_says_so(make):
    with make().lock():
        caught = []

        def enter() -> None:
            try:
                with make(lock_timeout=0.1).lock():
                    pass
            except errors.LockTimeoutError as error:
                caught.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert caught[0].holder.startswith(f"another thread of this process, pid {os.getpid()} (")


@pytest.mark.parametrize("replacement", [None, b""])
def test_row_35_a_lock_file_deleted_in_a_build_publishes_nothing(make, replacement):
    def delete(event: events.Event) -> None:
        if isinstance(event, events.StepStarted) and event.step == "install":
            lock = Path(event.root, "lock")
            lock.unlink()
            if replacement is not None:
                lock.write_bytes(replacement)

    env = make(["alpha"], on_event=delete)
    with pytest.raises(errors.LockLostError, match="lock was replaced") as caught:
        env.ensure()
    assert caught.value.path == str(env.path / "lock")
    assert not (env.path / "isolated-environment.json").exists()
    assert generations(env.path) == []
    again = make(["alpha"])
    assert audit(again.ensure(), {"alpha": "2.0"}) == []
    again.gc(force=True)
    assert leftovers(env.path) == []


@pytest.mark.parametrize("kind", ["link", "directory"])
def test_row_36_a_lock_path_that_is_no_file_is_refused(make, tmp_path, kind):
    env = make(["alpha"])
    with env.lock():
        pass
    lock, elsewhere = env.path / "lock", tmp_path / "elsewhere"
    lock.unlink()
    elsewhere.write_text("not ours")
    lock.symlink_to(elsewhere) if kind == "link" else lock.mkdir()
    for refused in (env.ensure, env.gc, env.remove, env.lock().__enter__):
        with pytest.raises(errors.NotOurDirectoryError) as caught:
            refused()
        assert caught.value.path == str(lock)
        assert caught.value.hint
    assert elsewhere.read_text() == "not ours"
    lock.unlink() if kind == "link" else lock.rmdir()
    assert env.ensure().is_dir()


LOCKED_OUT = """
import json, sys
from isolated_environment import IsolatedEnvironment, errors
env, told = IsolatedEnvironment(sys.argv[1], owner=None), []
print(env.run(["alpha"], capture_output=True, text=True, check=True).stdout, end="")
for action in (lambda: env.pip_install("delta"), env.gc, env.remove, env.lock().__enter__):
    try:
        action()
    except errors.IsolatedEnvironmentError as error:
        told.append([error.code, str(error), bool(error.hint)])
print(json.dumps(told))
"""


def test_row_36_a_lock_of_somebody_else_is_told_and_what_is_there_still_works(make):
    words = without_privileges()
    if words is None or os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    env = make(["alpha"])
    prefix, lock = env.ensure(), env.path / "lock"
    lock.chmod(0o600)
    os.chown(lock, 65534, 65534)
    command = [*words, sys.executable, "-c", LOCKED_OUT, str(env.path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    first, answer = done.stdout.splitlines()
    assert first == "alpha 2.0"
    told = json.loads(answer)
    assert [(code, has_hint) for code, _, has_hint in told] == [("read-only-location", True)] * 4
    assert all(str(lock) in text for _, text, _ in told)
    assert audit(prefix, {"alpha": "2.0"}) == []


def test_the_note_beside_the_lock_is_not_written_through_a_link(make, tmp_path):
    env = make()
    with env.lock():
        pass
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    (env.path / "lock.owner").unlink()
    (env.path / "lock.owner").symlink_to(elsewhere)
    with env.lock():
        assert describe_holder(Layout(str(env.path))) == "an unknown process"
    assert elsewhere.read_text() == "not ours"


def test_the_holder_may_build_inside_with_any_handle(make):
    env, other = make(), make(lock_timeout=1)
    with env.lock():
        env.pip_install("alpha==1.0")
        with other.lock():
            other.pip_install("delta")
        assert describe_holder(Layout(str(env.path))).partition("), ")[2].startswith("held by the application")
    assert {item.name for item in env.pip_list()} == {"alpha", "delta"}
    with holding(env.path):
        pass  # it was given back


@pytest.mark.parametrize("same", [True, False])
def test_row_38_asking_for_a_build_inside_one_is_an_error_and_no_deadlock(make, same):
    caught = []

    def again(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            inner = env if same else make(["alpha"])
            with pytest.raises(errors.ReentrantBuildError) as error:
                inner.ensure()
            caught.append(error.value)

    env = make(["alpha"], on_event=again)
    assert audit(env.ensure(), {"alpha": "2.0"}) == [], "who catches it has the build"
    assert isinstance(caught[0], RuntimeError)
    assert "on_event" in (caught[0].hint or "")


def test_an_error_of_the_event_handler_ends_the_build(make):
    def stumble(event: events.Event) -> None:
        if isinstance(event, events.StepStarted) and event.step == "install":
            make(["alpha"]).ensure()

    with pytest.raises(errors.ReentrantBuildError):
        make(["alpha"], on_event=stumble).ensure()
    root = make().path
    assert generations(root) == []
    assert make(["alpha"]).ensure().is_dir()


@pytest.mark.parametrize(
    ("number", "which"),
    [(errno.ENOLCK, ""), (errno.ENOSYS, ""), (errno.ENOLCK, "/lock")],
    ids=["ENOLCK", "ENOSYS", "leases work"],
)
def test_row_40_without_working_locks_there_is_one_warning_and_no_collection(make, monkeypatch, number, which):
    works = fcntl.flock

    def flock(fd: int, operation: int) -> None:
        if not os.readlink(f"/proc/self/fd/{fd}").endswith(which):
            return works(fd, operation)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    env = make()
    with pytest.warns(IsolatedEnvironmentWarning, match="no working locks") as warned:
        env.pip_install("alpha==1.0").pip_install("alpha==2.0")
    assert len(warned) == 1
    assert audit(env.ensure(), {"alpha": "2.0"}) == []
    assert env.gc(force=True) == []
    assert generations(env.path) == ["g1", "g2"]
