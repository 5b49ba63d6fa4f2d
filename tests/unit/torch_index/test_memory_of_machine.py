"""The machine is remembered: no probe that flaps and no login node makes the next build a CPU one."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace

import pytest

from isolated_environment.torch_index import machine as machine_module
from isolated_environment.torch_index.machine import FRESH, REMEMBERED, Machine, see_machine
from tests.support.machines import H100, MI300, NOTHING, nvidia

GPU = nvidia((12, 4), (8, 6), names=("RTX 3090",))
DAY = 86400.0


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "machine.json"


@pytest.fixture
def answers(monkeypatch):
    """What the child answers, one machine a question."""
    queue: list[Machine] = []
    monkeypatch.setattr(machine_module, "ask_machine", lambda _: queue.pop(0))
    return queue


@pytest.fixture
def host(monkeypatch):
    """Say on which computer this is."""

    def on(name: str) -> None:
        monkeypatch.setattr(machine_module, "_here", lambda: name)

    return on


def test_a_machine_with_a_gpu_is_asked_once_a_day(answers, cache):
    answers += [GPU, H100]
    assert see_machine("python", cache, now=1000.0) == GPU
    assert see_machine("python", cache, now=1000.0 + FRESH / 2) == GPU
    assert see_machine("python", cache, now=1000.0 + 1.5 * FRESH) == H100, "another card, or another driver"


def test_a_probe_that_flaps_changes_nothing(answers, cache):
    answers += [GPU, NOTHING, NOTHING]
    see_machine("python", cache, now=1000.0)
    seen = see_machine("python", cache, now=1000.0 + 2 * DAY)
    assert seen.capabilities == GPU.capabilities
    assert seen.seen[:-1] == NOTHING.seen
    assert "not seen now, but 2 days ago: kept" in seen.seen[-1]
    assert see_machine("python", cache, now=1000.0 + REMEMBERED + DAY) == NOTHING, "a month is long enough"


def test_a_flap_does_not_make_the_memory_younger(answers, cache):
    answers += [GPU, *[NOTHING] * 40]
    see_machine("python", cache, now=0.0)
    kept = [see_machine("python", cache, now=day * DAY).has_accelerator for day in range(2, 40)]
    assert kept == [day < 30 for day in range(2, 40)]


def test_a_machine_without_a_gpu_is_asked_every_time(answers, cache):
    """The home directory of a cluster is the same on a login node and on a node with GPUs."""
    answers += [NOTHING, GPU]
    assert see_machine("python", cache, now=1000.0) == NOTHING
    assert see_machine("python", cache, now=1001.0) == GPU


def test_a_login_node_gets_what_a_node_with_gpus_saw(answers, cache, host):
    answers += [GPU, NOTHING]
    host("gpu1")
    see_machine("python", cache, now=1000.0)
    host("login")
    assert see_machine("python", cache, now=1001.0).capabilities == GPU.capabilities
    assert answers == []


def test_another_computer_is_asked_itself(answers, cache, host):
    answers += [H100, GPU, H100]
    for name, expected in (("new", H100), ("old", GPU), ("new", H100)):
        host(name)
        assert see_machine("python", cache, now=1000.0) == expected, "cu130 would not run with the older driver"


def test_a_computer_of_another_kind_says_nothing_about_this_one(answers, cache):
    answers += [replace(H100, machine="aarch64"), NOTHING]
    see_machine("python", cache, now=0.0)
    assert see_machine("python", cache, now=2 * DAY) == NOTHING


def test_who_asks_anew_gets_the_answer_and_the_memory_is_gone(answers, cache):
    answers += [GPU, NOTHING, NOTHING]
    see_machine("python", cache, now=1000.0)
    assert see_machine("python", cache, now=1001.0, refresh=True) == NOTHING
    assert see_machine("python", cache, now=1002.0) == NOTHING


def test_an_answer_cut_short_is_not_remembered_and_does_not_count_against_a_full_one(answers, cache):
    """A driver that hangs leaves the kernel's files: no capabilities."""
    partial = Machine(cuda=(12, 0), driver="535.104.05", source="kernel files", complete=False)
    answers += [partial, partial, GPU, partial]
    assert see_machine("python", cache, now=1000.0) == partial
    assert see_machine("python", cache, now=1001.0, refresh=True) == partial
    assert see_machine("python", cache, now=1002.0) == GPU
    assert see_machine("python", cache, now=1002.0 + 2 * DAY).capabilities == GPU.capabilities


