"""What is known about channels, read in November 2026 from the project's own release matrices and wheels."""

from __future__ import annotations

from dataclasses import dataclass

#: Compute capability, such as ``(8, 6)``.
Capability = tuple[int, int]

#: The first driver branch of each CUDA major, Linux and Windows (NVIDIA's compatibility guide, table 1).
DRIVER_FLOORS = {11: ("450.80.02", "452.39"), 12: ("525.60.13", "528.33"), 13: ("580.65.06", "580")}

#: Each CUDA channel with its toolkit's version, and the first and last torch on it.
CUDA_CHANNELS: dict[str, tuple[tuple[int, int], str, str]] = {
    "cu118": ((11, 8), "2.0.0", "2.7.1"),
    "cu121": ((12, 1), "2.1.0", "2.5.1"),
    "cu124": ((12, 4), "2.4.0", "2.6.0"),
    "cu126": ((12, 6), "2.6.0", "2.14.1"),
    "cu128": ((12, 8), "2.7.0", "2.11.0"),
    "cu129": ((12, 9), "2.8.0", "2.13.0"),
    "cu130": ((13, 0), "2.9.0", "2.15.0"),
    "cu132": ((13, 2), "2.12.0", "2.15.0"),
}

#: Releases between a channel's first and last that are not on it.
GAPS: dict[str, frozenset[str]] = {"cu129": frozenset({"2.12.0"})}

#: Where Windows has less than Linux: all that there is.
WINDOWS_ONLY: dict[str, frozenset[str]] = {"cu129": frozenset({"2.8.0", "2.9.0"})}


@dataclass(frozen=True)
class Kernels:
    """For which GPUs the wheels of some torch releases on a channel have machine code."""

    channel: str
    #: First and last torch release that this is about.
    first: str
    last: str
    #: ``linux``, ``windows``, or ``any``.
    system: str
    machine: str
    capabilities: tuple[Capability, ...]
    #: The PTX in the wheels, which newer GPUs compile for themselves when the driver is as new as the toolkit.
    ptx: Capability | None = None


def _sm(text: str) -> tuple[Capability, ...]:
    return tuple((int(major), int(minor)) for major, minor in (item.split(".") for item in text.split()))


_OLD = _sm("5.0 6.0 7.0 7.5 8.0 8.6 9.0")
_VOLTA_ON = _sm("7.0 7.5 8.0 8.6 9.0 10.0 12.0")
_TURING_ON = _sm("7.5 8.0 8.6 9.0 10.0 12.0")
_ARM = _sm("8.0 9.0 10.0 11.0 12.0")

#: The first row that fits counts.
KERNELS: tuple[Kernels, ...] = (
    Kernels("cu118", "2.0.0", "2.6.0", "linux", "x86_64", ((3, 7), *_OLD)),
    Kernels("cu118", "2.0.0", "2.7.1", "any", "x86_64", _OLD),
    Kernels("cu121", "2.1.0", "2.5.1", "any", "x86_64", _OLD),
    Kernels("cu124", "2.4.0", "2.6.0", "any", "x86_64", _OLD),
    Kernels("cu126", "2.6.0", "2.14.1", "any", "x86_64", _OLD),
    Kernels("cu128", "2.7.0", "2.7.1", "linux", "x86_64", _TURING_ON, (12, 0)),
    Kernels("cu128", "2.8.0", "2.10.0", "linux", "x86_64", _VOLTA_ON),
    Kernels("cu128", "2.7.0", "2.11.0", "any", "x86_64", _TURING_ON),
    Kernels("cu129", "2.8.0", "2.10.0", "linux", "x86_64", _VOLTA_ON, (12, 0)),
    Kernels("cu129", "2.11.0", "2.13.0", "linux", "x86_64", _TURING_ON, (12, 0)),
    Kernels("cu129", "2.8.0", "2.13.0", "any", "x86_64", _TURING_ON),
    Kernels("cu130", "2.9.0", "2.15.0", "linux", "x86_64", _TURING_ON, (12, 0)),
    Kernels("cu132", "2.12.0", "2.15.0", "linux", "x86_64", _TURING_ON, (12, 0)),
    Kernels("cu130", "2.9.0", "2.15.0", "windows", "x86_64", _TURING_ON),
    Kernels("cu132", "2.12.0", "2.15.0", "windows", "x86_64", _TURING_ON),
    Kernels("cu126", "2.9.0", "2.14.1", "linux", "aarch64", ((8, 0), (9, 0))),
    Kernels("cu130", "2.9.0", "2.15.0", "linux", "aarch64", _ARM, (12, 0)),
    Kernels("cu132", "2.12.0", "2.15.0", "linux", "aarch64", _ARM, (12, 0)),
)

