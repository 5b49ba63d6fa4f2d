"""Calls that are cancelled at any moment, closed under, and shared by threads: exactly one outcome each."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import random
import threading
import time
import weakref

import pytest

from isolated_environment import errors, host_function
from tests.support.processes import await_end

ENDS = (concurrent.futures.CancelledError, errors.CallError, KeyboardInterrupt)


def outcome(future: concurrent.futures.Future):
    """What became of a future; it must become something."""
    try:
        return future.result(30)
    except ENDS as error:
        return error


@contextlib.contextmanager
def own_pool(beyond, count=1):
    with beyond.workers(count, on_output=len) as pool:
        yield pool
        assert pool.call("beyond:echo", "still works") == "still works"


def race(pool, rounds: int, seconds: tuple[float, float], target: str, argument: object) -> list[str]:
    chance, kinds = random.Random(rounds), []
    for _ in range(rounds):
        pool.call("beyond:echo", 0)  # the worker is there
        future = pool.submit(target, argument)
        time.sleep(chance.uniform(*seconds))
        asked = future.cancel()
        found = outcome(future)
        if asked:
            assert isinstance(found, concurrent.futures.CancelledError), "what was cancelled has no value"
        else:
            assert not isinstance(found, concurrent.futures.CancelledError), "what was not cancelled is not"
        kinds.append(type(found).__name__)
        assert future.cancel() is future.cancelled(), "nothing changes afterwards"
        assert outcome(future) is found or outcome(future) == found or asked
    return kinds


def test_row_50_a_cancel_of_a_short_call_at_any_moment(beyond):
    with own_pool(beyond) as pool:
        kinds = race(pool, 60, (0, 0.0008), "beyond:echo", 1)  # which of them wins is up to the machine
    assert set(kinds) <= {"int", "CancelledError"}


def test_row_50_a_cancel_of_a_long_call_at_any_moment(beyond):
    with own_pool(beyond) as pool:
        assert set(race(pool, 15, (0, 0.03), "time:sleep", 60)) == {"CancelledError"}


def test_a_worker_that_is_interrupted_while_it_starts_does_not_complain(beyond):
    """Nobody's code runs yet: an interrupt waits until Python is up, which else says so in many lines."""
    said = []
    for moment in range(0, 40, 2):
        with beyond.workers(1, on_output=said.append) as pool:
            future = pool.submit("time:sleep", 60)
            time.sleep(moment / 1000)
            assert future.cancel()
    assert said == []


@pytest.mark.slow
def test_row_50_a_thousand_cancels(beyond):
    with own_pool(beyond) as pool:
        assert set(race(pool, 1000, (0, 0.001), "beyond:echo", 1)) <= {"int", "CancelledError"}
        assert set(race(pool, 200, (0, 0.05), "time:sleep", 60)) == {"CancelledError"}


def test_row_50_cancels_among_many_calls_touch_no_other_call_s_value(beyond):
    chance = random.Random(7)
    with own_pool(beyond, 2) as pool:
        futures = [pool.submit("beyond:echo", number) for number in range(3000)]
        unwanted = chance.sample(range(3000), 60)
        asked = {number for number in unwanted if futures[number].cancel()}
        found = [outcome(future) for future in futures]
    for number, item in enumerate(found):
        if number in asked:
            assert isinstance(item, concurrent.futures.CancelledError)
        else:
            assert item == number or isinstance(item, errors.WorkerClosedError), (number, item)
    victims = [item for item in found if isinstance(item, errors.WorkerClosedError)]
    assert len(victims) <= len(asked), "at most the one that ran behind it"


def test_cancelling_a_result_on_its_way(beyond):
    def large():
        return b"x" * (64 << 20)

    with own_pool(beyond) as pool:
        for delay in (0, 0.01, 0.03, 0.06):
            future = pool.submit(large)
            time.sleep(delay)
            asked = future.cancel()
            found = outcome(future)
            assert isinstance(found, concurrent.futures.CancelledError) if asked else len(found) == 64 << 20


def test_cancelling_from_its_own_callback(beyond):
    with own_pool(beyond) as pool:
        seen = []
        future = pool.submit("beyond:echo", 1)
        future.add_done_callback(lambda done: seen.append(done.cancel()))
        assert future.result(10) == 1
        pool.call("beyond:echo", 1)
        assert seen == [False]


def test_a_pool_that_is_shut_down_with_calls_in_every_state(beyond):
    pool = beyond.workers(1, on_output=len)
    running = pool.submit("beyond:swallow", 0.4)
    while not running.running():
        time.sleep(0.005)
    waiting = [pool.submit("beyond:echo", number) for number in range(50)]
    pool.shutdown(wait=False, cancel_futures=True)
    assert running.result(30) is None
    assert all(future.cancelled() or isinstance(outcome(future), ENDS) for future in waiting)
    with pytest.raises(errors.WorkerClosedError):
        pool.submit("beyond:echo", 1)
    pool.shutdown()


