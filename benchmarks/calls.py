"""Calls next to what processes and sockets alone take, and to other libraries."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from isolated_environment import IsolatedEnvironment

from . import floors
from .clock import Action, Plot, Table, Times, each, interleaved, samples_of, taken
from .memory import pss
from .peer import Peers

ADD = "operator:add"
IN_FLIGHT, ITEMS, WORKERS, MANY, BLOCK = 1_000, 10_000, 10, 10_000, 500
#: How large the argument of a call is, and how often it is taken a round.
PAYLOADS = {"1 B": (1, 100), "1 KB": (10**3, 100), "100 KB": (10**5, 50), "10 MB": (10**7, 3), "100 MB": (10**8, 1)}
STANDARD = "standard library"
PIPE = "multiprocessing.Pipe"
#: The peers that have calls in a process of their own; those that only run programs let one print.
ONE_SHOT = ("execnet 2.1.2", "uvtrick 0.4.2", "appose 0.12.0", "isolate 0.26.12", "pyisolate 0.10.2")
PRINTING = ("isolated-environment 2.0.5", "uv-iso-env 1.0.44")
WARM = ("execnet 2.1.2", "loky 3.7", "appose 0.12.0", "pyisolate 0.10.2", "isolate 0.26.12")
TEN = ("execnet 2.1.2", "loky 3.7", "appose 0.12.0")


def measure(env: IsolatedEnvironment, peers: Peers, rounds: int) -> Iterator[Table | Plot]:
    """Yield tables of all measures.

    Args:
        env: An environment that is there.
        peers: The other libraries.
        rounds: How often each is taken, at least five times.
    """
    rounds = max(rounds, 5)
    python = str(env.which("python"))
    yield _one_shot(env, peers, python, rounds)
    yield _forked(env, rounds)
    yield from _warm(env, peers, python, rounds)
    yield from _payloads(env, peers, rounds)
    yield _many(env, peers, python, rounds)
    yield _stream(env, peers, python, rounds)
    yield _workers(env, peers, python, rounds)
    yield _idle(env, python)


def _one_shot(env: IsolatedEnvironment, peers: Peers, python: str, rounds: int) -> Table:
    nothing = "python -I -S -c pass (floor)"
    actions: dict[str, Action] = {
        nothing: floors.start(python),
        "env.call": lambda: env.call(ADD, 1, 2),
        **{peer: peers.times(peer, "call", 1) for peer in ONE_SHOT},
        **{f"{peer}, prints": peers.times(peer, "call", 1) for peer in PRINTING},
    }
    return Table("one call in a process of its own", interleaved(actions, rounds * 4, 2), nothing)


def _forked(env: IsolatedEnvironment, rounds: int) -> Table:
    """One call after the other finds no process ready; the other rows leave it ten milliseconds."""
    with (
        env.worker(setup=("builtins:exec", "import numpy")) as worker,
        env.workers(1, fork=True, preload=["numpy"]) as pool,
    ):

        def rested(action: Callable[[], object]) -> Action:
            def times() -> Times:
                time.sleep(0.01)
                return taken(action)

            return times

        floor = "a call of a warm worker that waited (floor)"
        actions: dict[str, Action] = {
            floor: rested(lambda: worker.call(ADD, 1, 2)),
            "in a process forked for it": rested(lambda: pool.call(ADD, 1, 2)),
            "in a process forked for it, an array comes back": rested(lambda: pool.call("numpy:arange", 5)),
            "in a process forked for it, one right after the other": lambda: each(lambda: pool.call(ADD, 1, 2), 5),
        }
        return Table("a call in a process that has NumPy loaded", interleaved(actions, rounds * 10, 2), floor)


def _warm(env: IsolatedEnvironment, peers: Peers, python: str, rounds: int) -> list[Table]:
    """Single calls, in blocks: medians of the blocks' medians and of their 99th percentiles."""
    ping_name = "one octet there and back (floor)"
    with floors.ping_pong(python) as ping, env.worker() as worker:
        takers: dict[str, Callable[[], Times]] = {
            ping_name: lambda: each(ping, BLOCK),
            "worker.call": lambda: each(lambda: worker.call(ADD, 1, 2), BLOCK),
            PIPE: peers.times(STANDARD, "warm", BLOCK),
            "concurrent.futures.ProcessPoolExecutor": peers.times(STANDARD, "pool", BLOCK),
            **{peer: peers.times(peer, "warm", BLOCK) for peer in WARM},
        }
        samples = interleaved({name: partial(_spread, taker) for name, taker in takers.items()}, rounds * 2, 1)
    medians, late = ({n: replace(s, times=s.times[half::2]) for n, s in samples.items()} for half in (0, 1))
    own = samples_of({"the median of worker.call (floor)": medians["worker.call"].times})
    return [
        Table("one call of a warm worker, p50", medians, ping_name),
        Table("one call of a warm worker, p99", {**own, **late}, next(iter(own))),
    ]


