"""In words: what was seen, what is chosen, why, and what would change it.  By the tables; no index is asked."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..errors import UnsupportedMachineError
from .channels import Candidate, Refusal, last_release_with_kernels, lost_gpus, order_cuda, order_rocm
from .machine import Machine
from .pin import NO_CHANNEL, TorchPin
from .tables import CUDA_CHANNELS, DRIVER_FLOORS


def explain(
    channel: str,
    machine: Machine | None,
    *,
    torch: str = "",
    recorded: TorchPin | None = None,
    override: str | None = None,
) -> str:
    """Explain a choice.

    Args:
        channel: ``auto``, or a channel's name.
        machine: What was seen; ``None`` when nobody had to look.
        torch: What is asked of torch, such as ``==2.6.0``.
        recorded: The pin that the environment has.
        override: The user's ``ISOLATED_ENVIRONMENT_TORCH_BACKEND``.

    Returns:
        Lines of text.
    """
    lines = [] if machine is None else [f"seen: {machine.described()}", *(f"  {line}" for line in machine.seen)]
    if channel != "auto":
        return "\n".join([*lines, f"chosen: {channel}", "why: the application asks for this channel"])
    if override and override != "auto":
        why = f"why: ISOLATED_ENVIRONMENT_TORCH_BACKEND={override}"
        return "\n".join([*lines, f"chosen: {override}", why, "to change it: unset the variable"])
    if recorded is not None:
        return "\n".join([*lines, *_recorded(recorded, machine)])
    if machine is None:
        return "chosen: what fits the machine, which was not looked at yet"
    return "\n".join([*lines, *_chosen(machine, SpecifierSet(torch))])


def _recorded(recorded: TorchPin, machine: Machine | None) -> list[str]:
    lines = [
        f"chosen: {recorded.channel} ({', '.join(recorded.requirements) or 'no release yet'})",
        f"why: recorded when the environment was built, for {recorded.machine or 'a machine that was not looked at'}",
    ]
    if machine is not None and not machine.has_accelerator and recorded.channel != "cpu":
        lines.append("no GPU is visible now; what was recorded is kept: this may be a login node or a container")
    return [*lines, "to change it: remove() the environment, or ask for another channel"]


def _chosen(machine: Machine, torch: SpecifierSet) -> list[str]:
    if machine.tegra:
        raise UnsupportedMachineError(
            "a Jetson takes its own wheels of PyTorch, which are not on this index",
            hint="give NVIDIA's index for Jetson by pip_install(..., index=URL)",
            machine=machine.described(),
        )
    if machine.system == "Darwin":
        kind = "with Metal (MPS)" if machine.machine == "arm64" else "for the CPU; the last release for Intel is 2.2.2"
        return [f"chosen: {NO_CHANNEL}", f"why: macOS takes PyTorch from the main index, {kind}"]
    if machine.has_nvidia:
        return _cuda(machine, torch)
    if machine.amd:
        candidates, refusals = order_rocm(machine)
        listed = _listed(candidates, refusals, "no ROCm channel has code for this GPU")
        return [*listed, "to change it: TorchIndex('cpu'), or another card"]
    change = (
        "to change it: a GPU, or ISOLATED_ENVIRONMENT_TORCH_BACKEND; a GPU that appears later is not noticed by itself"
    )
    return ["chosen: cpu", "why: no GPU was seen", change]


def _cuda(machine: Machine, torch: SpecifierSet) -> list[str]:
    candidates, refusals = order_cuda(machine)
    usable, dropped = [], []
    for candidate in candidates:
        release = _newest_release(candidate.channel, torch)
        if release is None:
            dropped.append(Refusal(candidate.channel, "release", f"has no torch{torch}"))
            continue
        lost = lost_gpus(candidate.channel, release, machine)
        older = None if not lost else _newest_serving(candidate.channel, torch, machine)
        if lost and older is None:
            shown = " and ".join(f"{major}.{minor}" for major, minor in lost)
            dropped.append(Refusal(candidate.channel, "architecture", f"has no kernels for {shown}"))
        else:
            usable.append(Candidate(candidate.channel, f"{candidate.reason}; torch up to {older or release}"))
    return [*_listed(usable, [*dropped, *refusals], _nothing(machine)), *_would_change(machine)]


def _listed(candidates: list[Candidate], refusals: list[Refusal], nothing: str) -> list[str]:
    lines = (
        [f"chosen: {candidates[0].channel}", f"why: {candidates[0].reason}"] if candidates else [f"nothing: {nothing}"]
    )
    lines += [f"  else {candidate.channel}: {candidate.reason}" for candidate in candidates[1:]]
    return lines + [f"  not {refusal.channel}: {refusal.reason}" for refusal in refusals]


def _nothing(machine: Machine) -> str:
    last = last_release_with_kernels(machine.capabilities, machine)
    return "no channel serves this driver and GPU" + (
        f"; torch<={last[1]} on {last[0]} has its kernels" if last else ""
    )


def _would_change(machine: Machine) -> list[str]:
    driver = machine.cuda
    majors = [major for major in sorted(DRIVER_FLOORS) if driver is None or major > driver[0]]
    column = 1 if machine.system == "Windows" else 0
    words = [f"a driver {DRIVER_FLOORS[major][column]} or newer allows cu{major}x" for major in majors[:1]]
    return [f"to change it: {'; '.join([*words, 'ISOLATED_ENVIRONMENT_TORCH_BACKEND overrides'])}"]


def _newest_release(channel: str, torch: SpecifierSet) -> str | None:
    """The newest release on a channel, by the table's ends and what is known of releases in between."""
    from .tables import PAIRS

    _, first, last = CUDA_CHANNELS[channel]
    known = [release for release in PAIRS if Version(first) <= Version(release) <= Version(last)]
    fitting = [release for release in known if torch.contains(release)]
    return max(fitting, key=Version, default=None)


def _newest_serving(channel: str, torch: SpecifierSet, machine: Machine) -> str | None:
    from .tables import PAIRS

    _, first, last = CUDA_CHANNELS[channel]
    known = sorted((release for release in PAIRS if Version(first) <= Version(release) <= Version(last)), key=Version)
    fitting = [release for release in known if torch.contains(release) and not lost_gpus(channel, release, machine)]
    return fitting[-1] if fitting else None
