"""Machines as the tests know them: what a look at each would have seen."""

from __future__ import annotations

from typing import Any

from isolated_environment.torch_index.machine import Machine


def nvidia(
    cuda: tuple[int, int] | None, *capabilities: tuple[int, int], driver: str | None = None, **changes: Any
) -> Machine:
    """A machine with NVIDIA GPUs."""
    return Machine(**{"cuda": cuda, "capabilities": capabilities, "driver": driver, "source": "NVML", **changes})


H100 = nvidia((13, 0), (9, 0), driver="580.95.05", names=("NVIDIA H100 80GB HBM3",))
GTX_1080 = nvidia((12, 6), (6, 1), driver="560.35.03", names=("NVIDIA GeForce GTX 1080",))
RTX_5090 = nvidia((12, 8), (12, 0), driver="570.86.10", names=("NVIDIA GeForce RTX 5090",))
TWO = nvidia((12, 8), (8, 6), (6, 1), driver="570.86.10", names=("RTX 3090", "GTX 1080"))
IRRECONCILABLE = nvidia((12, 8), (12, 0), (6, 1), driver="570.86.10", names=("RTX 5090", "GTX 1080"))
OLD_DRIVER = nvidia((10, 2), (7, 5), driver="440.33.01", names=("Tesla T4",))
NOTHING = Machine(seen=("NVML: no NVML library",))
MI300 = Machine(amd=("gfx942", "gfx942"))
APPLE = Machine("Darwin", "arm64")
INTEL_MAC = Machine("Darwin", "x86_64")
JETSON = Machine(machine="aarch64", tegra=True)
