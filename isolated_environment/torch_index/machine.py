"""The accelerators of this machine, as a value; asked of one short-lived child process, and remembered."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..child import detect_accelerator
from ..environ import host_environment, patch_for_installer
from ..wording import counted
from .tables import Capability

#: Seconds that the child has; a broken driver can hang for ever.
TIMEOUT = 30.0
_FILES_TIMEOUT = 10.0
_KILLED_WITHIN = 1.0
#: Seconds after which the machine is asked again.
FRESH = 86400.0
#: Seconds for which an answer "no accelerator" does not count against an earlier one with: probes flap.
REMEMBERED = 30 * 86400.0


@dataclass(frozen=True)
class Machine:
    """What was seen.

    Equal machines run the same builds.
    """

    #: ``Linux``, ``Windows`` or ``Darwin``.
    system: str = "Linux"
    #: ``x86_64``, ``aarch64``, ``arm64`` …
    machine: str = "x86_64"
    #: The CUDA version of the driver's API, such as ``(12, 4)``: the key.
    cuda: tuple[int, int] | None = None
    #: The driver's own number; on WSL it is the one of Windows.
    driver: str | None = None
    #: The compute capability of every NVIDIA GPU, where it could be asked.
    capabilities: tuple[Capability, ...] = ()
    #: Names of the GPUs, for people.
    names: tuple[str, ...] = ()
    #: The gfx target of every AMD GPU.
    amd: tuple[str, ...] = ()
    #: Whether Intel's Level Zero can be loaded.
    intel: bool = False
    #: An NVIDIA Jetson, whose wheels are not on this index.
    tegra: bool = False
    #: Where the answer about NVIDIA comes from; ``None``: there is no such GPU.
    source: str | None = None
    #: What was asked and what it answered, one line each.
    seen: tuple[str, ...] = ()
    #: Whether everything could be asked; a driver that hangs leaves the kernel's files.
    complete: bool = field(default=True, compare=False)

    @property
    def has_nvidia(self) -> bool:
        """Whether an NVIDIA GPU can be used."""
        return self.source is not None

    @property
    def has_accelerator(self) -> bool:
        """Whether there is a GPU of any maker."""
        return self.has_nvidia or bool(self.amd) or (self.system == "Darwin" and self.machine == "arm64")

    def described(self) -> str:
        """Return the machine in one line, for people."""
        if self.system == "Darwin":
            return f"macOS on {self.machine}"
        if self.has_nvidia:
            gpus = ", ".join(self.names) or "GPU"
            known = sorted({f"{major}.{minor}" for major, minor in self.capabilities})
            cuda = "unknown CUDA" if self.cuda is None else f"CUDA {self.cuda[0]}.{self.cuda[1]}"
            capability = f", compute capability {' and '.join(known)}" if known else ""
            return f"{gpus}{capability}, driver {self.driver or '?'} ({cuda}), seen by {self.source}"
        if self.amd:
            return f"AMD {', '.join(self.amd)}"
        return f"no GPU ({self.system} on {self.machine})"

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Machine:
        """Read what :meth:`as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not such a record.
        """
        fields = dict(record)
        for name in ("system", "machine", "driver", "source"):
            if not isinstance(fields[name], (str, type(None))):
                raise TypeError(f"{name} is no text")
        fields["cuda"] = _pair(fields["cuda"])
        fields["capabilities"] = tuple(pair for item in fields["capabilities"] if (pair := _pair(item)))
        for name in ("names", "amd", "seen"):
            fields[name] = tuple(str(item) for item in fields[name])
        return cls(**fields)


def read_answer(answer: Mapping[str, Any]) -> Machine:
    """Read what the child printed."""
    nvidia = answer.get("nvidia") or {}
    gpus = nvidia.get("gpus", [])
    return Machine(
        system=answer["system"],
        machine=_common(answer["machine"]),
        cuda=_pair(nvidia.get("cuda")) or cuda_of_driver(nvidia.get("driver"), answer["system"]),
        driver=nvidia.get("driver"),
        capabilities=tuple(pair for gpu in gpus if (pair := _pair(gpu["capability"]))),
        names=tuple(gpu["name"] for gpu in gpus if gpu["name"]),
        amd=tuple(answer.get("amd", ())),
        intel=bool(answer.get("intel")),
        tegra=bool(answer.get("tegra")),
        source=nvidia.get("source"),
        seen=tuple(answer.get("seen", ())),
    )


def ask_machine(python: str, *, root: str | None = None, timeout: float = TIMEOUT) -> Machine:
    """Ask a child process which accelerators there are.

    A driver that hangs or aborts takes the child with it.  Then another child reads the kernel's files alone: a broken
    library must not turn a machine with a GPU into one without.

    Args:
        python: The interpreter that runs the child.
        root: Where ``/proc``, ``/sys`` and ``/dev`` are; tests give their own.
        timeout: Seconds that the first child has; one that takes longer is killed.
    """
    try:
        return read_answer(_ask(python, [root or ""], timeout))
    except _NO_ANSWER as error:
        seen = (f"the question itself failed: {type(error).__name__}",)
    try:
        rest = read_answer(_ask(python, [root or "", "files"], _FILES_TIMEOUT))
    except _NO_ANSWER:
        import platform

        rest = Machine(platform.system(), _common(platform.machine()))
    return replace(rest, seen=(*seen, *rest.seen), complete=False)


_NO_ANSWER = (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, AttributeError, IndexError)


def _ask(python: str, words: list[str], timeout: float) -> Any:
    """Run the child and read the JSON that it prints."""
    argv = [python, "-I", str(Path(detect_accelerator.__file__).absolute()), *words]
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=patch_for_installer({}).apply(host_environment()),
    )
    try:
        answer, _ = child.communicate(timeout=timeout)
    except BaseException:
        child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # inside the driver not even a kill may reach it
            child.wait(_KILLED_WITHIN)
        raise
    finally:
        if child.stdout is not None:
            child.stdout.close()
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, argv)
    return json.loads(answer)


def see_machine(python: str, cache: Path, *, refresh: bool = False, now: float | None = None) -> Machine:
    """Return the machine; one with an accelerator is asked at most once a day.

    An answer without an accelerator does not take the place of an earlier one with, for a month: a probe that flaps,
    a container or a login node must not turn the next build into a CPU one.  Nor does it keep anybody from asking
    again: the home directory of a cluster is the same on a login node and on a node with GPUs.

    Args:
        python: The interpreter that asks.
        cache: The file that remembers.
        refresh: Ask now, and believe the answer.
        now: Seconds since the epoch; the clock's by default.
    """
    moment = time.time() if now is None else now
    known, age, is_here = (None, 0.0, False) if refresh else _remembered(cache, moment)
    if known is not None and is_here and age < FRESH:
        return known
    seen = ask_machine(python)
    if seen.has_accelerator and seen.complete:
        _remember(cache, seen, moment)
    elif known is not None and age < REMEMBERED and (known.system, known.machine) == (seen.system, seen.machine):
        note = f"not seen now, but {counted(round(age / 86400), 'day')} ago: kept"
        return replace(known, seen=(*seen.seen, note))
    elif refresh and seen.complete:
        with contextlib.suppress(OSError):
            cache.unlink()
    return seen


def cuda_of_driver(driver: str | None, system: str) -> tuple[int, int] | None:
    """Return the CUDA version that a driver's number guarantees, where the driver itself could not be asked.

    The floors of the CUDA majors; the toolkits' own minor versions are not promised by a number.
    """
    from .tables import DRIVER_FLOORS

    if driver is None:
        return None
    number = _numbers(driver)
    column = 1 if system == "Windows" else 0
    majors = [major for major, floors in DRIVER_FLOORS.items() if number >= _numbers(floors[column])]
    return (max(majors), 0) if majors else None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _pair(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if isinstance(value, str):
        raise TypeError("text is no pair of numbers")
    major, minor = value
    return int(major), int(minor)


def _common(machine: str) -> str:
    """The name of a processor as the tables have it."""
    return {"AMD64": "x86_64", "ARM64": "arm64"}.get(machine, machine)


def _here() -> str:
    """This computer: a home directory may be on several."""
    import platform

    return platform.node()


def _remembered(cache: Path, now: float) -> tuple[Machine | None, float, bool]:
    """The machine with an accelerator that was seen last, seconds ago, and whether it is this computer."""
    try:
        record = json.loads(cache.read_text("utf-8"))
        known, age = Machine.from_json(record["machine"]), abs(now - float(record["asked_at"]))
        return (known if known.has_accelerator else None), age, record["host"] == _here()
    except (OSError, ValueError, KeyError, TypeError):
        return None, 0.0, False


def _remember(cache: Path, machine: Machine, now: float) -> None:
    record = {"asked_at": now, "host": _here(), "machine": machine.as_json()}
    temporary = cache.with_name(f"{cache.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(json.dumps(record), "utf-8")
            temporary.replace(cache)
        finally:
            temporary.unlink(missing_ok=True)
