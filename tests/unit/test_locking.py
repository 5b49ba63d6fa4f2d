"""The lock of a root within one process, and the note about who holds it."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest

from isolated_environment.errors import LockLostError, LockTimeoutError
from isolated_environment.holder import clear_holder, describe_holder, note_holder
from isolated_environment.layout import Layout
from isolated_environment.locking import lock_for, locked


@pytest.fixture
def lock(tmp_path):
    return lock_for(str(tmp_path))


def phase(tmp_path) -> str:
    return describe_holder(Layout(str(tmp_path))).partition("), ")[2].partition(" for ")[0]


def test_there_is_one_lock_for_a_root(tmp_path, lock):
    assert lock_for(str(tmp_path)) is lock
    assert lock_for(str(tmp_path / "other")) is not lock


def test_it_is_entered_again_and_given_back_once(tmp_path, lock):
    with lock.held(None, "outer"):
        with lock.held(0, "inner"):
            assert phase(tmp_path) == "inner"
        assert phase(tmp_path) == "outer"
        lock.assert_held()
    assert phase(tmp_path) == ""
    assert (tmp_path / "lock").exists(), "it is never unlinked"
    with lock.held(0, "again"):
        pass


def test_an_error_inside_gives_it_back(lock):
    with pytest.raises(ZeroDivisionError), lock.held(None, "x"):
        _ = 1 / 0
    entered = []

    def enter() -> None:
        with lock.held(1, "y"):
            entered.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [True]


def test_a_thread_that_waits_is_told_each_second_and_in_the_end(lock):
    told = []
    caught = []

    def enter() -> None:
        try:
            with lock.held(1.2, "y", lambda holder, waited: told.append((holder, waited))):
                pass
        except LockTimeoutError as error:
            caught.append(error)

    with lock.held(None, "testing"):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    ((holder, waited),) = told
    assert holder.startswith(f"another thread of this process, pid {os.getpid()} (")
    assert "testing for" in holder
    assert 1 <= waited < 1.2
    assert 1.2 <= caught[0].waited < 2
    assert caught[0].holder.startswith("another thread")


@pytest.mark.parametrize("replace", [False, True])
def test_a_lock_file_that_is_gone_is_noticed(tmp_path, lock, replace):
    with lock.held(None, "x"):
        (tmp_path / "lock").unlink()
        if replace:
            (tmp_path / "lock").touch()
        with pytest.raises(LockLostError):
            lock.assert_held()
    with lock.held(0, "again"):
        lock.assert_held()


def test_only_the_building_thread_is_inside_a_build(lock):
    answers = []
    with lock.building():
        assert lock.building_here()
        thread = threading.Thread(target=lambda: answers.append(lock.building_here()))
        thread.start()
        thread.join()
    assert answers == [False]
    assert not lock.building_here()


def test_a_holder_is_described_in_its_own_words(tmp_path):
    layout = Layout(str(tmp_path))
    note_holder(layout, "building")
    owner = json.loads((tmp_path / "lock.owner").read_text())
    assert set(owner) == {"pid", "host", "command", "since", "phase"}
    (tmp_path / "lock.owner").write_text(json.dumps({**owner, "since": time.time() - 90}))
    assert describe_holder(layout) == f"pid {os.getpid()} ({owner['command']}), building for 90 s"


def test_a_shorter_note_over_a_longer_one_is_read_alone(tmp_path):
    layout = Layout(str(tmp_path))
    note_holder(layout, "x")
    short = (tmp_path / "lock.owner").read_bytes()
    note_holder(layout, "something that takes many words")
    long = (tmp_path / "lock.owner").read_bytes()
    (tmp_path / "lock.owner").write_bytes(short + long[len(short) :])  # written, not cut yet
    assert describe_holder(layout).endswith("), x for 0 s")


@pytest.mark.timeout(10)  # a FIFO must not block
@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": 1}', '{"pid": 1, "since": "x"}', None])
def test_a_note_that_cannot_be_read_is_an_unknown_process(tmp_path, text):
    layout = Layout(str(tmp_path))
    if text is None:
        os.mkfifo(tmp_path / "lock.owner")
        note_holder(layout, "x")
        clear_holder(layout)
    else:
        (tmp_path / "lock.owner").write_text(text)
    assert describe_holder(layout) == "an unknown process"


def test_the_lock_for_short_edits_excludes_and_times_out(tmp_path):
    path = tmp_path / "lock"
    with locked(path, 1):
        started = time.monotonic()
        with pytest.raises(LockTimeoutError) as caught, locked(path, 0.1):
            pass
        assert 0.1 <= time.monotonic() - started < 1
        assert caught.value.path == str(path)
    with locked(path, 0):
        assert path.exists()
