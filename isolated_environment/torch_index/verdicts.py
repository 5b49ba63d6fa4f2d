"""Why no build fits: the errors, with the facts and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from ..errors import (
    ArchitectureDroppedError,
    DriverTooOldError,
    NoTorchReleaseError,
    NoTorchWheelError,
    TorchError,
)
from ..repository import File, choose_file
from .channels import Refusal, known_releases, releases_with_kernels
from .tables import CUDA_CHANNELS, DRIVER_FLOORS, Capability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .choose import Wish
    from .machine import Machine

_SHOWN = 8  # releases that a hint lists


def verdict(wish: Wish, failures: list[TorchError], refusals: list[Refusal], machine: Machine | None) -> TorchError:
    """Return the error that says most: kernels before drivers before wheels before releases."""
    for kind in (ArchitectureDroppedError, NoTorchWheelError):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    if machine is not None and machine.has_nvidia and any(refusal.kind == "driver" for refusal in refusals):
        return _driver_too_old(wish, failures, machine)
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


def no_release(wish: Wish, channel: str, known: tuple[str, ...]) -> NoTorchReleaseError:
    """Return the error of a channel without such a release."""
    if known:
        hint = f"ask for one that it has: {', '.join(known[-_SHOWN:])}" + (" and older" if len(known) > _SHOWN else "")
    else:
        hint = f"check the channel's name, and that nothing blocks {wish.base_url}/{channel}/torch/: there is no torch"
    return NoTorchReleaseError(
        f"{channel} has no torch{wish.torch}",
        hint=hint,
        channel=channel,
        requirement=f"torch{wish.torch}",
        available=known,
    )


def no_wheel(wish: Wish, channel: str, version: Version, found: Mapping[Version, list[File]]) -> NoTorchWheelError:
    """Return the error of a release without a wheel for this interpreter."""
    exists = tuple(sorted({"-".join(file.filename.removesuffix(".whl").split("-")[-3:]) for file in found[version]}))
    markers = wish.target.markers
    musl = any("musllinux" in tag.platform for tag in wish.target.tags)
    system = f"{markers.get('sys_platform')} {markers.get('platform_machine')}" + (" with musl" if musl else "")
    target = f"Python {wish.python} on {system}"
    here = [str(other) for other in sorted(found) if choose_file(found[other], [], wish.target, prereleases=True)]
    if here:
        hint = f"for this Python it has {', '.join(here[-_SHOWN:])}; else choose another python="
    elif musl:
        hint = "PyTorch has no wheels for musl: use a distribution with glibc"
    else:
        hint = "choose another python="
    return NoTorchWheelError(
        f"{channel} has torch {version}, but not for {target}",
        hint=f"{hint}; there are wheels for {', '.join(exists)}",
        channel=channel,
        release=str(version),
        target=target,
        exists=exists,
    )


def no_kernels(version: Version, lost: tuple[Capability, ...], machine: Machine) -> ArchitectureDroppedError:
    """Return the error of a release without kernels for a GPU."""
    shown = tuple(f"{major}.{minor}" for major, minor in lost)
    serving = releases_with_kernels(machine.capabilities, machine)
    if serving is not None:
        channel, first, last = serving
        hint = f"ask for torch>={first},<={last}: {channel} has {last}"
    elif len(set(machine.capabilities)) > len(lost):
        hint = "no release serves all GPUs of this machine: name the channel for the one that is to be used"
    else:
        hint = "no release on this index ever had them: use TorchIndex('cpu')"
    return ArchitectureDroppedError(
        f"torch {version} has no kernels for compute capability {' and '.join(shown)}",
        hint=hint,
        capabilities=shown,
        last_torch=serving[2] if serving else None,
        last_channel=serving[0] if serving else None,
    )


def _driver_too_old(wish: Wish, failures: list[TorchError], machine: Machine) -> DriverTooOldError:
    shown = "unknown" if machine.cuda is None else f"{machine.cuda[0]}.{machine.cuda[1]}"
    column = 1 if machine.system == "Windows" else 0
    major = (machine.cuda[0] if machine.cuda else 10) + 1
    needed = DRIVER_FLOORS.get(major, DRIVER_FLOORS[max(DRIVER_FLOORS)])[column]
    possible = [
        release
        for channel, (cuda, _, _) in CUDA_CHANNELS.items()
        if machine.cuda and cuda[0] <= machine.cuda[0]
        for release in known_releases(channel, machine)
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