def test_a_pool_whose_setup_fails_tells_each_call_and_recovers(beyond, tmp_path):
    flag = tmp_path / "flag"

    def setup(path):
        import os

        if not os.path.exists(path):
            raise LookupError("not yet")

    with beyond.workers(2, setup=(setup, str(flag)), on_output=len) as pool:
        futures = [pool.submit("beyond:echo", number) for number in range(10)]
        assert {type(outcome_of_setup(future)) for future in futures} == {LookupError}
        flag.touch()
        assert pool.call("beyond:echo", 1) == 1


def outcome_of_setup(future):
    return future.exception(30)


def test_a_pool_whose_worker_cannot_be_made_again_loses_no_call(beyond, tmp_path):
    """The worker dies with calls behind it, and then its setup fails."""
    flag = tmp_path / "flag"
    flag.touch()

    def setup(path):
        import os

        if not os.path.exists(path):
            raise LookupError("gone")

    with beyond.workers(1, setup=(setup, str(flag)), on_output=len) as pool:
        assert pool.call("beyond:echo", 1) == 1
        slow = pool.submit("time:sleep", 0.3)
        dies = pool.submit("beyond:end", "exit")
        behind = [pool.submit("beyond:echo", number) for number in range(5)]
        flag.unlink()
        assert slow.result(10) is None
        assert isinstance(dies.exception(10), errors.WorkerDied)
        assert {type(future.exception(10)) for future in behind} == {LookupError}


def test_a_pool_that_nobody_refers_to_ends(beyond):
    before = threading.active_count()
    pool = beyond.workers(2, on_output=len)
    assert pool.call("beyond:echo", 1) == 1
    pids, gone = pool.pids, weakref.ref(pool)
    del pool
    gc.collect()
    assert gone() is None
    assert await_end(pids, 5) == []
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


# one worker, several threads


def test_threads_share_a_worker(beyond):
    with beyond.worker() as worker, concurrent.futures.ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda number: worker.call("beyond:echo", number), range(2000)))
    assert found == list(range(2000))


def test_threads_calls_futures_streams_and_proxies_of_one_worker(beyond):
    with beyond.worker() as worker:
        model = worker.new("beyond:Model", "shared")
        work = [
            lambda: [worker.call("beyond:echo", n) for n in range(200)] == list(range(200)),
            lambda: [worker.submit("beyond:echo", n).result(20) for n in range(200)] == list(range(200)),
            lambda: list(worker.call("beyond:count", 2000)) == list(range(2000)),
            lambda: {model.take(n) for n in range(100)} == {"shared"},
            lambda: worker.call("beyond:apply", host_function(lambda: worker.call("beyond:echo", 5))) == 5,
            lambda: asyncio.run(many(worker)) == list(range(50)),
        ]
        with concurrent.futures.ThreadPoolExecutor(len(work)) as threads:
            assert list(threads.map(lambda do: do(), work)) == [True] * len(work)
        assert len(model) == 100


async def many(worker):
    return await asyncio.gather(*(worker.acall("beyond:echo", number) for number in range(50)))


def test_submitting_waits_for_nobody(beyond):
    with beyond.worker() as worker:
        busy = threading.Thread(target=worker.call, args=("time:sleep", 0.5))
        busy.start()
        time.sleep(0.1)
        started = time.monotonic()
        future = worker.submit("beyond:echo", 1)
        assert time.monotonic() - started < 0.2
        assert future.result(10) == 1
        busy.join()


def test_closing_from_another_thread_lets_the_call_end(beyond):
    worker = beyond.worker()
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        future = threads.submit(worker.call, "time:sleep", 0.4)
        time.sleep(0.1)
        worker.close()
        assert future.result(0.1) is None, "it has ended before the worker was closed"


def test_threads_of_the_worker_call_back_at_once(beyond):
    def many_threads(function):
        import threading

        found = []
        threads = [
            threading.Thread(target=lambda first=first: found.extend(function(first + n) for n in range(50)))
            for first in range(0, 400, 50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(found)

    with beyond.worker() as worker:
        assert worker.call(many_threads, host_function(lambda number: number)) == list(range(400))


def test_a_worker_is_not_collected_while_a_thread_calls_it(beyond):
    worker = beyond.worker()
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        future = threads.submit(worker.call, "time:sleep", 0.3)
        pid = worker.pid
        time.sleep(0.1)
        del worker
        gc.collect()
        assert future.result(10) is None
    del future
    gc.collect()
    assert await_end([pid], 5) == []


def test_asyncio_takes_what_generators_cannot(beyond):
    async def main():
        with beyond.worker() as worker:
            with pytest.raises(RuntimeError, match="StopIteration"):
                await asyncio.wait_for(worker.acall(lambda: next(iter(()))), 10)
            return await worker.acall("beyond:echo", 1)

    assert asyncio.run(main()) == 1
