"""pyisolate: a sealed worker for a module, its sandbox off.  It makes an environment in order to load the module."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pyisolate  # type: ignore[import-not-found]

os.environ["PYISOLATE_UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
_MODULE = """
class Add:
    FUNCTION = "add"
    def add(self, a, b):
        return (a + b,)
NODE_CLASS_MAPPINGS = {"Add": Add}
"""
_loop = asyncio.new_event_loop()


def create(path: str, packages: list[str]) -> None:
    """Make an environment and call there: only a call makes it."""
    _loop.run_until_complete(_add(_load(path, packages)))


def call(count: int) -> list[float]:
    """Calls in a process of their own."""
    return _loop.run_until_complete(_calls(count))


def warm(count: int) -> list[float]:
    """Single calls."""
    return _loop.run_until_complete(_warm(count))


async def _calls(count: int) -> list[float]:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        worker = _load("environments", [])
        await _add(worker)
        times.append(time.perf_counter() - started)
        worker.stop()
    return times


async def _warm(count: int) -> list[float]:
    worker, times = _load("environments", []), []
    for _ in range(count + 1):
        started = time.perf_counter()
        await _add(worker)
        times.append(time.perf_counter() - started)
    worker.stop()
    return times[1:]


async def _add(worker: Any) -> None:
    found = await worker.execute_node("Add", a=1, b=2)
    if list(found) != [3]:
        raise ValueError(f"{found!r} came")


def _load(path: str, packages: list[str]) -> Any:
    module = Path.cwd() / "module"
    module.mkdir(exist_ok=True)
    (module / "__init__.py").write_text(_MODULE)
    manager = pyisolate.ExtensionManager(pyisolate.SealedNodeExtension, {"venv_root_path": str(Path(path).absolute())})
    return manager.load_extension(
        {
            "name": "add",
            "module_path": str(module),
            "isolated": True,
            "dependencies": packages,
            "apis": [],
            "share_torch": False,
            "sandbox_mode": pyisolate.SandboxMode.DISABLED,
            "execution_model": "sealed_worker",
        }
    )
