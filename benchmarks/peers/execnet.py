"""execnet: a gateway is a process, a channel carries built-in values."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import execnet

_ADD = "for a, b in channel: channel.send(a + b)"
_STREAM = "for count in channel:\n    for number in range(count): channel.send(number)"
_ARRAYS = """
import numpy as np
kept = {}
for size, octets in channel:
    if octets and size:
        channel.send(octets)
    elif octets:
        channel.send(float(np.frombuffer(octets)[-1]))
    else:
        if size not in kept:
            kept[size] = np.ones(size // 8)
        channel.send(kept[size].tobytes())
"""


def call(count: int) -> list[float]:
    """Calls in a process of their own."""
    return [_started(1)[0] for _ in range(count)]


def warm(count: int) -> list[float]:
    """Single calls."""
    channel, times = _channel(_ADD), []
    for _ in range(count + 1):
        started = time.perf_counter()
        channel.send((1, 2))
        _expect(channel.receive(), 3)
        times.append(time.perf_counter() - started)
    return times[1:]


def flight(count: int) -> list[float]:
    """Calls on their way at once."""
    channel, started = _channel(_ADD), time.perf_counter()
    for number in range(count):
        channel.send((number, 1))
    for number in range(count):
        _expect(channel.receive(), number + 1)
    return [time.perf_counter() - started]


def stream(count: int) -> list[float]:
    """Small items, one after the other."""
    channel, started = _channel(_STREAM), time.perf_counter()
    channel.send(count)
    for number in range(count):
        _expect(channel.receive(), number)
    return [time.perf_counter() - started]


def workers(count: int) -> list[float]:
    """Workers started and answering."""
    return _started(count)


def put(size: int) -> list[float]:
    """An array into the worker."""
    array = _ones(size)
    return _exchanged(lambda: (0, array.tobytes()))


def get(size: int) -> list[float]:
    """An array out of the worker."""
    _exchanged(lambda: (size, b""))
    return _exchanged(lambda: (size, b""))


def both(size: int) -> list[float]:
    """An array in and out."""
    array = _ones(size)
    return _exchanged(lambda: (size, array.tobytes()))


def _exchanged(request: Any) -> list[float]:
    import numpy as np

    channel, started = _channel(_ARRAYS), time.perf_counter()
    channel.send(request())
    found = channel.receive()
    _expect(float(np.frombuffer(found)[-1]) if isinstance(found, bytes) else found, 1.0)
    return [time.perf_counter() - started]


def _started(count: int) -> list[float]:
    group, started = execnet.Group(), time.perf_counter()
    channels = [group.makegateway("popen").remote_exec(_ADD) for _ in range(count)]
    for channel in channels:
        channel.send((1, 2))
    for channel in channels:
        _expect(channel.receive(), 3)
    took = time.perf_counter() - started
    group.terminate(1)
    return [took]


@cache
def _channel(source: str) -> Any:
    return execnet.makegateway("popen").remote_exec(source)


@cache
def _ones(size: int) -> Any:
    import numpy as np

    return np.ones(size // 8)


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise ValueError(f"{found!r} came")
