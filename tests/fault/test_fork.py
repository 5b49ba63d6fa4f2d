"""A process that forks while it holds the lock, a lease, or builds: the child neither holds nor gives back."""

from __future__ import annotations

import os
import time

from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers
from tests.support.processes import await_end
from tests.support.programs import answer, program

HEAD = """
import fcntl, json, os, sys, threading, time
from isolated_environment import IsolatedEnvironment, errors, events
from isolated_environment.holder import describe_holder
from isolated_environment.layout import Layout
path = sys.argv[1]
def say(*words):
    os.write(1, (json.dumps(words) + "\\n").encode())
def is_locked():
    with open(path + "/lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
"""

LEAVES = (
    HEAD
    + """
parent = os.getpid()
with IsolatedEnvironment(path, owner=None).lock():
    child = os.fork()
    if child == 0:
        try:
            with IsolatedEnvironment(path, owner=None, lock_timeout=0.2).lock():
                say("the child holds it too")
        except errors.LockTimeoutError as error:
            say("the child waits", f"pid {parent} " in error.holder)
    else:
        os.waitpid(child, 0)
        say("after the child has left", is_locked(), f"pid {parent} " in describe_holder(Layout(path)))
if child == 0:
    os._exit(0)
say("after the parent has left", is_locked())
"""
)


def test_row_37_a_child_that_leaves_the_block_gives_nothing_back(tmp_path):
    with program(LEAVES, tmp_path / "env") as process:
        assert answer(process) == ["the child waits", True]
        assert answer(process) == ["after the child has left", True, True]
        assert answer(process) == ["after the parent has left", False]
        assert process.wait(10) == 0


OUTLIVES = (
    HEAD
    + """
with IsolatedEnvironment(path, owner=None).lock():
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    say(child)
    time.sleep(600)
"""
)


def test_row_37_a_child_does_not_hold_the_lock_of_its_dead_parent(make, tmp_path):
    with program(OUTLIVES, tmp_path / "env") as process:
        (child,) = answer(process)
        process.kill()
        process.wait()
        started = time.monotonic()
        with make(lock_timeout=5).lock():
            assert time.monotonic() - started < 0.5
        assert await_end([int(str(child))], 0.0), "the child lives"
        process.stdin.close()  # type: ignore[union-attr]
        assert not await_end([int(str(child))], 10)


BUILDS = (
    HEAD
    + """
def fork(event):
    if isinstance(event, events.StepStarted) and event.step == "install":
        child = os.fork()
        if child == 0:
            sys.stdin.read()
            os._exit(0)
        say(child)
        time.sleep(600)
IsolatedEnvironment(path, ["alpha"], owner=None, on_event=fork).ensure()
"""
)


def test_row_37_a_child_does_not_hold_the_build_of_its_dead_parent(make, tmp_path):
    with program(BUILDS, tmp_path / "env") as process:
        (child,) = answer(process)
        process.kill()
        process.wait()
        assert generations(tmp_path / "env") == ["g1"]
        env = make(["alpha"])
        assert audit(env.ensure(), {"alpha": "2.0"}) == []
        assert generations(tmp_path / "env") == ["g2"], "the abandoned attempt is collected at once"
        assert leftovers(env.path) == []
        process.stdin.close()  # type: ignore[union-attr]
        assert not await_end([int(str(child))], 10)


THREADS = (
    HEAD
    + """
installing, forked = threading.Event(), threading.Event()
def wait(event):
    if isinstance(event, events.StepStarted) and event.step == "install":
        installing.set()
        forked.wait()
env = IsolatedEnvironment(path, ["alpha"], owner=None, on_event=wait)
builder = threading.Thread(target=env.ensure)
builder.start()
installing.wait()
child = os.fork()
if child == 0:
    say("child", str(env.ensure()))
    os._exit(0)
forked.set()
builder.join()
say("parent", str(env.ensure()), os.waitpid(child, 0)[1])
"""
)


def test_row_37_a_child_forked_while_a_thread_builds_gets_the_same_environment(tmp_path):
    with program(THREADS, tmp_path / "env") as process:
        said = {str(words[0]): words[1:] for words in (answer(process), answer(process))}
    assert said == {"child": [str(tmp_path / "env" / "g1")], "parent": [str(tmp_path / "env" / "g1"), 0]}


USES = (
    HEAD
    + """
env = IsolatedEnvironment(path, ["alpha==1.0", "delta"], owner=None)
env.ensure()
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
say(child)
"""
)


def test_row_37_a_child_keeps_the_generation_that_its_parent_used(make, tmp_path):
    with program(USES, tmp_path / "env") as process:
        (child,) = answer(process)
        assert process.wait(10) == 0
        for version in ("2.0", "1.0"):
            make([f"alpha=={version}"]).ensure()
        make().gc(force=True)
        assert "g1" in generations(tmp_path / "env"), "the child may still use it"
        process.stdin.close()  # type: ignore[union-attr]
        assert not await_end([int(str(child))], 10)
        make().gc(force=True)
        assert "g1" not in generations(tmp_path / "env")
    assert os.listdir(tmp_path / "env" / "trash") == []
