"""A host that ends in the middle of calls, in every way: soon, without a traceback of ours, without an orphan."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.support.processes import await_end
from tests.support.programs import CALLS, answer, program

#: Seconds: row 78 of the matrix.
LIMIT = 5.0

BUSY = (
    CALLS
    + """
worker = quiet()
def busy(how="time:sleep", seconds=60):
    begun = threading.Event()
    def call():
        begun.set()
        worker.call(how, seconds)
    threading.Thread(target=call, daemon=True).start()
    begun.wait()
    time.sleep(0.05)
    say(worker.pid)
"""
)

#: How a program ends, with what exit code, while a call runs.
WAYS = {
    "at its end, a worker idle": ("worker.call('os:getpid'); say(worker.pid)", 0),
    "at its end, a call in a daemon thread": ("busy()", 0),
    "at its end, a call that swallows interrupts": ("busy('beyond:swallow')", 0),
    "at its end, a call in native code": ("busy('beyond:hold_the_gil')", 0),
    "by sys.exit": ("busy(); sys.exit(7)", 7),
    "by os._exit": ("busy(); os._exit(8)", 8),
    "by SIGTERM": ("busy(); os.kill(os.getpid(), 15); time.sleep(60)", -signal.SIGTERM),
    "by abort": ("import faulthandler; busy(); os.abort()", -signal.SIGABRT),
    "at its end, futures pending": (
        "futures = [worker.submit('time:sleep', 60) for _ in range(5)]; time.sleep(0.1); say(worker.pid)",
        0,
    ),
    "at its end, a pool at work": (
        (
            "pool = env.workers(2, on_output=print)\n"
            "futures = [pool.submit('time:sleep', 60) for _ in range(5)]\n"
            "while len(pool.pids) < 2: time.sleep(0.01)\n"
            "say(worker.pid, *pool.pids)"
        ),
        0,
    ),
    "at its end, a pool at work with short calls": (
        (
            "pool = env.workers(2, on_output=print)\n"
            "futures = [pool.submit('beyond:echo', 1) for _ in range(20_000)]\n"
            "while len(pool.pids) < 2: time.sleep(0.01)\n"
            "say(worker.pid, *pool.pids)"
        ),
        0,
    ),
    "at its end, a pool that was told to shut down": (
        (
            "pool = env.workers(1, on_output=print)\n"
            "futures = [pool.submit('time:sleep', 60) for _ in range(5)]\n"
            "while not pool.pids: time.sleep(0.01)\n"
            "pool.shutdown(wait=False)\n"
            "say(worker.pid, *pool.pids)"
        ),
        0,
    ),
    "at its end, a stream open": ("stream = worker.call('beyond:count', 10**9); next(stream); say(worker.pid)", 0),
    "at its end, a call cancelled": (
        (
            "future = worker.submit('beyond:swallow', 60)\n"
            "while not future.running(): time.sleep(0.01)\n"
            "time.sleep(0.1); future.cancel(); say(worker.pid)"
        ),
        0,
    ),
    "in an event loop that is stopped": (
        (
            "import asyncio\n"
            "async def main():\n"
            "    task = asyncio.create_task(worker.acall('time:sleep', 60))\n"
            "    await asyncio.sleep(0.1)\n"
            "    say(worker.pid)\n"
            "asyncio.run(main())"
        ),
        0,
    ),
    "with arrays in flight": (
        (
            "threading.Thread(target=lambda: [worker.call('beyond:echo', b'x' * (9 << 20)) for _ in range(10**6)],"
            " daemon=True).start(); time.sleep(0.1); say(worker.pid)"
        ),
        0,
    ),
    "while a worker starts": (
        "threading.Thread(target=lambda: [quiet() for _ in range(1000)], daemon=True).start()\nsay(worker.pid)",
        0,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_row_63_78_a_program_that_ends(beyond, way):
    ending, expected = WAYS[way]
    with program(BUSY + ending, beyond.path, stderr=subprocess.PIPE) as host:
        pids = answer(host)
        started = time.monotonic()
        _, text = host.communicate(timeout=4 * LIMIT)
        assert time.monotonic() - started < LIMIT
        assert await_end(pids, 1.0) == []
    assert (host.returncode, text) == (expected, "")


def test_row_78_a_program_that_ends_by_an_exception_shows_that_one_alone(beyond):
    with program(BUSY + "busy()\nraise LookupError('its own')", beyond.path, stderr=subprocess.PIPE) as host:
        pids = answer(host)
        _, text = host.communicate(timeout=4 * LIMIT)
        assert await_end(pids, 1.0) == []
    assert text.count("Traceback") == 1
    assert text.endswith("LookupError: its own\n")


def test_an_exit_handler_may_still_call(beyond):
    late = "import atexit\natexit.register(lambda: say(worker.call('beyond:echo', 'late'), env.call('beyond:echo', 2)))"
    with program(BUSY + "say(worker.pid)\n" + late, beyond.path, stderr=subprocess.PIPE) as host:
        (pid,) = answer(host)
        assert answer(host) == ["late", 2]
        assert host.wait(LIMIT) == 0
        assert host.stderr.read() == ""
        assert await_end([pid], 1.0) == []
