"""A host that forks while workers exist: the child has none of them, is told so, and keeps none alive."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.processes import await_end, is_running
from tests.support.programs import CALLS, answer, program

FORKS = (
    CALLS
    + """
import gc, traceback
worker = quiet()
worker.call("beyond:echo", 1)
stream = worker.call("beyond:count", 10**6)
next(stream)
model = worker.new("beyond:Model")
pool = env.workers(1, on_output=print)
pool.call("beyond:echo", 1)
def tried(action):
    try:
        return action()
    except Exception as error:
        return type(error).__name__
def fork(work):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sys.exit(0)
"""
)

USES = """
def work():
    say(
        tried(lambda: worker.call("beyond:echo", 1)),
        tried(lambda: worker.submit("beyond:echo", 1)),
        tried(lambda: list(stream)),
        tried(lambda: len(model)),
        tried(lambda: pool.submit("beyond:echo", 1)),
        tried(lambda: pool.call("beyond:echo", 1)),
        worker.is_alive,
        pool.pids,
    )
    stream.close()
    worker.close()
    pool.shutdown()
    say(env.call("beyond:echo", "one of its own"))
    with env.worker() as own, env.workers(1) as others:
        say(own.call("beyond:echo", 2), others.call("beyond:echo", 3))
status = fork(work)
say(status, worker.call("beyond:echo", 4), next(stream), len(model), pool.call("beyond:echo", 5), worker.is_alive)
"""


def test_a_child_is_told_and_the_parent_goes_on(beyond):
    with program(FORKS + USES, beyond.path, stderr=subprocess.PIPE) as host:
        assert answer(host) == [*["WorkerClosedError"] * 6, False, []]
        assert answer(host) == ["one of its own"]
        assert answer(host) == [2, 3]
        assert answer(host) == [0, 4, 1, 0, 5, True]
        assert host.wait(10) == 0
        assert host.stderr.read() == ""


ENDINGS = {
    "by its end": "pass",
    "by os._exit": "os._exit(0)",
    "after everything was collected": "for name in ('worker', 'stream', 'model', 'pool'): globals().pop(name)",
    "after closing everything": "stream.close(); worker.close(); pool.shutdown()",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_child_that_ends_takes_nothing_with_it(beyond, ending):
    after = """
status = fork(work)
say(status, worker.call("beyond:echo", 4), next(stream), len(model), pool.call("beyond:echo", 5))
"""
    source = FORKS + f"\ndef work():\n    {ENDINGS[ending]}\n" + after
    with program(source, beyond.path, stderr=subprocess.PIPE) as host:
        assert answer(host) == [0, 4, 1, 0, 5]
        assert host.wait(10) == 0
        assert host.stderr.read() == ""


IN_THE_MIDDLE = (
    CALLS
    + """
worker = quiet()
called = threading.Event()
def call():
    called.set()
    done.append(worker.call("beyond:swallow", 0.7))
done = []
caller = threading.Thread(target=call)
caller.start()
called.wait()
time.sleep(0.2)
child = os.fork()
if child == 0:
    try:
        worker.call("beyond:echo", 1)
    except errors.WorkerClosedError as error:
        say("the child is told", "forked" in str(error))
    worker.close()
    os._exit(0)
os.waitpid(child, 0)
caller.join()
say("the call ended", done == [None], worker.call("beyond:echo", 1))
"""
)


def test_a_fork_in_the_middle_of_a_call_of_another_thread(beyond):
    with program(IN_THE_MIDDLE, beyond.path) as host:
        assert answer(host) == ["the child is told", True]
        assert answer(host) == ["the call ended", True, 1]


STARTING = (
    CALLS
    + """
env.ensure()
started, stop = [], threading.Event()
def start():
    while not stop.is_set():
        started.append(quiet())
starter = threading.Thread(target=start)
starter.start()
children = []
while len(children) < 15 or (len(started) < 4 and len(children) < 300):  # on a busy machine workers start slowly
    child = os.fork()
    if child == 0:
        os.close(1)
        sys.stdin.read()
        os._exit(0)
    children.append(child)
    time.sleep(0.01)
stop.set()
starter.join()
say([each.pid for each in started], children)
time.sleep(60)
"""
)


def test_children_that_are_forked_while_workers_start_keep_none_alive(beyond):
    with program(STARTING, beyond.path) as host:
        pids, children = answer(host)
        assert len(pids) > 3
        host.kill()
        host.wait()
        assert await_end(pids, 1.0) == []
        assert all(map(is_running, children))
        host.stdin.close()
        assert await_end(children, 5) == []


MULTIPROCESSING = (
    CALLS
    + """
import multiprocessing
def task(number):
    with env.worker() as own:
        return own.call("beyond:echo", number)
if __name__ == "__main__":
    worker = quiet()
    worker.call("beyond:echo", 1)
    with multiprocessing.get_context("fork").Pool(2) as processes:
        say(processes.map(task, range(4)), worker.call("beyond:echo", 5))
"""
)


def test_multiprocessing_by_fork(beyond):
    with program(MULTIPROCESSING, beyond.path, stderr=subprocess.PIPE) as host:
        assert answer(host) == [[0, 1, 2, 3], 5]
        assert host.wait(10) == 0
        assert host.stderr.read() == ""
