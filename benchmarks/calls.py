"""Calls next to what processes and sockets alone take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

from isolated_environment import IsolatedEnvironment

from . import floors
from .clock import Table, interleaved, samples_of
from .memory import pss

ADD = "operator:add"
IN_FLIGHT, ITEMS, WORKERS, MANY = 1_000, 10_000, 10, 10_000


def measure(env: IsolatedEnvironment, rounds: int) -> Iterator[Table]:
    """Yield tables of all measures.

    Args:
        env: An environment that is there.
        rounds: How often each is taken, at least five times.
    """
    rounds = max(rounds, 5)
    python = str(env.which("python"))
    yield _one_shot(env, python, rounds)
    yield from _warm(env, python, rounds)
    yield _many(env, python, rounds)
    yield _stream(env, python, rounds)
    yield _workers(env, python, rounds)
    yield _idle(env, python)


def _one_shot(env: IsolatedEnvironment, python: str, rounds: int) -> Table:
    nothing = "python -I -S -c pass (floor)"
    actions: dict[str, Callable[[], object]] = {nothing: floors.start(python), "env.call": lambda: env.call(ADD, 1, 2)}
    interleaved(actions, 3)
    return Table("one call in a process of its own", interleaved(actions, rounds * 8), nothing)


def _warm(env: IsolatedEnvironment, python: str, rounds: int) -> list[Table]:
    """Single calls, in rounds of 500: medians of the rounds' medians and of their 99th percentiles."""
    names = ("one octet there and back (floor)", "worker.call")
    medians: dict[str, list[float]] = {name: [] for name in names}
    late: dict[str, list[float]] = {name: [] for name in names}
    with floors.ping_pong(python) as ping, env.worker() as worker:
        actions = dict(zip(names, (ping, lambda: worker.call(ADD, 1, 2)), strict=True))
        for _ in range(rounds * 4):
            for name, action in actions.items():
                times = _times(action, 500)
                medians[name].append(statistics.median(times))
                late[name].append(times[int(len(times) * 0.99)])
    own = samples_of({"its median (floor)": medians[names[1]]})
    return [
        Table("one call of a warm worker, p50", samples_of(medians), names[0]),
        Table("one call of a warm worker, p99", {**own, **samples_of(late)}, "its median (floor)"),
    ]


def _times(action: Callable[[], object], count: int) -> list[float]:
    action()
    times = []
    for _ in range(count):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return sorted(times)


def _many(env: IsolatedEnvironment, python: str, rounds: int) -> Table:
    loop_name = f"{IN_FLIGHT} pickled calls by 40 lines on a socket (floor)"
    with floors.socket_loop(python) as loop, env.worker() as worker:

        def submit(count: int) -> None:
            futures = [worker.submit(ADD, number, 1) for number in range(count)]
            assert [future.result() for future in futures] == list(range(1, count + 1)), "none is lost"

        submit(MANY)
        actions: dict[str, Callable[[], object]] = {
            loop_name: lambda: loop(IN_FLIGHT),
            f"{IN_FLIGHT} times worker.submit": lambda: submit(IN_FLIGHT),
        }
        interleaved(actions, 2)
        return Table(
            "many calls on their way at once", interleaved(actions, rounds * 3), loop_name, per_second=IN_FLIGHT
        )


def _stream(env: IsolatedEnvironment, python: str, rounds: int) -> Table:
    loop_name = f"{ITEMS} pickled items by 40 lines on a socket (floor)"
    with floors.socket_stream(python) as loop, env.worker() as worker:
        items = f"(number for number in range({ITEMS}))"
        actions: dict[str, Callable[[], object]] = {
            loop_name: loop,
            "a generator of the worker": lambda: list(worker.call("builtins:eval", items)),
        }
        interleaved(actions, 2)
        return Table("a stream of small items", interleaved(actions, rounds * 3), loop_name, per_second=ITEMS)


def _workers(env: IsolatedEnvironment, python: str, rounds: int) -> Table:
    name = f"{WORKERS} times python -I -S -c pass at once (floor)"

    def answer() -> None:
        workers = [env.worker() for _ in range(WORKERS)]
        ready.append(time.perf_counter())
        for worker in workers:
            assert worker.call(ADD, 1, 2) == 3
        ready[-1] = time.perf_counter()
        for worker in workers:
            worker.close()

    ready: list[float] = []
    took, floor = [], []
    for _ in range(rounds):
        floor.append(interleaved({name: floors.start(python, WORKERS)}, 1)[name].median)
        started = time.perf_counter()
        answer()
        took.append(ready[-1] - started)
    shown = f"{WORKERS} workers started and answering"
    return Table(shown, samples_of({name: floor, shown: took}), name)


def _idle(env: IsolatedEnvironment, python: str) -> Table:
    name, shown = "python -I that waits (floor)", "a worker that waits"
    with floors.idle(python) as pid, env.worker() as worker:
        worker.call(ADD, 1, 2)
        found = {name: [pss(pid)], shown: [pss(worker.pid)]}
    return Table("memory of an idle process (PSS, MB)", samples_of(found), name, unit="MB")