@pytest.mark.parametrize("ahead", [-2 * DAY, 2 * DAY])
def test_a_clock_that_was_set_makes_nothing_fresh(answers, cache, ahead):
    answers += [GPU, H100]
    see_machine("python", cache, now=10 * DAY)
    assert see_machine("python", cache, now=10 * DAY + ahead) == H100


def record(**changes: object) -> str:
    return json.dumps({"asked_at": 1000.0, "host": "here", "machine": {**GPU.as_json(), **changes}})


GARBAGE = [
    "",
    "{",
    "[]",
    "null",
    "5",
    '{"machine": []}',
    '{"asked_at": 1000.0, "machine": {}}',
    "\x00",
    json.dumps({"machine": GPU.as_json(), "host": "here"}),
    json.dumps({"machine": GPU.as_json(), "host": "here", "asked_at": "yesterday"}),
    json.dumps({"machine": GPU.as_json(), "host": "here", "asked_at": float("nan")}),
    json.dumps({"machine": GPU.as_json(), "asked_at": 1000.0}),
    record(cuda=[1]),
    record(cuda="12"),
    record(cuda=[1, 2, 3]),
    record(capabilities=5),
    record(capabilities=[5]),
    record(system=5),
    record(names=5),
    record(source={}),
    record(extra=1),
]


@pytest.mark.parametrize("text", GARBAGE)
def test_a_memory_that_is_none_is_no_obstacle(answers, cache, host, text):
    host("here")
    answers += [H100]
    cache.parent.mkdir()
    cache.write_text(text)
    assert see_machine("python", cache, now=1000.0) == H100
    assert see_machine("python", cache, now=1000.0) == H100, "and it is made good"


def test_bytes_that_are_no_text(answers, cache):
    answers += [GPU]
    cache.parent.mkdir()
    cache.write_bytes(b"\xff\xfe\x00")
    assert see_machine("python", cache, now=1.0) == GPU


def test_a_memory_that_cannot_be_written_is_no_obstacle(answers, tmp_path):
    answers += [GPU, GPU]
    (tmp_path / "file").write_text("")
    assert see_machine("python", tmp_path / "file" / "machine.json", now=1.0) == GPU
    taken = tmp_path / "machine.json"
    taken.mkdir()
    assert see_machine("python", taken, now=1.0) == GPU
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "machine.json"], "no leftovers"


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anyway")
def test_a_read_only_directory(answers, cache):
    answers += [GPU, GPU]
    cache.parent.mkdir()
    cache.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert see_machine("python", cache, now=1.0) == GPU
    finally:
        cache.parent.chmod(stat.S_IRWXU)
    assert list(cache.parent.iterdir()) == []


def test_threads_that_look_at_once_leave_one_memory(monkeypatch, cache):
    monkeypatch.setattr(machine_module, "ask_machine", lambda _: GPU)
    threads = [threading.Thread(target=see_machine, args=("python", cache), kwargs={"now": 1.0}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in cache.parent.iterdir()] == ["machine.json"]
    assert json.loads(cache.read_text())["machine"]["source"] == "NVML"


@pytest.mark.parametrize("machine", [GPU, MI300, NOTHING, H100])
def test_a_machine_round_trips_through_json(machine):
    assert Machine.from_json(json.loads(json.dumps(machine.as_json()))) == machine
