"""Choosing the channel and the release: the machine orders, the index page decides, nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..errors import ResolutionError, TorchError, UnsupportedMachineError
from ..index import Index
from ..lockfile import Target
from ..repository import File, choose_file
from ..torch_source import read_backend
from .channels import Candidate, Refusal, can_run, lost_gpus, order_cuda, order_rocm
from .machine import Machine
from .pin import NO_CHANNEL, TorchPin
from .tables import LAST_FOR_INTEL_MACS, PAIRS
from .verdicts import no_kernels, no_release, no_wheel, verdict

Reader = Callable[[Index, str], list[File]]

_RECORDED = "recorded when the environment was built"


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
    override = read_backend(wish.override)
    if override is not None:
        channel = NO_CHANNEL if override == "mps" else override
        return [Candidate(channel, "ISOLATED_ENVIRONMENT_TORCH_BACKEND says so")], [], None
    machine = see()
    if wish.recorded is not None and can_run(wish.recorded.channel, wish.recorded.versions.get("torch"), machine):
        return [Candidate(wish.recorded.channel, _RECORDED)], [], None
    return (*order_for(machine), machine)


def order_for(machine: Machine) -> tuple[list[Candidate], list[Refusal]]:
    """Return the channels to try on *machine* in turn, and those that cannot serve it.

    Raises:
        UnsupportedMachineError: no channel has wheels for it.
    """
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
    first: TorchPin | None = None
    for candidate in candidates:
        if candidate.channel == NO_CHANNEL:
            return _of_main_index(wish, candidate, machine)
        if first is not None and not candidate.complete:
            break
        try:
            version = _newest(wish, candidate.channel, machine, read)
        except TorchError as error:
            failures.append(error)
            continue
        pin = _pin(wish, candidate, version, [*failures, *refusals], machine)
        if _is_preferred(version, wish):
            return pin
        first = first or pin
    if first is not None:
        return first
    refused = verdict(wish, failures, refusals, machine)
    if wish.on_unusable_gpu == "cpu" and machine is not None and machine.has_accelerator:
        version = _newest(wish, "cpu", None, read)
        why = ("cpu: no build serves the GPU", refused.message)
        return TorchPin("cpu", f"{wish.base_url}/cpu", {"torch": version}, why, machine.described())
    raise refused


def _is_preferred(version: str, wish: Wish) -> bool:
    """Whether to look no further: another channel may have what the other requirements led to."""
    preferred = wish.preferred.get("torch")
    return preferred is None or Version(version).public == Version(preferred).public


def _pin(
    wish: Wish, candidate: Candidate, version: str, others: Iterable[TorchError | Refusal], machine: Machine | None
) -> TorchPin:
    url = f"{wish.base_url}/{candidate.channel}"
    if wish.recorded is not None and candidate.reason == _RECORDED:
        return replace(wish.recorded, url=url, versions={"torch": version})
    reasons = [
        f"{candidate.channel}: {candidate.reason}",
        *(other.message if isinstance(other, TorchError) else f"{other.channel}: {other.reason}" for other in others),
    ]
    return TorchPin(candidate.channel, url, {"torch": version}, tuple(reasons), _described(machine))


def _of_main_index(wish: Wish, candidate: Candidate, machine: Machine | None) -> TorchPin:
    intel = machine is not None and machine.system == "Darwin" and machine.machine == "x86_64"
    fitting = list(wish.torch.filter(PAIRS))
    if intel and fitting and min(map(Version, fitting)) > Version(LAST_FOR_INTEL_MACS):
        raise UnsupportedMachineError(
            f"torch{wish.torch} has no wheels for Macs with an Intel processor",
            hint=f"the last release that has them is {LAST_FOR_INTEL_MACS}",
            machine=_described(machine),
        )
    return TorchPin(NO_CHANNEL, None, {}, (candidate.reason,), _described(machine))


def _described(machine: Machine | None) -> str:
    return "" if machine is None else machine.described()


def releases(files: Iterable[File], channel: str, markers: Mapping[str, str]) -> dict[Version, list[File]]:
    """Return the wheels of each release that carry the channel's label.

    ``cpu.cxx11.abi`` and the like are other builds; wheels for macOS and old ones for aarch64 carry no label at all.

    Args:
        files: What the channel's page lists.
        channel: Its name.
        markers: The interpreter's (PEP 508).
    """
    found: dict[Version, list[File]] = {}
    labelled = markers.get("sys_platform") != "darwin" and markers.get("platform_machine") in {"x86_64", "AMD64"}
    for file in files:
        if file.is_wheel and (file.version.local == channel or (channel == "cpu" and not labelled and _bare(file))):
            found.setdefault(file.version, []).append(file)
    return found


def _bare(file: File) -> bool:
    return file.version.local is None


def _newest(wish: Wish, channel: str, machine: Machine | None, read: Reader) -> str:
    """Return the release to take from a channel, label included."""
    index = Index(f"{wish.base_url}/{channel}", default=True)
    try:
        files = read(index, "torch")
    except ResolutionError:
        files = []
    found = releases(files, channel, wish.target.markers)
    fitting = sorted(wish.torch.filter(found, prereleases=wish.prereleases or None), reverse=True)
    if not fitting:
        raise no_release(wish, channel, tuple(str(version) for version in sorted(found)))
    fitting.sort(key=lambda version: "torch" in wish.preferred and _is_preferred(str(version), wish), reverse=True)
    served = [version for version in fitting if choose_file(found[version], [], wish.target, prereleases=True)]
    if not served:
        raise no_wheel(wish, channel, fitting[0], found)
    lost = {version: lost_gpus(channel, version.public, machine) if machine else () for version in served}
    usable = [version for version in served if not lost[version]]
    if not usable and machine is not None:
        raise no_kernels(served[0], lost[served[0]], machine)
    return str(usable[0])