def _spread(taker: Callable[[], Times]) -> Times:
    times = sorted(taker())
    return Times((statistics.median(times), times[int(len(times) * 0.99)]))


def _payloads(env: IsolatedEnvironment, peers: Peers, rounds: int) -> Iterator[Table | Plot]:
    lines: dict[str, list[tuple[float, float]]] = {"worker.call": [], PIPE: []}
    for shown, (size, count) in PAYLOADS.items():
        octets = b"x" * size
        with env.worker() as worker:
            actions: dict[str, Action] = {
                PIPE: peers.times(STANDARD, "octets", size, count),
                "worker.call": partial(each, partial(worker.call, "builtins:len", octets), count),
            }
            table = Table(f"a call with {shown}", interleaved(actions, rounds, 1), PIPE)
        yield table
        for name, points in lines.items():
            if not table.samples[name].error:
                points.append((size, table.samples[name].median))
    yield Plot("payload", "A call of a warm worker, bytes in", "bytes", "seconds", lines, ("log", "log"))


def _many(env: IsolatedEnvironment, peers: Peers, python: str, rounds: int) -> Table:
    loop_name = f"{IN_FLIGHT} pickled calls by 40 lines on a socket (floor)"
    with floors.socket_loop(python) as loop, env.worker() as worker:

        def submit(count: int) -> None:
            futures = [worker.submit(ADD, number, 1) for number in range(count)]
            if [future.result() for future in futures] != list(range(1, count + 1)):
                raise ValueError("an answer is lost")

        submit(MANY)
        actions: dict[str, Action] = {
            loop_name: lambda: loop(IN_FLIGHT),
            f"{IN_FLIGHT} times worker.submit": lambda: submit(IN_FLIGHT),
            PIPE: peers.times(STANDARD, "flight", IN_FLIGHT),
            "execnet 2.1.2": peers.times("execnet 2.1.2", "flight", IN_FLIGHT),
        }
        samples = interleaved(actions, rounds * 3, 2)
    return Table("many calls on their way at once", samples, loop_name, per_second=IN_FLIGHT)


def _stream(env: IsolatedEnvironment, peers: Peers, python: str, rounds: int) -> Table:
    loop_name = f"{ITEMS} pickled items by 40 lines on a socket (floor)"
    with floors.socket_stream(python) as loop, env.worker() as worker:
        items = f"(number for number in range({ITEMS}))"
        actions: dict[str, Action] = {
            loop_name: loop,
            "a generator of the worker": lambda: list(worker.call("builtins:eval", items)),
            PIPE: peers.times(STANDARD, "stream", ITEMS),
            "execnet 2.1.2": peers.times("execnet 2.1.2", "stream", ITEMS),
        }
        samples = interleaved(actions, rounds * 3, 2)
    return Table("a stream of small items", samples, loop_name, per_second=ITEMS)


def _workers(env: IsolatedEnvironment, peers: Peers, python: str, rounds: int) -> Table:
    name = f"{WORKERS} times python -I -S -c pass at once (floor)"

    def answer() -> Times:
        started = time.perf_counter()
        workers = [env.worker() for _ in range(WORKERS)]
        found = [worker.call(ADD, 1, 2) for worker in workers]
        took = time.perf_counter() - started
        for worker in workers:
            worker.close()
        if found != [3] * WORKERS:
            raise ValueError(f"{found!r} came")
        return Times([took])

    actions: dict[str, Action] = {
        name: floors.start(python, WORKERS),
        "env.worker": answer,
        **{peer: peers.times(peer, "workers", WORKERS) for peer in TEN},
    }
    return Table(f"{WORKERS} workers started and answering", interleaved(actions, rounds, 1), name)


def _idle(env: IsolatedEnvironment, python: str) -> Table:
    name, shown = "python -I that waits (floor)", "a worker that waits"
    with floors.idle(python) as pid, env.worker() as worker:
        worker.call(ADD, 1, 2)
        found = {name: [pss(pid)], shown: [pss(worker.pid)]}
    return Table("memory of an idle process (PSS, MB)", samples_of(found), name, unit="MB")
