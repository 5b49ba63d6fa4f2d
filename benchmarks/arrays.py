"""Arrays into a worker and out of it, next to one copy of them in warm memory.  Needs NumPy on this side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from isolated_environment import IsolatedEnvironment, SharedArray

from .clock import Table, interleaved, samples_of
from .memory import pss

FLOOR = "one copy in warm memory (floor)"
SIZES = (10**6, 10**8, 10**9)


def measure(env: IsolatedEnvironment, rounds: int) -> Iterator[Table]:
    """Yield tables of all measures.

    Args:
        env: An environment that has NumPy.
        rounds: How often each is taken.
    """
    for size in SIZES:
        with env.worker() as worker:
            yield from _arrays(worker, size, rounds)
    with env.worker() as worker:
        yield _shared(worker, rounds)


def ends(array: Any) -> float:
    """Touch an array."""
    return float(array[0] + array[-1])


def kept(count: int) -> Any:
    """Return an array that is there already."""
    import builtins

    import numpy as np

    arrays = builtins.__dict__.setdefault("kept_by_benchmark", {})
    if count not in arrays:
        arrays[count] = np.ones(count)
    return arrays[count]


def same(value: Any) -> Any:
    """Return what came."""
    return value


def _arrays(worker: Any, size: int, rounds: int) -> Iterator[Table]:
    array = np.ones(size // 8)
    target = array.copy()
    actions = {
        FLOOR: lambda: np.copyto(target, array),
        "the same, into fresh memory": lambda: array.copy() is None,
        "in": lambda: worker.call(ends, array),
        "in, all read there": lambda: worker.call(np.sum, array),
        "out": lambda: worker.call(kept, size // 8) is None,
        "out, all read here": lambda: worker.call(kept, size // 8).sum(),
        "in and out": lambda: worker.call(same, array) is None,
        "a call without an array": lambda: worker.call(same, 1),
    }
    here, there = pss(), pss(worker.pid)
    yield Table(f"{size / 1e6:g} MB, the first time", interleaved(actions, 1), FLOOR)
    yield Table(f"{size / 1e6:g} MB, from the second time on", interleaved(actions, rounds), FLOOR)
    more = {"the array": size / 1e6, "more here": pss() - here, "more there": pss(worker.pid) - there}
    samples = samples_of({name: [megabytes] for name, megabytes in more.items()})
    yield Table(f"{size / 1e6:g} MB, memory afterwards", samples, "the array", unit="MB")


def _shared(worker: Any, rounds: int) -> Table:
    shared = {size: SharedArray(size // 8).array for size in (10**6, 10**9)}
    actions: dict[str, Any] = {"a call without an array (floor)": lambda: worker.call(same, 1)}
    for size, array in shared.items():
        actions[f"shared, {size / 1e6:g} MB, in"] = lambda array=array: worker.call(ends, array)
        actions[f"shared, {size / 1e6:g} MB, in and out"] = lambda array=array: worker.call(same, array) is None
    interleaved(actions, 3)
    return Table("shared arrays", interleaved(actions, 20 * rounds), "a call without an array (floor)")
