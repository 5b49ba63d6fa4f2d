"""``explain()``: what was seen, what is chosen, why, and what would change it, for every kind of machine."""

from __future__ import annotations

import pytest

from isolated_environment import TorchIndex
from isolated_environment.errors import InvalidIndexError, InvalidRequirementError
from isolated_environment.torch_index.machine import Machine
from isolated_environment.torch_index.pin import TorchPin
from tests.support.machines import (
    APPLE,
    GTX_1080,
    H100,
    INTEL_MAC,
    IRRECONCILABLE,
    JETSON,
    MI300,
    NOTHING,
    OLD_DRIVER,
    RTX_5090,
    TWO,
    nvidia,
)

RECORDED = TorchPin("cu121", "https://h/whl/cu121", {"torch": "2.5.1+cu121"}, ("cu121: fits",), "RTX 3090")


def explained(machine: Machine, torch: str = "", *, policy: str = "raise", recorded: TorchPin | None = None) -> str:
    return TorchIndex.auto(on_unusable_gpu=policy).explain(torch, machine=machine, recorded=recorded)


def test_h100_with_driver_580():
    text = explained(H100)
    assert text.startswith("seen: NVIDIA H100 80GB HBM3, compute capability 9.0, driver 580.95.05 (CUDA 13.0)")
    assert "chosen: cu130" in text
    assert "why: not newer than the driver's CUDA 13.0; torch up to 2.15.0" in text
    assert "else cu129" in text
    assert "else cu132: newer than the driver's CUDA 13.0, same major" in text
    assert "to change it: ISOLATED_ENVIRONMENT_TORCH_BACKEND overrides" in text, "no newer driver would help"


def test_gtx_1080_with_driver_560():
    text = explained(GTX_1080)
    assert "compute capability 6.1, driver 560.35.03 (CUDA 12.6)" in text
    assert "chosen: cu126" in text
    assert "torch up to 2.14.1" in text
    assert "not cu128: has no kernels for 6.1" in text
    assert "not cu130: needs a driver with CUDA 13.0, this one has 12.6" in text
    assert "allows cu13x" not in text, "which has no kernels for it either"


def test_gtx_1080_and_a_release_that_has_dropped_it():
    text = explained(GTX_1080, "==2.15.0")
    assert "nothing: no channel that runs with this driver has that release" in text
    text = explained(nvidia((13, 0), (6, 1)), "==2.15.0")
    assert "nothing: " in text
    assert "torch>=2.0.0,<=2.14.1 has the kernels, cu126 has 2.14.1" in text


def test_rtx_5090():
    text = explained(RTX_5090)
    assert "chosen: cu128" in text
    assert "torch up to 2.11.0" in text
    assert "not cu126: has no kernels for 12.0" in text
    assert "not cu124: has no kernels for 12.0" in text


def test_two_different_gpus():
    text = explained(TWO)
    assert "RTX 3090, GTX 1080, compute capability 6.1 and 8.6" in text
    assert "chosen: cu126" in text
    assert "not cu128: has no kernels for 6.1" in text, "serving one of the two does not do"


def test_two_gpus_that_nothing_serves_together():
    text = explained(IRRECONCILABLE)
    assert "nothing: no channel has kernels for every GPU of this machine" in text
    assert "chosen" not in text


def test_a_driver_that_is_too_old():
    text = explained(OLD_DRIVER)
    assert "driver 440.33.01 (CUDA 10.2)" in text
    assert "nothing: no channel runs with this driver" in text
    assert "a driver 450.80.02 or newer allows cu11x" in text
    assert "chosen: cpu" in explained(OLD_DRIVER, policy="cpu")
    assert "on_unusable_gpu is cpu" in explained(OLD_DRIVER, policy="cpu")


def test_no_gpu():
    text = explained(NOTHING)
    assert "seen: no GPU (Linux on x86_64)" in text
    assert "NVML: no NVML library" in text
    assert "chosen: cpu" in text
    assert "why: no GPU was seen" in text
    assert "a GPU that appears later is not noticed by itself" in text
    assert "xpu" not in text
    assert "TorchIndex('xpu')" in explained(Machine(intel=True)), "taken only when asked for, but told"


def test_a_login_node_with_a_recorded_pin():
    text = explained(NOTHING, recorded=RECORDED)
    assert "chosen: cu121 (torch==2.5.1+cu121)" in text
    assert "why: recorded when the environment was built, for RTX 3090" in text
    assert "no GPU is visible now; what was recorded is kept: this may be a login node or a container" in text
    assert "to change it: remove() the environment" in text


def test_a_recorded_pin_on_the_machine_it_was_made_for():
    text = explained(nvidia((13, 0), (8, 6)), recorded=RECORDED)
    assert "chosen: cu121" in text
    assert "login node" not in text


def test_a_recorded_pin_that_cannot_run_here_any_more():
    text = explained(RTX_5090, recorded=RECORDED)
    assert "recorded: cu121, which cannot run here any more" in text
    assert "chosen: cu128" in text


def test_amd_mi300():
    text = explained(MI300)
    assert "seen: AMD gfx942, gfx942" in text
    assert "chosen: rocm7.2" in text
    assert "why: has code for gfx942" in text
    assert "else rocm7.1" in text


def test_amd_cards_that_are_not_served_and_graphics_inside_the_processor():
    assert "nothing: no ROCm channel has code for this GPU" in explained(Machine(amd=("gfx803",)))
    text = explained(Machine(amd=("gfx1036",)))
    assert "chosen: cpu" in text
    assert "gfx1036 is inside the processor" in text


def test_apple_silicon():
    text = explained(APPLE)
    assert "seen: macOS on arm64" in text
    assert "chosen: main index" in text
    assert "with Metal (MPS)" in text


def test_an_intel_mac():
    assert "the last release for Intel is 2.2.2" in explained(INTEL_MAC)


def test_a_jetson_is_told_and_not_raised():
    text = explained(JETSON)
    assert "nothing: a Jetson takes its own wheels" in text
    assert "index=URL" in text


def test_cu129_on_windows_has_little():
    text = explained(nvidia((12, 9), (8, 9), system="Windows"))
    assert "chosen: cu129" in text
    assert "torch up to 2.9.0" in text
    assert "else cu129" in explained(nvidia((12, 4), (8, 9)), "==2.12.1")
    assert "not cu129: has no torch==2.12.0" in explained(nvidia((12, 9), (8, 9)), "==2.12.0")


def test_a_named_channel_needs_no_machine():
    text = TorchIndex("cu121").explain()
    assert text == "chosen: cu121\nwhy: the application asks for this channel"


def test_the_user_s_variable(monkeypatch):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_BACKEND", "cu118")
    text = explained(H100, recorded=RECORDED)
    assert "chosen: cu118" in text
    assert "why: ISOLATED_ENVIRONMENT_TORCH_BACKEND=cu118" in text
    assert "to change it: unset the variable" in text
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_BACKEND", "gpu")
    with pytest.raises(InvalidIndexError, match="BACKEND"):
        explained(H100)


@pytest.mark.parametrize("torch", ["2.6.0", "nonsense", "==2.6.0 ; x"])
def test_what_is_no_specifier_is_refused(torch):
    with pytest.raises(InvalidRequirementError, match="no version specifier"):
        explained(H100, torch)
