"""loky: the executor of joblib."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from loky import ProcessPoolExecutor  # type: ignore[import-not-found]


def warm(count: int) -> list[float]:
    """Single calls."""
    return [_timed(operator.add, 1, 2) for _ in range(count + 1)][1:]


def workers(count: int) -> list[float]:
    """Workers started and answering."""
    started = time.perf_counter()
    executor = ProcessPoolExecutor(count)
    for future in [executor.submit(operator.add, number, 1) for number in range(count)]:
        future.result()
    took = time.perf_counter() - started
    executor.shutdown(wait=True, kill_workers=True)
    return [took]


def put(size: int) -> list[float]:
    """An array into the worker."""
    return [_timed(operator.itemgetter(-1), _ones(size))]


def get(size: int) -> list[float]:
    """An array out of the worker."""
    _timed(_made, size)
    return [_timed(_made, size)]


def both(size: int) -> list[float]:
    """An array in and out."""
    return [_timed(operator.itemgetter(...), _ones(size))]


def _timed(function: Callable[..., Any], *arguments: object) -> float:
    executor, started = _executor(), time.perf_counter()
    executor.submit(function, *arguments).result()
    return time.perf_counter() - started


def _made(size: int) -> Any:
    import builtins

    import numpy as np

    kept = builtins.__dict__.setdefault("kept_by_benchmark", {})
    if size not in kept:
        kept[size] = np.ones(size // 8)
    return kept[size]


@cache
def _executor() -> Any:
    return ProcessPoolExecutor(1)


@cache
def _ones(size: int) -> Any:
    import numpy as np

    return np.ones(size // 8)
