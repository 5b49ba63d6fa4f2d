"""`multiprocessing` and `concurrent.futures`."""

from __future__ import annotations

import atexit
import multiprocessing
import operator
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any

_AHEAD = 128


def warm(count: int) -> list[float]:
    """Single calls over a pipe."""
    return _each(lambda: _called(operator.add, 1, 2), 3, count)


def pool(count: int) -> list[float]:
    """Single calls by an executor."""
    executor = _executor()
    return _each(lambda: executor.submit(operator.add, 1, 2).result(), 3, count)


def flight(count: int) -> list[float]:
    """Calls on their way at once; no more than the pipe takes, or both sides wait for ever."""
    pipe, started, sent = _pipe(), time.perf_counter(), 0
    for received in range(count):
        while sent < min(count, received + _AHEAD):
            pipe.send((operator.add, (sent, 1)))
            sent += 1
        if pipe.recv() != received + 1:
            raise ValueError("an answer is lost")
    return [time.perf_counter() - started]


def stream(count: int) -> list[float]:
    """Small items, one after the other."""
    pipe, started = _pipe(), time.perf_counter()
    pipe.send((iter, (range(count),)))
    if [pipe.recv() for _ in range(count)] != list(range(count)):
        raise ValueError("an item is lost")
    return [time.perf_counter() - started]


def octets(size: int, count: int) -> list[float]:
    """Calls with so many octets."""
    payload = b"x" * size
    return _each(lambda: _called(len, payload), size, count)


def put(size: int) -> list[float]:
    """An array into the worker."""
    array = _ones(size)
    return _each(lambda: _called(operator.itemgetter(-1), array), 1.0, 1)


def get(size: int) -> list[float]:
    """An array out of the worker."""
    _called("_ones", size)
    return _each(lambda: _called("_ones", size)[-1], 1.0, 1)


def both(size: int) -> list[float]:
    """An array in and out."""
    array = _ones(size)
    return _each(lambda: _called(operator.itemgetter(...), array)[-1], 1.0, 1)


def shared_put(size: int) -> list[float]:
    """An array into the worker, by a copy into shared memory."""
    array, block = _ones(size), _block(size)
    return _each(lambda: _called("_last", _fill(block, array)), 1.0, 1)


def shared_get(size: int) -> list[float]:
    """An array out of the worker, by a copy out of shared memory."""
    block = _block(size)

    def action() -> float:
        _called("_fill_named", block.name, size)
        return float(_array(block).copy()[-1])

    return _each(action, 1.0, 1)


def _each(action: Callable[[], Any], expected: object, count: int) -> list[float]:
    """Time so many calls, after one that is not counted."""
    times = []
    for _ in range(count + 1):
        started = time.perf_counter()
        found = action()
        times.append(time.perf_counter() - started)
        if found != expected:
            raise ValueError(f"{found!r} came")
    return times[1:]


def _called(function: Callable[..., Any] | str, *arguments: object) -> Any:
    pipe = _pipe()
    pipe.send((function, arguments))
    return pipe.recv()


@cache
def _pipe() -> Connection[Any, Any]:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    context.Process(target=_serve, args=(there,), daemon=True).start()
    return here


def _serve(pipe: Connection[Any, Any]) -> None:
    while True:
        function, arguments = pipe.recv()
        # A driver's own functions are no part of a module that pickle could name.
        found = globals()[function](*arguments) if isinstance(function, str) else function(*arguments)
        for item in found if isinstance(found, Iterator) else [found]:
            pipe.send(item)


@cache
def _executor() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1)


@cache
def _ones(size: int) -> Any:
    import numpy as np

    return np.ones(size // 8)


@cache
def _block(size: int) -> SharedMemory:
    block = SharedMemory(create=True, size=size)
    atexit.register(block.unlink)
    return block


def _array(block: SharedMemory) -> Any:
    import numpy as np

    return np.frombuffer(block.buf)


def _fill(block: SharedMemory, array: Any) -> str:
    _array(block)[: len(array)] = array
    return block.name


@cache
def _named(name: str) -> SharedMemory:
    return SharedMemory(name)


def _last(name: str) -> float:
    return float(_array(_named(name))[-1])


def _fill_named(name: str, size: int) -> None:
    _fill(_named(name), _ones(size))