#: torch to torchvision and torchaudio.  The resolver cannot know the pairs: torchaudio 2.11.0 declares no torch at all.
PAIRS: dict[str, tuple[str, str]] = {
    "2.0.0": ("0.15.1", "2.0.1"),
    "2.0.1": ("0.15.2", "2.0.2"),
    "2.1.0": ("0.16.0", "2.1.0"),
    "2.1.1": ("0.16.1", "2.1.1"),
    "2.1.2": ("0.16.2", "2.1.2"),
    "2.2.0": ("0.17.0", "2.2.0"),
    "2.2.1": ("0.17.1", "2.2.1"),
    "2.2.2": ("0.17.2", "2.2.2"),
    "2.3.0": ("0.18.0", "2.3.0"),
    "2.3.1": ("0.18.1", "2.3.1"),
    "2.4.0": ("0.19.0", "2.4.0"),
    "2.4.1": ("0.19.1", "2.4.1"),
    "2.5.0": ("0.20.0", "2.5.0"),
    "2.5.1": ("0.20.1", "2.5.1"),
    "2.6.0": ("0.21.0", "2.6.0"),
    "2.7.0": ("0.22.0", "2.7.0"),
    "2.7.1": ("0.22.1", "2.7.1"),
    "2.8.0": ("0.23.0", "2.8.0"),
    "2.9.0": ("0.24.0", "2.9.0"),
    "2.9.1": ("0.24.1", "2.9.1"),
    "2.10.0": ("0.25.0", "2.10.0"),
    "2.11.0": ("0.26.0", "2.11.0"),
    "2.12.0": ("0.27.0", "2.11.0"),
    "2.12.1": ("0.27.1", "2.11.0"),
    "2.13.0": ("0.28.0", "2.11.0"),
    "2.14.0": ("0.29.0", "2.11.0"),
    "2.14.1": (">=0.29.1", "2.11.0"),
    "2.15.0": (">=0.29.1", "2.11.0"),
}

_GFX_6 = "900 906 908 90a 942 1030 1100"
_GFX_64 = f"{_GFX_6} 1101 1102 1200 1201"

#: Each ROCm channel with the GPU targets that its wheels hold.
ROCM_TARGETS: dict[str, frozenset[str]] = {
    channel: frozenset(f"gfx{target}" for target in targets.split())
    for channel, targets in {
        "rocm6.0": _GFX_6,
        "rocm6.1": f"{_GFX_6} 1101",
        "rocm6.2": _GFX_6,
        "rocm6.2.4": _GFX_64,
        "rocm6.3": _GFX_64,
        "rocm6.4": _GFX_64,
        "rocm7.0": f"{_GFX_64} 950",
        "rocm7.1": f"{_GFX_64} 950",
        "rocm7.2": f"{_GFX_64} 950 1150 1151",
    }.items()
}

_INTEGRATED = "902 909 90c 1013 1033 1035 1036 1037 1103 1150 1151 1152 1153"

#: Graphics inside a processor: beside a card they do not count, and alone they are no reason to refuse.
INTEGRATED_TARGETS = frozenset(f"gfx{target}" for target in _INTEGRATED.split())

#: The last torch for Macs with an Intel processor.
LAST_FOR_INTEL_MACS = "2.2.2"

#: What comes from the channel, and never from the main index.  Not ``triton`` and not ``nvidia-*``: those are there.
FAMILY = frozenset(
    {
        "torch",
        "torchvision",
        "torchaudio",
        "torchao",
        "torchcodec",
        "torchtext",
        "torch-tensorrt",
        "fbgemm-gpu",
        "xformers",
    }
)

#: What joins the family on ROCm and XPU channels, by the beginning of its name.
FAMILY_ELSEWHERE = ("triton-rocm", "pytorch-triton-rocm", "rocm", "triton-xpu", "pytorch-triton-xpu")
