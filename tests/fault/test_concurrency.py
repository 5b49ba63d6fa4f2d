"""Many processes and threads at one environment: one build, whole prefixes, nothing taken away in use."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from isolated_environment import events
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.crowd import MODULES, crowd, said
from tests.support.leftovers import generations, leftovers

CHECKOUT = Path(__file__).parent.parent.parent


def test_row_19_fifty_processes_make_one_build(make, index):
    del index.requests[:]
    env = make()
    with crowd(env.path, ask=50) as processes:
        answers = said(processes)
    assert [line for answer in answers for line in answer["problems"]] == []
    assert len(answers) == 50
    assert [build for answer in answers for build in answer["builds"]] == ["g1"]
    assert {answer["prefix"] for answer in answers} == {str(env.path / "g1")}
    assert len(index.asked_for("/simple/alpha/")) <= 1, "no second installer asked the index"
    assert audit(env.path / "g1", {"alpha": "2.0"}) == []
    assert leftovers(env.path) == []


ASKING = """
import sys
from isolated_environment import IsolatedEnvironment
print("ready", flush=True)
sys.stdin.read()
builds = []
env = IsolatedEnvironment(sys.argv[1], ["alpha"], on_event=lambda e: builds.append(type(e).__name__ == "BuildStarted"))
print(env.ensure().name, sum(builds))
"""


@pytest.mark.slow
def test_row_19_fifty_interpreters_make_one_build(make):
    command = [sys.executable, "-c", ASKING, str(make().path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    crowd = [subprocess.Popen(command, cwd=CHECKOUT, text=True, **pipes) for _ in range(50)]
    for process in crowd:
        assert process.stdout.readline() == "ready\n"
    for process in crowd:
        process.stdin.close()
    answers = [process.stdout.read().split() for process in crowd]
    for process in crowd:
        process.stdout.close()
        assert process.wait() == 0
    assert {name for name, _ in answers} == {"g1"}
    assert sum(int(builds) for _, builds in answers) == 1


def test_row_38_threads_and_handles_of_one_process_make_one_build(make):
    builds: list[events.Event] = []
    started = threading.Barrier(8)
    prefixes: list[Path] = []

    def note(event: events.Event) -> None:
        if isinstance(event, events.BuildStarted):
            builds.append(event)

    handles = [make(["alpha"], on_event=note), make(["alpha"], on_event=note)]

    def ask(number: int) -> None:
        started.wait()
        prefixes.append(handles[number % 2].ensure())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert prefixes == [make().path / "g1"] * 8
    assert audit(prefixes[0], {"alpha": "2.0"}) == []


def test_row_20_21_readers_are_not_disturbed_by_upgrades_and_collection(make, tmp_path, monkeypatch):
    for version in ("1.0", "2.0"):
        files = {f"many/m{n}.py": f"VERSION = {version!r}\n" for n in range(MODULES)}
        make_wheel(tmp_path / "wheels", "many", version, files={"many/__init__.py": "", **files})
    with PackageIndex(tmp_path / "wheels").running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        env = make().pip_install("many==1.0")
        # the current one, the one before, and for each reader its first and the one it reads now
        allowed = 2 + 3 * 2
        with crowd(env.path, read=3, collect=1) as processes:
            end, number = time.monotonic() + 4, 0  # the crowd has to start first
            while number < 8 or time.monotonic() < end:
                number += 1
                make().pip_install(f"many=={1 + number % 2}.0")
            while len(generations(env.path)) > allowed and time.monotonic() < end + 30:  # its turn may come late
                time.sleep(0.05)
            left = len(generations(env.path))
            answers = said(processes)
    assert [line for answer in answers for line in answer["problems"]] == []
    assert sorted(answer["role"] for answer in answers) == ["collect", "read", "read", "read"]
    assert min(answer["rounds"] for answer in answers) >= 1, "all were at work"
    assert left <= allowed, "disk is given back while others read"
    make().gc(force=True)
    assert len(generations(env.path)) <= 2
    assert leftovers(env.path) == []


def test_what_nobody_was_given_does_not_pile_up(make):
    env = make()
    for version in ("1.0", "2.0", "1.0", "2.0"):
        env.pip_install(f"alpha=={version}")
        assert len(generations(env.path)) == 1
    assert generations(env.path) == ["g4"]


def test_row_21_a_generation_in_use_outlives_collection_and_goes_afterwards(make):
    users = [make([f"alpha=={version}"]) for version in ("1.0", "2.0", "3.0rc1")]
    prefixes = [user.ensure() for user in users]
    make().gc(force=True)
    assert [audit(prefix) for prefix in prefixes] == [[], [], []]
    del users[0]
    assert make().gc(force=True) == ["g1"]
    assert generations(make().path) == ["g2", "g3"]
