"""Channels of the PyTorch index: their names, what runs on them, in which order to try them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.version import Version

from .machine import Machine
from .tables import (
    CUDA_CHANNELS,
    GAPS,
    INTEGRATED_TARGETS,
    KERNELS,
    PAIRS,
    ROCM_TARGETS,
    WINDOWS_ONLY,
    Capability,
    Kernels,
)

_SHORTEST = 2  # digits of a CUDA version


def cuda_of(channel: str) -> tuple[int, int] | None:
    """Return the CUDA version of a channel, known or not: ``cu126`` is 12.6, ``cu92`` is 9.2; ``None`` for others."""
    digits = channel.removeprefix("cu")
    if not channel.startswith("cu") or not digits.isdecimal() or len(digits) < _SHORTEST:
        return None
    return int(digits[:-1]), int(digits[-1])


@dataclass(frozen=True)
class Candidate:
    """A channel that may serve, and what it asks of a torch release."""

    channel: str
    #: Why it is where it is in the order.
    reason: str
    #: Whether everything works there; what only NVIDIA's minor-version compatibility allows does not.
    complete: bool = True


@dataclass(frozen=True)
class Refusal:
    """A channel that cannot serve this machine."""

    channel: str
    #: ``driver`` or ``architecture``.
    kind: str
    reason: str


def order_cuda(machine: Machine) -> tuple[list[Candidate], list[Refusal]]:
    """Order the CUDA channels for *machine*.

    The newest channel not newer than the driver comes first, then older ones: there everything works.  Then newer
    channels of the same CUDA major, the lowest first: NVIDIA promises that they run (minor-version compatibility), less
    what needs the newer driver.

    Args:
        machine: With an NVIDIA GPU.

    Returns:
        The candidates, best first, and those that the driver cannot run.
    """
    if machine.cuda is None:
        return [], [Refusal(channel, "driver", "the driver's CUDA version is unknown") for channel in CUDA_CHANNELS]
    driver = machine.cuda
    shown = f"{driver[0]}.{driver[1]}"
    channels = sorted(CUDA_CHANNELS, key=lambda channel: CUDA_CHANNELS[channel][0])
    full = [channel for channel in reversed(channels) if CUDA_CHANNELS[channel][0] <= driver]
    minor = [
        channel
        for channel in channels
        if CUDA_CHANNELS[channel][0] > driver and CUDA_CHANNELS[channel][0][0] == driver[0]
    ]
    candidates = [Candidate(channel, f"not newer than the driver's CUDA {shown}") for channel in full]
    newer = f"newer than the driver's CUDA {shown}, same major"
    candidates += [Candidate(channel, newer, complete=False) for channel in minor]
    refusals = [
        Refusal(channel, "driver", f"needs a driver with CUDA {CUDA_CHANNELS[channel][0][0]}.0, this one has {shown}")
        for channel in channels
        if channel not in full and channel not in minor
    ]
    return candidates, refusals


def order_rocm(machine: Machine) -> tuple[list[Candidate], list[Refusal]]:
    """Order the ROCm channels for *machine*: those whose wheels hold every card's target, the newest first.

    Graphics inside the processor that no channel has code for are no reason to refuse: the machine counts as one
    without a GPU.
    """
    targets = _cards(machine)
    candidates, refusals = [], []
    for channel in sorted(ROCM_TARGETS, key=lambda name: Version(name.removeprefix("rocm")), reverse=True):
        missing = [target for target in targets if target not in ROCM_TARGETS[channel]]
        if missing:
            refusals.append(Refusal(channel, "architecture", f"has no code for {', '.join(missing)}"))
        else:
            candidates.append(Candidate(channel, f"has code for {', '.join(targets)}"))
    if not candidates and INTEGRATED_TARGETS.issuperset(targets):
        shown = ", ".join(targets)
        return [Candidate("cpu", f"{shown} is inside the processor, and no channel has code for it")], refusals
    return candidates, refusals


def _cards(machine: Machine) -> tuple[str, ...]:
    """The AMD targets that count."""
    return tuple(target for target in machine.amd if target not in INTEGRATED_TARGETS) or machine.amd


def known_releases(channel: str, machine: Machine) -> list[str]:
    """Return the torch releases that are known to be on a CUDA channel for *machine*, the newest last."""
    _, first, last = CUDA_CHANNELS[channel]
    releases = [
        release
        for release in sorted(PAIRS, key=Version)
        if Version(first) <= Version(release) <= Version(last) and release not in GAPS.get(channel, ())
    ]
    if machine.system == "Windows" and channel in WINDOWS_ONLY:
        return [release for release in releases if release in WINDOWS_ONLY[channel]]
    return releases


def lost_gpus(channel: str, torch: str, machine: Machine) -> tuple[Capability, ...]:
    """Return the capabilities of *machine* that a torch release on a channel has no kernels for.

    Args:
        channel: Its name; one that is not in the tables serves everything.
        torch: The release, without a label.
        machine: The machine.
    """
    row = _kernels(channel, Version(torch), machine)
    if row is None:
        return ()
    newest_driver = machine.cuda is not None and machine.cuda >= CUDA_CHANNELS[channel][0]
    return tuple(
        sorted(
            {
                gpu
                for gpu in machine.capabilities
                if not _runs(gpu, row.capabilities, row.ptx if newest_driver else None)
            }
        )
    )


def can_run(channel: str, torch: str | None, machine: Machine) -> bool:
    """Return whether a channel that was chosen once can still run here.

    A machine without a visible GPU contradicts nothing: it may be a login node or a container.

    Args:
        channel: Its name.
        torch: The release on it, with or without a label, or ``None``.
        machine: The machine as it is seen now.
    """
    cuda = cuda_of(channel)
    if cuda is not None and machine.cuda is not None:
        lost = () if torch is None else lost_gpus(channel, Version(torch).public, machine)
        return cuda[0] <= machine.cuda[0] and not lost
    if channel in ROCM_TARGETS and machine.amd:
        return ROCM_TARGETS[channel].issuperset(_cards(machine))
    return True


def releases_with_kernels(gpus: Iterable[Capability], machine: Machine) -> tuple[str, str, str] | None:
    """Return the channel with the newest torch that has kernels for all of *gpus*.

    Returns:
        The channel, and the first and last release on any channel that have them; ``None``: none ever had.
    """
    wanted = tuple(gpus)
    rows = [row for row in KERNELS if row.machine == machine.machine and _same_system(row.system, machine)]
    serving = [row for row in rows if all(_runs(gpu, row.capabilities, row.ptx) for gpu in wanted)]
    if not serving:
        return None
    best = max(serving, key=lambda row: Version(row.last))
    return best.channel, min((row.first for row in serving), key=Version), best.last


def _kernels(channel: str, torch: Version, machine: Machine) -> Kernels | None:
    """The row of a release; of one that came after the tables were read, the newest row: nothing dropped comes back."""
    rows = [
        row
        for row in KERNELS
        if row.channel == channel and row.machine == machine.machine and _same_system(row.system, machine)
    ]
    for row in rows:
        if Version(row.first) <= torch <= Version(row.last):
            return row
    older = [row for row in rows if Version(row.last) < torch]
    return max(older, key=lambda row: Version(row.last), default=None)


def _same_system(system: str, machine: Machine) -> bool:
    return system in {"any", machine.system.lower()}


def _runs(gpu: Capability, code: Iterable[Capability], ptx: Capability | None) -> bool:
    """Machine code serves the same major from its own minor on; PTX serves whatever is newer."""
    return any(major == gpu[0] and minor <= gpu[1] for major, minor in code) or (ptx is not None and ptx <= gpu)
