"""In words: what was seen, what is chosen, why, and what would change it.  By the tables; no index is asked."""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import InvalidRequirementError, UnsupportedMachineError
from ..torch_source import read_backend
from .channels import Candidate, Refusal, can_run, known_releases, lost_gpus, releases_with_kernels
from .choose import order_for
from .machine import Machine
from .pin import NO_CHANNEL, TorchPin
from .tables import CUDA_CHANNELS, DRIVER_FLOORS, LAST_FOR_INTEL_MACS


def explain(
    channel: str,
    machine: Machine | None,
    *,
    torch: str = "",
    recorded: TorchPin | None = None,
    override: str | None = None,
    on_unusable_gpu: str = "raise",
) -> str:
    """Explain a choice.

    Args:
        channel: ``auto``, or a channel's name.
        machine: What was seen; ``None`` when nobody had to look.
        torch: What is asked of torch, such as ``==2.6.0``.
        recorded: The pin that the environment has.
        override: The user's ``ISOLATED_ENVIRONMENT_TORCH_BACKEND``.
        on_unusable_gpu: ``raise``, or ``cpu``: what is done about a GPU that no build serves.

    Returns:
        Lines of text.

    Raises:
        InvalidIndexError: *override* names no channel.
        InvalidRequirementError: *torch* is no version specifier.
    """
    asked = _specifier(torch)
    lines = [] if machine is None else [f"seen: {machine.described()}", *(f"  {line}" for line in machine.seen)]
    if channel != "auto":
        return "\n".join([*lines, f"chosen: {channel}", "why: the application asks for this channel"])
    backend = read_backend(override)
    if backend is not None:
        chosen = NO_CHANNEL if backend == "mps" else backend
        why = f"why: ISOLATED_ENVIRONMENT_TORCH_BACKEND={override}"
        return "\n".join([*lines, f"chosen: {chosen}", why, "to change it: unset the variable"])
    if recorded is not None:
        if machine is None or can_run(recorded.channel, recorded.versions.get("torch"), machine):
            return "\n".join([*lines, *_recorded(recorded, machine)])
        lines.append(f"recorded: {recorded.channel}, which cannot run here any more")
    if machine is None:
        return "chosen: what fits the machine, which was not looked at yet"
    return "\n".join([*lines, *_chosen(machine, asked, on_unusable_gpu)])


def _specifier(torch: str) -> SpecifierSet:
    try:
        return SpecifierSet(torch)
    except InvalidSpecifier:
        raise InvalidRequirementError(
            f"torch={torch!r} is no version specifier",
            hint="write what stands behind the name, such as '==2.6.0'",
            requirement=torch,
            parameter="torch",
        ) from None


def _recorded(recorded: TorchPin, machine: Machine | None) -> list[str]:
    lines = [
        f"chosen: {recorded.channel} ({', '.join(recorded.requirements) or 'no release yet'})",
        f"why: recorded when the environment was built, for {recorded.machine or 'a machine that was not looked at'}",
    ]
    if machine is not None and not machine.has_accelerator and recorded.channel != "cpu":
        lines.append("no GPU is visible now; what was recorded is kept: this may be a login node or a container")
    return [*lines, "to change it: remove() the environment, or ask for another channel"]


def _chosen(machine: Machine, torch: SpecifierSet, on_unusable_gpu: str) -> list[str]:
    try:
        candidates, refusals = order_for(machine)
    except UnsupportedMachineError as error:
        return [f"nothing: {error.message}", f"to change it: {error.hint}"]
    if machine.system == "Darwin":
        kind = "with Metal (MPS)"
        if machine.machine != "arm64":
            kind = f"for the CPU; the last release for Intel is {LAST_FOR_INTEL_MACS}"
        return [f"chosen: {NO_CHANNEL}", f"why: macOS takes PyTorch from the main index, {kind}"]
    if machine.has_nvidia:
        candidates, dropped = _with_kernels(candidates, torch, machine)
        listed = _listed(candidates, [*dropped, *refusals], _nothing(machine, dropped), on_unusable_gpu)
        return [*listed, *_would_change(machine)]
    if machine.amd:
        listed = _listed(candidates, refusals, "no ROCm channel has code for this GPU", on_unusable_gpu)
        return [*listed, "to change it: TorchIndex('cpu'), or another card"]
    intel = ["Intel's Level Zero is here: TorchIndex('xpu') uses it, and is taken only when asked for"]
    change = (
        "to change it: a GPU, or ISOLATED_ENVIRONMENT_TORCH_BACKEND; a GPU that appears later is not noticed by itself"
    )
    return ["chosen: cpu", "why: no GPU was seen", *(intel if machine.intel else []), change]


def _with_kernels(
    candidates: list[Candidate], torch: SpecifierSet, machine: Machine
) -> tuple[list[Candidate], list[Refusal]]:
    """Split the channels into those that have a release with kernels for every GPU, and those that do not."""
    usable, dropped = [], []
    for candidate in candidates:
        releases = list(torch.filter(known_releases(candidate.channel, machine)))
        serving = [release for release in releases if not lost_gpus(candidate.channel, release, machine)]
        if serving:
            usable.append(Candidate(candidate.channel, f"{candidate.reason}; torch up to {serving[-1]}"))
        elif releases:
            lost = lost_gpus(candidate.channel, releases[-1], machine)
            shown = " and ".join(f"{major}.{minor}" for major, minor in lost)
            dropped.append(Refusal(candidate.channel, "architecture", f"has no kernels for {shown}"))
        else:
            dropped.append(Refusal(candidate.channel, "release", f"has no torch{torch}"))
    return usable, dropped


def _listed(candidates: list[Candidate], refusals: list[Refusal], nothing: str, on_unusable_gpu: str) -> list[str]:
    if candidates:
        lines = [f"chosen: {candidates[0].channel}", f"why: {candidates[0].reason}"]
    elif on_unusable_gpu == "cpu":
        lines = ["chosen: cpu", f"why: {nothing}, and on_unusable_gpu is cpu"]
    else:
        lines = [f"nothing: {nothing}"]
    lines += [f"  else {candidate.channel}: {candidate.reason}" for candidate in candidates[1:]]
    return lines + [f"  not {refusal.channel}: {refusal.reason}" for refusal in refusals]


def _nothing(machine: Machine, dropped: list[Refusal]) -> str:
    if not dropped:
        return "no channel runs with this driver"
    if all(refusal.kind == "release" for refusal in dropped):
        return "no channel that runs with this driver has that release"
    serving = releases_with_kernels(machine.capabilities, machine)
    if serving is None:
        return "no channel has kernels for every GPU of this machine"
    channel, first, last = serving
    return f"no channel serves this driver and GPU; torch>={first},<={last} has the kernels, {channel} has {last}"


def _would_change(machine: Machine) -> list[str]:
    driver = machine.cuda
    newer = [major for major in sorted(DRIVER_FLOORS) if driver is None or major > driver[0]]
    majors = [major for major in newer if _has_kernels(major, machine)]
    column = 1 if machine.system == "Windows" else 0
    words = [f"a driver {DRIVER_FLOORS[major][column]} or newer allows cu{major}x" for major in majors[:1]]
    return [f"to change it: {'; '.join([*words, 'ISOLATED_ENVIRONMENT_TORCH_BACKEND overrides'])}"]


def _has_kernels(major: int, machine: Machine) -> bool:
    """Whether a channel of a CUDA major has a release with kernels for every GPU."""
    return any(
        not lost_gpus(channel, release, machine)
        for channel, (cuda, *_) in CUDA_CHANNELS.items()
        if cuda[0] == major
        for release in known_releases(channel, machine)
    )
