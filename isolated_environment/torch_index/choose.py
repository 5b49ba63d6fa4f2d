"""Choosing the channel and the release: the machine orders, the index page decides, nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..errors import (
    ArchitectureDroppedError,
    DriverTooOldError,
    NoTorchReleaseError,
    NoTorchWheelError,
    ResolutionError,
    TorchError,
    UnsupportedMachineError,
)
from ..index import Index
from ..lockfile import Target
from ..repository import File, choose_file
from .channels import (
    Candidate,
    Refusal,
    can_run,
    last_release_with_kernels,
    lost_gpus,
    order_cuda,
    order_rocm,
)
from .machine import Machine
from .pin import NO_CHANNEL, TorchPin
from .tables import CUDA_CHANNELS, DRIVER_FLOORS

Reader = Callable[[Index, str], list[File]]


@dataclass(frozen=True)
class Wish:
    """What a build wants of torch."""

    #: ``auto``, or a channel's name.
    channel: str
    base_url: str
    target: Target
    #: ``X.Y`` of the interpreter, for the errors.
    python: str
    #: What the requirements and constraints say of each member of the family.
    specifiers: Mapping[str, SpecifierSet] = field(default_factory=dict)
    #: Releases to take where they serve: what the resolver took, or what is there.
    preferred: Mapping[str, str] = field(default_factory=dict)
    prereleases: bool = False
    #: The pin that the environment has; its channel is kept.
    recorded: TorchPin | None = None
    #: The user's ``ISOLATED_ENVIRONMENT_TORCH_BACKEND``.
    override: str | None = None
    #: ``raise``, or ``cpu``: what to do when there is a GPU that no build serves.
    on_unusable_gpu: str = "raise"

    @property
    def torch(self) -> SpecifierSet:
        """What is said of torch itself."""
        return self.specifiers.get("torch", SpecifierSet())


def order_channels(wish: Wish, see: Callable[[], Machine]) -> tuple[list[Candidate], list[Refusal], Machine | None]:
    """Return the channels to try in turn, those that cannot serve, and the machine if it was looked at.

    Args:
        wish: What is wanted.
        see: Looks at the machine; called only where nobody decided already.

    Raises:
        UnsupportedMachineError: no channel has wheels for it.
    """
    if wish.channel != "auto":
        return [Candidate(wish.channel, "asked for")], [], None
    if wish.override and wish.override != "auto":
        channel = NO_CHANNEL if wish.override == "mps" else wish.override
        return [Candidate(channel, "ISOLATED_ENVIRONMENT_TORCH_BACKEND says so")], [], None
    machine = see()
    if wish.recorded is not None and can_run(wish.recorded.channel, wish.recorded.versions.get("torch"), machine):
        return [Candidate(wish.recorded.channel, "recorded when the environment was built")], [], None
    return (*_order_for(machine), machine)


def _order_for(machine: Machine) -> tuple[list[Candidate], list[Refusal]]:
    if machine.tegra:
        raise UnsupportedMachineError(
            "a Jetson takes its own wheels of PyTorch, which are not on this index",
            hint="give NVIDIA's index for Jetson by pip_install(..., index=URL)",
            machine=machine.described(),
        )
    if machine.system == "Darwin":
        return [Candidate(NO_CHANNEL, "macOS takes PyTorch from the main index")], []
    if machine.has_nvidia:
        return order_cuda(machine)
    return order_rocm(machine) if machine.amd else ([Candidate("cpu", "no GPU was seen")], [])


def decide(wish: Wish, see: Callable[[], Machine], read: Reader) -> TorchPin:
    """Choose the channel and pin torch.

    Args:
        wish: What is wanted.
        see: Looks at the machine.
        read: Reads a project's page on an index; raises :class:`~isolated_environment.errors.IndexUnreachableError`,
            and :class:`~isolated_environment.errors.ResolutionError` for a project that is not there.

    Returns:
        The pin of torch alone; partners are added by :func:`.partners.pin_partner`.

    Raises:
        DriverTooOldError, ArchitectureDroppedError, NoTorchReleaseError, NoTorchWheelError, UnsupportedMachineError:
            no build serves.
        IndexUnreachableError: the index did not answer.
    """
    candidates, refusals, machine = order_channels(wish, see)
    failures: list[TorchError] = []
    for candidate in candidates:
        if candidate.channel == NO_CHANNEL:
            return TorchPin(NO_CHANNEL, None, {}, (candidate.reason,), machine.described() if machine else "")
        try:
            version = _newest(wish, candidate.channel, machine, read)
        except TorchError as error:
            failures.append(error)
            continue
        reasons = [f"{candidate.channel}: {candidate.reason}", *(failure.message for failure in failures)]
        reasons += [f"{refusal.channel}: {refusal.reason}" for refusal in refusals]
        url = f"{wish.base_url}/{candidate.channel}"
        described = machine.described() if machine else ""
        return TorchPin(candidate.channel, url, {"torch": version}, tuple(reasons), described)
    verdict = _verdict(wish, failures, refusals, machine)
    if wish.on_unusable_gpu == "cpu" and machine is not None and machine.has_accelerator:
        version = _newest(wish, "cpu", None, read)
        why = ("cpu: no build serves the GPU", verdict.message)
        return TorchPin("cpu", f"{wish.base_url}/cpu", {"torch": version}, why, machine.described())
    raise verdict


def releases(files: Iterable[File], channel: str, machine: str) -> dict[Version, list[File]]:
    """Return the files of each release that carry the channel's label.

    ``cpu.cxx11.abi`` and the like are other builds; wheels for macOS and old ones for aarch64 carry no label at all.
    """
    found: dict[Version, list[File]] = {}
    bare = channel == "cpu" and machine != "x86_64"
    for file in files:
        if file.version.local == channel or (bare and file.version.local is None):
            found.setdefault(file.version, []).append(file)
    return found


def _newest(wish: Wish, channel: str, machine: Machine | None, read: Reader) -> str:
    """Return the release to take from a channel, label included."""
    index = Index(f"{wish.base_url}/{channel}", default=True)
    try:
        files = read(index, "torch")
    except ResolutionError:
        files = []
    found = releases(files, channel, wish.target.markers.get("platform_machine", "x86_64"))
    known = tuple(str(version) for version in sorted(found))
    fitting = sorted(wish.torch.filter(found, prereleases=wish.prereleases or None), reverse=True)
    if not fitting:
        raise NoTorchReleaseError(
            f"{channel} has no torch{wish.torch}",
            hint=_releases_hint(known),
            channel=channel,
            requirement=f"torch{wish.torch}",
            available=known,
        )
    preferred = wish.preferred.get("torch", "")
    fitting.sort(key=lambda version: version.public == Version(preferred).public if preferred else False, reverse=True)
    served = [version for version in fitting if choose_file(found[version], [], wish.target, prereleases=True)]
    if not served:
        raise _no_wheel(wish, channel, fitting[0], found[fitting[0]])
    lost = {version: lost_gpus(channel, version.public, machine) if machine else () for version in served}
    usable = [version for version in served if not lost[version]]
    if not usable:
        raise _dropped(served[0], lost[served[0]], machine)
    return str(usable[0])


def _verdict(wish: Wish, failures: list[TorchError], refusals: list[Refusal], machine: Machine | None) -> TorchError:
    """The error that says most: kernels before drivers before wheels before releases."""
    for kind in (ArchitectureDroppedError, NoTorchWheelError):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    if machine is not None and machine.has_nvidia and any(refusal.kind == "driver" for refusal in refusals):
        return _driver(wish, failures, machine)
    if failures:
        return failures[0]
    lost = ", ".join(f"{refusal.channel} {refusal.reason}" for refusal in refusals[:3])
    return ArchitectureDroppedError(
        f"no channel has code for this GPU: {lost}",
        hint="use another index for this GPU, or TorchIndex('cpu')",
        capabilities=machine.amd if machine else (),
        last_torch=None,
        last_channel=None,
    )


def _driver(wish: Wish, failures: list[TorchError], machine: Machine) -> DriverTooOldError:
    shown = "unknown" if machine.cuda is None else f"{machine.cuda[0]}.{machine.cuda[1]}"
    column = 1 if machine.system == "Windows" else 0
    major = (machine.cuda[0] if machine.cuda else 10) + 1
    needed = DRIVER_FLOORS.get(major, DRIVER_FLOORS[max(DRIVER_FLOORS)])[column]
    possible = [
        CUDA_CHANNELS[channel][2]
        for channel, (cuda, _, _) in CUDA_CHANNELS.items()
        if machine.cuda and cuda[0] <= machine.cuda[0]
    ]
    newest = max(possible, key=Version, default=None)
    tried = f"; {failures[0].message}" if failures else ""
    return DriverTooOldError(
        f"the NVIDIA driver {machine.driver or '?'} (CUDA {shown}) cannot run torch{wish.torch}{tried}",
        hint=f"install a driver {needed} or newer" + (f", or ask for torch<={newest}" if newest else ""),
        driver=machine.driver or "unknown",
        cuda=shown,
        needed=needed,
        newest_possible=newest,
    )


def _dropped(version: Version, lost: tuple[tuple[int, int], ...], machine: Machine | None) -> ArchitectureDroppedError:
    shown = tuple(f"{major}.{minor}" for major, minor in lost)
    last = last_release_with_kernels(lost, machine) if machine else None
    hint = f"ask for torch<={last[1]}: {last[0]} has it" if last else "use TorchIndex('cpu')"
    return ArchitectureDroppedError(
        f"torch {version} has no kernels for compute capability {' and '.join(shown)}",
        hint=hint,
        capabilities=shown,
        last_torch=last[1] if last else None,
        last_channel=last[0] if last else None,
    )


def _no_wheel(wish: Wish, channel: str, version: Version, files: list[File]) -> NoTorchWheelError:
    exists = tuple(sorted({"-".join(file.filename.removesuffix(".whl").split("-")[-3:]) for file in files}))
    markers = wish.target.markers
    target = f"Python {wish.python} on {markers.get('sys_platform')} {markers.get('platform_machine')}"
    return NoTorchWheelError(
        f"{channel} has torch {version}, but not for {target}",
        hint=f"choose another python=; there are wheels for {', '.join(exists)}",
        channel=channel,
        release=str(version),
        target=target,
        exists=exists,
    )


def _releases_hint(known: tuple[str, ...]) -> str:
    if not known:
        return "check the channel's name; the index has no torch there"
    return f"it has {', '.join(known[-8:])}" + (" and older" if len(known) > 8 else "")  # noqa: PLR2004
