"""Arrays into a worker and out of it, next to one copy of them in warm memory.  Needs NumPy on this side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from isolated_environment import IsolatedEnvironment, SharedArray

from .clock import Action, Table, interleaved, samples_of
from .memory import peak
from .peer import Peers

FLOOR = "one copy in warm memory (floor)"
SIZES = (10**6, 10**8, 10**9)
#: What peers are given.
SIZE = 10**8
#: Rows of them: the peer and the function of its driver.
OTHERS = {
    "multiprocessing.Pipe, in": ("standard library", "put"),
    "multiprocessing.Pipe, out": ("standard library", "get"),
    "multiprocessing.Pipe, in and out": ("standard library", "both"),
    "multiprocessing.shared_memory, copied in": ("standard library", "shared_put"),
    "multiprocessing.shared_memory, copied out": ("standard library", "shared_get"),
    "loky 3.7, in": ("loky 3.7", "put"),
    "loky 3.7, out": ("loky 3.7", "get"),
    "loky 3.7, in and out": ("loky 3.7", "both"),
    "execnet 2.1.2, in": ("execnet 2.1.2", "put"),
    "execnet 2.1.2, out": ("execnet 2.1.2", "get"),
    "execnet 2.1.2, in and out": ("execnet 2.1.2", "both"),
    "appose 0.12.0, copied in": ("appose 0.12.0", "put"),
    "appose 0.12.0, copied out": ("appose 0.12.0", "get"),
}


def measure(env: IsolatedEnvironment, peers: Peers, rounds: int) -> Iterator[Table]:
    """Yield tables of all measures.

    Args:
        env: An environment that has NumPy.
        peers: The other libraries.
        rounds: How often each is taken.
    """
    for size in SIZES:
        with env.worker() as worker:
            yield from _arrays(worker, size, rounds)
    with env.worker() as worker:
        yield _others(worker, peers, rounds)
    for size in SIZES[1:]:
        yield _memory(env, size)
    with env.worker() as worker:
        yield _shared(worker, rounds)


def ends(array: Any) -> float:
    """Touch an array."""
    return float(array[0] + array[-1])


def keep(count: int) -> None:
    """Make the array that `kept` returns."""
    import builtins

    import numpy as np

    builtins.__dict__["kept_by_benchmark"] = np.ones(count)


def kept() -> Any:
    """Return an array that is there already."""
    import builtins

    return builtins.__dict__["kept_by_benchmark"]


def same(value: Any) -> Any:
    """Return what came."""
    return value


def _arrays(worker: Any, size: int, rounds: int) -> Iterator[Table]:
    array = np.ones(size // 8)
    worker.call(keep, size // 8)
    actions: dict[str, Action] = {
        **_copying(array),
        "the same, into fresh memory": lambda: array.copy() is None,
        "in": lambda: worker.call(ends, array),
        "in, all read there": lambda: worker.call(np.sum, array),
        "out": lambda: worker.call(kept) is None,
        "out, all read here": lambda: worker.call(kept).sum(),
        "in and out": lambda: worker.call(same, array) is None,
        "a call without an array": lambda: worker.call(same, 1),
    }
    yield Table(f"{size / 1e6:g} MB, the first time", interleaved(actions, 1), FLOOR)
    yield Table(f"{size / 1e6:g} MB, from the second time on", interleaved(actions, rounds), FLOOR)


def _others(worker: Any, peers: Peers, rounds: int) -> Table:
    array = np.ones(SIZE // 8)
    worker.call(keep, SIZE // 8)
    actions: dict[str, Action] = {
        **_copying(array),
        "ours, in": lambda: worker.call(ends, array),
        "ours, out": lambda: worker.call(kept) is None,
        "ours, in and out": lambda: worker.call(same, array) is None,
        **{row: peers.times(peer, function, SIZE) for row, (peer, function) in OTHERS.items()},
    }
    return Table(f"{SIZE / 1e6:g} MB by others", interleaved(actions, rounds, 1), FLOOR)


def _copying(array: Any) -> dict[str, Action]:
    target = array.copy()
    return {FLOOR: lambda: np.copyto(target, array)}


def _memory(env: IsolatedEnvironment, size: int) -> Table:
    """What both processes take more at most, without the arrays that the two functions' users have anyway."""
    array, own = np.ones(size // 8), "the array"
    found: dict[str, list[float]] = {own: [size / 1e6]}
    actions: dict[str, Callable[[Any], object]] = {
        "more for an array in": lambda worker: [worker.call(ends, array) for _ in range(3)],
        "more for an array out": lambda worker: [worker.call(kept) is None for _ in range(3)],
    }
    for name, action in actions.items():
        with env.worker() as worker:
            worker.call(keep, size // 8)
            found[name] = [peak(partial(action, worker), ("self", worker.pid))]
    title = f"{size / 1e6:g} MB, extra memory of both processes together, at most"
    return Table(title, samples_of(found), own, unit="MB")


def _shared(worker: Any, rounds: int) -> Table:
    shared = {size: SharedArray(size // 8).array for size in (10**6, 10**9)}
    actions: dict[str, Action] = {"a call without an array (floor)": lambda: worker.call(same, 1)}
    for size, array in shared.items():
        actions[f"shared, {size / 1e6:g} MB, in"] = partial(worker.call, ends, array)
        actions[f"shared, {size / 1e6:g} MB, in and out"] = partial(worker.call, same, array)
    return Table("shared arrays", interleaved(actions, 20 * rounds, 3), "a call without an array (floor)")
