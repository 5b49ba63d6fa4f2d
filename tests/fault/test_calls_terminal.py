"""Ctrl-C on a terminal in the middle of a call: the host decides, workers end, nothing of ours is printed."""

from __future__ import annotations

import time

import pytest

from tests.support.processes import await_end
from tests.support.programs import CALLS
from tests.support.terminal import Terminal

#: Seconds from Ctrl-C to the end of the program, where the first step of the ladder is enough.
SOON = 2.0

HEAD = (
    CALLS
    + """
def started(line):
    print("worker says", line, flush=True)
worker = env.worker(on_output=started)
def announce(how):
    print("pid", worker.pid, flush=True)
def sleeps():
    import os, time
    print("at work", flush=True)
    time.sleep(60)
def asks(function):
    return function()
def swallows():
    import time
    while True:
        try:
            print("at work", flush=True)
            time.sleep(60)
        except BaseException:
            pass
print("pid", worker.pid, flush=True)
"""
)


def pressed(beyond, source: str, *, twice: bool = False, seconds: float = SOON) -> list[str]:
    """Press Ctrl-C while *source* is at work; return what it prints; its worker must be gone.

    *twice*: again when the worker says that it took no notice; two that come at once would be one.
    """
    with Terminal(HEAD + source, str(beyond.path)) as terminal:
        (line,) = [line for line in terminal.read_until("pid") if line.startswith("pid")]
        terminal.read_until("at work")
        started = time.monotonic()
        terminal.press_ctrl_c()
        if twice:
            terminal.read_until("at work", count=2)
            terminal.press_ctrl_c()
        lines = terminal.read_until("the program has ended", 20)
        terminal.process.wait(20)
        assert time.monotonic() - started < seconds
        assert await_end([int(line.split()[1])], 1.0) == []
        lines = [line.replace("^C", "") for line in lines]
        return [line for line in lines if line and not line.startswith("pid") and not line.endswith("at work")]


CAUGHT = """
try:
    {call}
except KeyboardInterrupt as error:
    gone = not os.path.exists("/proc/%d" % worker.pid)
    print("caught", type(error.__cause__).__name__, worker.is_alive, gone, flush=True)
print("one more call:", env.call("beyond:echo", 1), flush=True)
"""


def test_row_51_the_host_catches_it_and_goes_on(beyond):
    lines = pressed(beyond, CAUGHT.format(call="worker.call(sleeps)"))
    assert lines == ["caught NoneType False True", "one more call: 1"]


def test_in_a_function_of_the_host(beyond):
    function = "lambda: (print('at work', flush=True), time.sleep(60))"
    lines = pressed(beyond, CAUGHT.format(call=f"worker.call(asks, host_function({function}))"))
    assert lines[-2:] == ["caught NoneType False True", "one more call: 1"]


def test_row_51_in_a_future_the_worker_takes_no_notice(beyond):
    source = """
future = worker.submit(sleeps)
try:
    future.result()
except KeyboardInterrupt:
    print("caught", worker.is_alive, flush=True)
future.cancel()
"""
    lines = pressed(beyond, source)
    assert lines == ["caught True"]


def test_a_program_that_does_not_catch_it_shows_one_traceback(beyond):
    lines = pressed(beyond, "worker.call(sleeps)")
    assert sum("Traceback" in line for line in lines) == 1
    assert lines[-1] == "KeyboardInterrupt"


def test_with_block_and_pool(beyond):
    source = """
with env.workers(2, on_output=started) as pool:
    futures = [pool.submit(sleeps) for _ in range(2)]
    try:
        concurrent.futures.wait(futures)
    except KeyboardInterrupt:
        for future in futures:
            future.cancel()
        print("caught", flush=True)
worker.close()
"""
    # the other worker may be in the middle of an import, where Python may forget an interrupt: then the second step
    lines = pressed(beyond, "import concurrent.futures\n" + source, seconds=2 * SOON)
    assert lines == ["caught"]


def test_row_51_a_second_ctrl_c_ends_a_worker_that_swallows_the_first(beyond):
    lines = pressed(beyond, CAUGHT.format(call="worker.call(swallows)"), twice=True)
    assert lines[-2:] == ["caught NoneType False True", "one more call: 1"]


@pytest.mark.slow
def test_a_worker_that_swallows_it_is_ended_by_the_ladder(beyond):
    started = time.monotonic()
    lines = pressed(beyond, CAUGHT.format(call="worker.call(swallows)"), seconds=10)
    assert time.monotonic() - started > 2.0, "it had time to obey"
    assert lines == ["caught NoneType False True", "one more call: 1"]


def test_in_the_middle_of_closing(beyond):
    source = """
future = worker.submit(swallows)
def close():
    try:
        worker.close()
    except KeyboardInterrupt:
        print("caught", flush=True)
close()
"""
    assert pressed(beyond, source) == ["caught"]
