"""Who builds, or waits for a build, ends: rows 15, 38, 39 and 78 of the fault matrix."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from isolated_environment import errors, events
from tests.support import stubs
from tests.support.audit import audit
from tests.support.holder import holding
from tests.support.leftovers import generations, leftovers
from tests.support.processes import await_end

CHECKOUT = Path(__file__).parent.parent.parent

#: Builds with an installer that hangs; says the installer's pids, then does what the second argument says.
HANGS = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background inherits that it is ignored
from isolated_environment import IsolatedEnvironment, events
from tests.support import stubs
stubs.use(stubs.HANGING)
heard = threading.Event()
def say(event):
    if isinstance(event, events.StepOutput):
        print(event.line, flush=True)
        heard.set()
env = IsolatedEnvironment(sys.argv[1], ["alpha"], owner=None, on_event=say)
if sys.argv[2] == "builds":
    env.ensure()
threading.Thread(target=env.ensure, daemon=True).start()
heard.wait()
if sys.argv[2] == "leaves":
    os._exit(0)
"""


@contextmanager
def hanging(root: Path, then: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HANGS, str(root), then]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def pids_of(process: subprocess.Popen[str]) -> list[int]:
    return stubs.pids_in([process.stdout.readline()])  # type: ignore[union-attr]


def test_row_15_who_waits_for_an_installer_that_hangs_is_told_and_goes_on_when_it_ends(make):
    root = make().path
    with hanging(root, "builds") as builder:
        pids = pids_of(builder)
        with pytest.raises(errors.LockTimeoutError, match=f"pid {builder.pid} .*, building for ") as caught:
            make(["alpha"], lock_timeout=0.3).ensure()
        assert caught.value.hint
        os.kill(pids[0], signal.SIGSTOP)  # the installer does not even run any more
        builder.send_signal(signal.SIGINT)
        builder.communicate(timeout=10)
    assert await_end(pids, 1) == []
    assert audit(make(["alpha"]).ensure(), {"alpha": "2.0"}) == []


def test_row_78_a_host_that_ends_during_a_build_takes_the_installer_along(make):
    """The build is in a daemon thread, which the interpreter cuts off."""
    root = make().path
    with hanging(root, "ends") as host:
        pids = pids_of(host)
        started = time.monotonic()
        _, complaint = host.communicate(timeout=10)
        assert time.monotonic() - started < 5
    assert host.returncode == 0
    assert "Traceback" not in complaint
    assert await_end(pids, 5) == []
    assert not (root / "isolated-environment.json").exists()
    env = make(["alpha"])
    assert audit(env.ensure(), {"alpha": "2.0"}) == []
    env.gc(force=True)
    assert leftovers(root) == []


def test_row_2_78_one_that_leaves_at_once_leaves_an_installer_that_harms_nobody(make):
    """``os._exit``: nothing of ours runs.  What the orphan writes into is never published."""
    root = make().path
    with hanging(root, "leaves") as host:
        pids = pids_of(host)
        host.communicate(timeout=10)
    env = make(["alpha"])
    prefix = env.ensure()
    assert prefix.name == "g2"
    assert audit(prefix, {"alpha": "2.0"}) == []
    assert generations(root) == ["g2"]
    os.killpg(pids[0], signal.SIGKILL)
    assert await_end(pids, 5) == []


WAITS = """
import sys
from isolated_environment import IsolatedEnvironment, events
def say(event):
    if isinstance(event, events.WaitingForLock):
        print("waiting", flush=True)
IsolatedEnvironment(sys.argv[1], ["alpha"], owner=None, on_event=say).ensure()
"""


def test_row_39_ctrl_c_ends_a_waiter_and_not_the_holder(make):
    with holding(make().path) as holder:
        command = [sys.executable, "-c", f"import signal; signal.signal(2, signal.default_int_handler)\n{WAITS}"]
        with subprocess.Popen(
            [*command, str(make().path)], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as waiter:
            assert waiter.stdout.readline() == "waiting\n"
            pressed = time.monotonic()
            waiter.send_signal(signal.SIGINT)
            waiter.communicate(timeout=5)
            assert time.monotonic() - pressed < 1.5
        assert waiter.returncode == -signal.SIGINT
        assert holder.poll() is None
    assert make(["alpha"]).ensure().is_dir()


def test_row_38_39_tasks_are_served_by_one_build_and_one_that_is_cancelled_disturbs_nobody(make):
    builds: list[events.Event] = []

    def note(event: events.Event) -> None:
        if isinstance(event, events.BuildStarted):
            builds.append(event)

    async def ask() -> Path:
        return await asyncio.to_thread(make(["alpha"], on_event=note).ensure)

    async def main() -> list[Path | BaseException]:
        tasks = [asyncio.create_task(ask()) for _ in range(3)]
        while not builds:
            await asyncio.sleep(0.01)
        cancelled = time.monotonic()
        tasks[2].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[2]
        assert time.monotonic() - cancelled < 0.5
        return await asyncio.gather(*tasks[:2])

    assert asyncio.run(main()) == [make().path / "g1"] * 2
    assert len(builds) == 1
