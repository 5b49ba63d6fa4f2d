"""Event loops and pools: nothing blocks, cancelling stops the work, a dead worker is replaced."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import time

import pytest

from isolated_environment import errors


def test_calls_and_streams_without_blocking_the_loop(beyond):
    async def main():
        with beyond.worker() as worker:
            slow = asyncio.create_task(worker.acall("time:sleep", 0.3))
            ticks = 0
            while not slow.done():
                await asyncio.sleep(0.01)
                ticks += 1
            items = [item async for item in await worker.acall("beyond:count", 1000)]
            return ticks, items, await beyond.acall("beyond:later", "once")

    ticks, items, once = asyncio.run(main())
    assert (ticks > 5, items, once) == (True, list(range(1000)), "once")


def test_cancelling_a_task_stops_the_work(beyond):
    pids = []

    async def main(caller, pid):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(caller.acall("beyond:echo" if pid is None else "time:sleep", 60), 0.5)

    worker = beyond.worker()
    pids.append(worker.pid)
    asyncio.run(main(worker, worker.pid))
    deadline = time.monotonic() + 5
    while worker.is_alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not worker.is_alive
    worker.close()


# pools


def test_a_pool_is_an_executor(beyond):
    with beyond.workers(2) as pool:
        assert isinstance(pool, concurrent.futures.Executor)
        assert list(pool.map("operator:add", range(300), range(300))) == [2 * number for number in range(300)]
        futures = [pool.submit("os:getpid") for _ in range(50)]
        assert {future.result() for future in futures} <= set(pool.pids)
        done, _ = concurrent.futures.wait([pool.submit("beyond:echo", 1)])
        assert [future.result() for future in done] == [1]


def test_both_workers_work(beyond):
    with beyond.workers(2) as pool:
        futures = [pool.submit(lambda: (__import__("time").sleep(0.3), __import__("os").getpid())[1]) for _ in range(4)]
        assert len({future.result() for future in futures}) == 2


def test_a_worker_that_died_is_replaced_and_only_its_call_fails(beyond):
    with beyond.workers(1, on_output=str) as pool:
        futures = [pool.submit("beyond:echo", number) for number in range(20)]
        crash = pool.submit("beyond:end", "segfault")
        more = [pool.submit("beyond:echo", number) for number in range(20)]
        assert [future.result() for future in futures] == list(range(20))
        with pytest.raises(errors.WorkerDied):
            crash.result()
        assert [future.result() for future in more] == list(range(20))


def test_each_worker_has_its_own_variables(beyond):
    with beyond.workers(2, env=lambda number: {"GPU": str(number)}) as pool:
        seen = {
            future.result()
            for future in [
                pool.submit(lambda: (__import__("time").sleep(0.2), __import__("os").environ["GPU"])[1])
                for _ in range(2)
            ]
        }
    assert seen == {"0", "1"}


def test_an_idle_worker_ends_and_comes_back(beyond):
    with beyond.workers(1, idle_timeout=0.2) as pool:
        first = pool.call("os:getpid")
        deadline = time.monotonic() + 5
        while pool.pids and time.monotonic() < deadline:
            time.sleep(0.02)
        assert pool.pids == []
        assert pool.call("os:getpid") != first


def test_ten_thousand_in_flight_and_none_is_lost(beyond):
    with beyond.workers(2) as pool:
        futures = [pool.submit("beyond:echo", number) for number in range(10_000)]
        assert [future.result() for future in futures] == list(range(10_000))


def test_shutting_down_cancels_what_has_not_begun(beyond):
    pool = beyond.workers(1)
    running = pool.submit("time:sleep", 0.5)
    while not running.running():
        time.sleep(0.01)
    waiting = [pool.submit("beyond:echo", 1) for _ in range(5)]
    pool.shutdown(cancel_futures=True)
    assert running.result() is None
    assert all(future.cancelled() for future in waiting)
    with pytest.raises(errors.WorkerClosedError):
        pool.submit("beyond:echo", 1)
