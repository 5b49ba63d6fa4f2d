"""Large values through real workers: in their order, with what the other side still reads, over every kind of end."""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from isolated_environment import SharedArray, errors, host_function
from tests.support.passing import open_descriptors

MIB = 1 << 20


def octets(size, seed=1):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def worker(beyond):
    before = open_descriptors()
    with beyond.worker() as worker:
        yield worker
    assert open_descriptors() == before


def test_a_large_value_comes_back_as_it_went(worker):
    for size in (70_000, MIB, 5 * MIB):
        sent = bytearray(octets(size))
        back = worker.call(lambda view: view, memoryview(sent))
        assert back == sent
        back[0] = 1
        del back


def test_what_is_kept_on_either_side_stays_as_it_was(worker):
    def keep(views):
        import builtins

        kept = builtins.__dict__.setdefault("kept_by_test", [])
        kept.extend(views)
        return [bytes(view[:8]) for view in kept], kept[-1]

    here = []
    for seed in range(30):
        beginnings, last = worker.call(keep, [memoryview(octets(MIB, seed)), memoryview(octets(80_000, -seed))])
        here.append(last)
        wanted = [octets(8, number) for each in range(seed + 1) for number in (each, -each)]
        assert beginnings == wanted
        assert [bytes(view[:8]) for view in here] == [octets(8, -each) for each in range(seed + 1)]
    del here, last


def test_a_callback_is_answered_with_a_large_value_while_a_large_call_waits(worker):
    asked, go = threading.Event(), threading.Event()

    def answer(number):
        asked.set()
        go.wait(60)
        return memoryview(octets(MIB, number))

    def calls_back(function):
        return [bytes(function(number)[:8]) for number in (1, 2)]

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(worker.call, calls_back, host_function(answer))
        asked.wait(60)
        second = threads.submit(worker.call, lambda view: bytes(view[:8]), memoryview(octets(MIB, 3)))
        go.set()
        assert first.result(60) == [octets(8, 1), octets(8, 2)]
        assert second.result(60) == octets(8, 3)


def test_threads_of_the_worker_get_the_large_value_that_each_asked_for(worker):
    def asks(function):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as threads:
            return [bytes(view[:8]) for view in threads.map(function, range(40))]

    answers = worker.call(asks, host_function(lambda number: memoryview(octets(MIB + 4096 * number, number))))
    assert answers == [octets(8, number) for number in range(40)]


def test_large_items_of_a_stream_arrive_in_order(worker):
    def views(count):
        import random

        for seed in range(count):
            yield memoryview(random.Random(seed).randbytes(MIB))

    kept = list(worker.call(views, 30))
    assert kept == [octets(MIB, seed) for seed in range(30)]
    del kept


def test_a_result_outlives_its_worker(beyond):
    with beyond.worker() as worker:
        view = worker.call(lambda: memoryview(bytearray(range(256)) * 4096))
    assert view == bytes(range(256)) * 4096
    view[0] = 9
    del view
    view = beyond.call(lambda: memoryview(bytes(range(256)) * 4096))
    assert view == bytes(range(256)) * 4096
    del view
    assert open_descriptors() == set()


def test_a_worker_that_is_killed_with_arrays_in_use_leaves_nothing(beyond):
    before = set(os.listdir("/dev/shm"))
    worker = beyond.worker()
    with worker:
        kept = worker.call(lambda: memoryview(bytes(5 * MIB)))

        def dies(view):
            import os

            os.kill(os.getpid(), 9)

        with pytest.raises(errors.WorkerDied):
            worker.call(dies, memoryview(octets(5 * MIB)))
        assert kept == bytes(5 * MIB)
    del kept
    assert open_descriptors() == set()
    assert set(os.listdir("/dev/shm")) <= before


def test_an_array_for_an_environment_without_numpy_is_a_typed_error(worker):
    np = pytest.importorskip("numpy")
    for value in (np.arange(3), np.arange(100_000), np.float32(1), [SharedArray(3)]):
        with pytest.raises(errors.SerializationError, match="numpy"):
            worker.call("builtins:repr", value)
    assert worker.call("builtins:repr", 3) == "3"


def test_calls_leave_no_descriptor_and_no_memory_behind(worker):
    def sizes(views):
        return [view.nbytes for view in views]

    counts = []
    for _ in range(40):
        assert worker.call(sizes, [memoryview(octets(MIB)), memoryview(octets(70_000))]) == [MIB, 70_000]
        counts.append(
            (len(os.listdir("/proc/self/fd")), worker.call(lambda: len(__import__("os").listdir("/proc/self/fd"))))
        )
    assert len(set(counts[3:])) == 1


@pytest.mark.parametrize("kind", [bytes, bytearray])
@pytest.mark.parametrize("size", [(1 << 19) - 1, 1 << 19, 3_000_001])
def test_many_octets_arrive_as_what_they_were(worker, kind, size):
    value = kind(bytes(range(256)) * (size // 256 + 1))[:size]
    found = worker.call("beyond:echo", value)
    assert (type(found), found) == (kind, value)
    assert worker.call("builtins:dict", a=value, b=[value]) == {"a": value, "b": [value]}
    assert worker.call("builtins:type", value) is kind


def test_many_octets_do_not_go_through_the_connection(worker):
    value = bytes(4_000_000)
    worker.call("builtins:len", value)
    before = worker._connection.octets_sent
    assert worker.call("builtins:len", value) == len(value)
    assert worker._connection.octets_sent - before < 10_000
