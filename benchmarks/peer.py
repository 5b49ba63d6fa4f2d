"""Other libraries, each in an environment of its own, driven by a process of that environment."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uv

from isolated_environment import IsolatedEnvironment

from .clock import PeerError, Times

#: What is installed, by the name that tables show, after the name of the driver.
PEERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "appose 0.12.0": ("appose", ("appose==0.12.0", "numpy")),
    "execnet 2.1.2": ("execnet", ("execnet==2.1.2", "numpy")),
    "isolate 0.26.12": ("isolate", ("isolate[build]==0.26.12",)),
    "isolated-environment 2.0.5": ("isolated_environment", ("isolated-environment==2.0.5",)),
    "loky 3.7": ("loky", ("loky==3.7.0", "numpy")),
    "pyisolate 0.10.2": ("pyisolate", ("pyisolate==0.10.2",)),
    "standard library": ("standard", ("numpy",)),
    "uv-iso-env 1.0.44": ("uv_iso_env", ("uv-iso-env==1.0.44",)),
    "uvtrick 0.4.2": ("uvtrick", ("uvtrick==0.4.2",)),
    "virtualenv + pip": ("virtualenv", ("virtualenv",)),
}
#: The longest that an answer may take, in seconds.
LIMIT = 300
_GRACE = 5
_DRIVERS = Path(__file__).resolve().parent / "peers"


def base_python() -> str:
    """The interpreter that this process's virtual environment was made from."""
    return str(getattr(sys, "_base_executable", sys.executable))


class Peers:
    """Drivers, started when they are first asked, away from the checkout: a peer may have the name of our package."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._drivers: dict[str, _Driver] = {}

    def close(self) -> None:
        """End all that was started."""
        for driver in self._drivers.values():
            driver.close()

    def times(self, name: str, function: str, *arguments: object) -> Callable[[], Times]:
        """Return an action: a function of a driver that takes its times itself."""

        def action() -> Times:
            if name not in self._drivers:
                self._drivers[name] = _Driver(self._python(name), self._directory, PEERS[name][0])
            return self._drivers[name].ask(function, *arguments)

        return action

    def once(self, name: str, function: str, *arguments: object) -> Times:
        """Take the time of a process that is there for one function, from its start to the answer."""
        python, driver = self._python(name), PEERS[name][0]
        started = time.perf_counter()
        process = _Driver(python, self._directory, driver)
        try:
            process.ask(function, *arguments)
            return Times([time.perf_counter() - started])
        finally:
            process.close()

    def _python(self, name: str) -> str:
        driver, requirements = PEERS[name]
        env = IsolatedEnvironment(self._directory / driver, list(requirements), owner=None)
        env.ensure()
        return str(env.python)


class _Driver:
    def __init__(self, python: str, directory: Path, name: str) -> None:
        place = directory / f"{name}-files"
        place.mkdir(exist_ok=True)
        environ = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
        first = (python, str(uv.find_uv_bin()), base_python())
        environ["PATH"] = os.pathsep.join([*(str(Path(program).parent) for program in first), os.environ["PATH"]])
        with (place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [python, str(_DRIVERS / "protocol.py"), str(_DRIVERS / f"{name}.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                cwd=place,
                env=environ,
                start_new_session=True,
            )

    def ask(self, function: str, *arguments: object) -> Times:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._process.poll() is not None:
            raise PeerError("its process has ended")
        self._process.stdin.write(json.dumps([function, *arguments]).encode() + b"\n")
        if not select.select([self._process.stdout], [], [], LIMIT)[0]:
            self.kill()
            raise PeerError(f"no answer within {LIMIT} s")
        answer = json.loads(self._process.stdout.readline() or b'{"error": "its process ended"}')
        if "error" in answer:
            raise PeerError(answer["error"])
        return Times(answer["times"] or ())

    def close(self) -> None:
        """Let it end and clear away; then end what is left."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self.kill()

    def kill(self) -> None:
        """End it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
