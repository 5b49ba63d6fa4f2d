"""No build of PyTorch fits the machine and the request; nothing of it was downloaded."""

from __future__ import annotations

from .host import HostError


class TorchError(HostError):
    """No build of PyTorch fits the machine and the request."""

    code = "torch-error"


class DriverTooOldError(TorchError):
    """There is an NVIDIA GPU, and its driver cannot run any channel that has the release asked for."""

    code = "driver-too-old"
    #: The driver's number, and the CUDA version of its API.
    driver: str
    cuda: str
    #: The lowest driver that would do.
    needed: str
    #: The newest torch that this driver can run, or ``None``.
    newest_possible: str | None


class ArchitectureDroppedError(TorchError):
    """The release asked for has no kernels for a GPU of this machine."""

    code = "architecture-dropped"
    #: Compute capabilities without kernels, such as ``6.1``.
    capabilities: tuple[str, ...]
    #: The last torch that has them, and its channel; ``None``: none ever had.
    last_torch: str | None
    last_channel: str | None


class NoTorchReleaseError(TorchError, LookupError):
    """The channel has no release that satisfies the request."""

    code = "no-torch-release"
    channel: str
    requirement: str
    #: Releases that the channel has, the newest last.
    available: tuple[str, ...]


class NoTorchWheelError(TorchError, LookupError):
    """The channel has the release, but no wheel of it for this Python or platform."""

    code = "no-torch-wheel"
    channel: str
    release: str
    #: This interpreter and platform.
    target: str
    #: The tags that there are wheels for.
    exists: tuple[str, ...]


class UnsupportedMachineError(TorchError):
    """The index has no wheels for this kind of machine at all (a Jetson, an Intel Mac for newer releases)."""

    code = "unsupported-machine"
    machine: str


class TorchConflictError(TorchError):
    """A requirement contradicts the build of PyTorch that is pinned."""

    code = "torch-conflict"
    #: The pin, such as ``torch==2.1.2+cu121``.
    pin: str
    #: What contradicts it.
    requirement: str
