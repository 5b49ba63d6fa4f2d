"""appose: tasks are scripts, arrays lie in shared memory.  It is given the uv of ours, not one from the web."""

from __future__ import annotations

import shutil
import time
from functools import cache
from pathlib import Path
from typing import Any

import appose  # type: ignore[import-not-found]
from appose.tool.uv import Uv  # type: ignore[import-not-found]

Uv.BASE_PATH = str(Path.cwd() / "tools")
_ADD = "a + b"
_IN = "float(array.ndarray()[-1])"
_OUT = """
import builtins
import appose, numpy as np
kept = builtins.__dict__.setdefault("kept_by_benchmark", {})
if size not in kept:
    kept[size] = np.ones(size // 8)
array = appose.NDArray("float64", [size // 8])
array.ndarray()[:] = kept[size]
array.shm.unlink_on_dispose(False)
task.outputs["array"] = array
"""


def create(path: str, packages: list[str]) -> None:
    """Make an environment."""
    tool = Path(Uv.BASE_PATH) / ".uv" / "bin" / "uv"
    if not tool.exists():
        tool.parent.mkdir(parents=True)
        tool.symlink_to(shutil.which("uv") or "uv")
    appose.uv().base(path).include(*packages).build()


def call(count: int) -> list[float]:
    """Calls in a process of their own."""
    return [_started(1)[0] for _ in range(count)]


def workers(count: int) -> list[float]:
    """Workers started and answering."""
    return _started(count)


def warm(count: int) -> list[float]:
    """Single calls."""
    times = []
    for _ in range(count + 1):
        started = time.perf_counter()
        _expect(_result(_service(), _ADD, a=1, b=2), 3)
        times.append(time.perf_counter() - started)
    return times[1:]


def put(size: int) -> list[float]:
    """An ordinary array into the worker."""
    source, started = _ones(size), time.perf_counter()
    with appose.NDArray("float64", [size // 8]) as array:
        array.ndarray()[:] = source
        _expect(_result(_service(), _IN, array=array), 1.0)
    return [time.perf_counter() - started]


def get(size: int) -> list[float]:
    """An ordinary array of the worker."""
    started = time.perf_counter()
    array = _service().task(_OUT, {"size": size}).wait_for().outputs["array"]
    _expect(float(array.ndarray().copy()[-1]), 1.0)
    took = time.perf_counter() - started
    array.shm.unlink()
    return [took]


def _started(count: int) -> list[float]:
    env = _environment()
    started = time.perf_counter()
    services = [env.python() for _ in range(count)]
    for task in [service.task(_ADD, {"a": 1, "b": 2}).start() for service in services]:
        _expect(task.wait_for().outputs["result"], 3)
    took = time.perf_counter() - started
    for service in services:
        service.close()
    return [took]


def _result(service: Any, script: str, **inputs: object) -> object:
    return service.task(script, inputs).wait_for().outputs["result"]


@cache
def _environment() -> Any:
    path = str(Path.cwd() / "environment")
    create(path, ["appose==0.12.0", "numpy"])
    return appose.uv().base(path).include("appose==0.12.0", "numpy").build()


@cache
def _service() -> Any:
    return _environment().python().init("import numpy")


@cache
def _ones(size: int) -> Any:
    import numpy as np

    return np.ones(size // 8)


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise ValueError(f"{found!r} came")
