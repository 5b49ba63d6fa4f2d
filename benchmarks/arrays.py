"""``python -m benchmarks.arrays``: arrays into a worker and out of it, next to one copy of them in warm memory.

Needs NumPy on this side, and the package registry once for the other.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from isolated_environment import IsolatedEnvironment, SharedArray

from .clock import Sample, interleaved

FLOOR = "one copy in warm memory (floor)"
HEAD = "| what | median | min | max | ratio |\n|---|---|---|---|---|"


def main() -> int:
    """Run the measurements and print Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arrays", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sizes", type=float, nargs="+", default=[1e6, 1e8, 1e9])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        env = IsolatedEnvironment(Path(directory) / "env", ["numpy"])
        for size in arguments.sizes:
            with env.worker() as worker:
                _arrays(worker, int(size), arguments.rounds)
        with env.worker() as worker:
            _shared(worker, arguments.rounds)
    return 0


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


def _arrays(worker: Any, size: int, rounds: int) -> None:
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
    first = interleaved(actions, 1)
    before = _memory()
    _print(f"{size / 1e6:g} MB, the first time", first)
    _print(f"{size / 1e6:g} MB, from the second time on", interleaved(actions, rounds))
    after, other = _memory(), worker.call(_memory)
    sys.stdout.write(f"resident here: {after:.0f} MB ({after - before:+.0f}), there: {other:.0f} MB\n\n")


def _shared(worker: Any, rounds: int) -> None:
    shared = {size: SharedArray(size // 8).array for size in (10**6, 10**9)}
    actions: dict[str, Any] = {"a call without an array (floor)": lambda: worker.call(same, 1)}
    for size, array in shared.items():
        actions[f"shared, {size / 1e6:g} MB, in"] = lambda array=array: worker.call(ends, array)
        actions[f"shared, {size / 1e6:g} MB, in and out"] = lambda array=array: worker.call(same, array) is None
    interleaved(actions, 3)
    _print("shared arrays", interleaved(actions, 20 * rounds))


def _memory() -> float:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _print(title: str, samples: dict[str, Sample]) -> None:
    floor = next(iter(samples.values()))
    rows = [sample.row(floor) for sample in samples.values()]
    sys.stdout.write("\n".join([f"### {title}", "", HEAD, *rows, "", ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
