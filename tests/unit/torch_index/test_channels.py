"""Which channels run on a machine, and in which order they are tried."""

from __future__ import annotations

import pytest

from isolated_environment.torch_index.channels import (
    can_run,
    cuda_of,
    lost_gpus,
    order_cuda,
    order_rocm,
    releases_with_kernels,
)
from isolated_environment.torch_index.machine import Machine
from tests.support.machines import GTX_1080, H100, IRRECONCILABLE, NOTHING, RTX_5090, TWO, nvidia


def order(cuda: tuple[int, int] | None) -> list[str]:
    return [candidate.channel for candidate in order_cuda(nvidia(cuda, (8, 0)))[0]]


@pytest.mark.parametrize(
    ("channel", "cuda"),
    [("cu126", (12, 6)), ("cu92", (9, 2)), ("cu130", (13, 0)), ("cpu", None), ("rocm6.4", None)]
    + [(word, None) for word in ("cu", "cu1", "cuda", "cu12x", "xpu", "")],
)
def test_the_cuda_version_in_a_name(channel, cuda):
    assert cuda_of(channel) == cuda


def test_the_newest_that_the_driver_fully_supports_comes_first_and_newer_ones_of_its_major_last():
    assert order((12, 4)) == ["cu124", "cu121", "cu118", "cu126", "cu128", "cu129"]
    assert order((13, 0)) == ["cu130", "cu129", "cu128", "cu126", "cu124", "cu121", "cu118", "cu132"]
    assert order((11, 8)) == ["cu118"]
    assert order((11, 0)) == ["cu118"], "minor-version compatibility"
    assert order((10, 2)) == order(None) == []


def test_only_what_is_not_newer_than_the_driver_is_complete():
    candidates, _ = order_cuda(nvidia((12, 4), (8, 0)))
    assert [c.channel for c in candidates if c.complete] == ["cu124", "cu121", "cu118"]


def test_what_the_driver_cannot_run_is_refused_with_the_reason():
    _, refusals = order_cuda(nvidia((12, 4), (8, 0)))
    assert [refusal.channel for refusal in refusals] == ["cu130", "cu132"]
    assert all(refusal.kind == "driver" and "13.0" in refusal.reason for refusal in refusals)
    assert len(order_cuda(nvidia(None, (8, 0)))[1]) == 8


@pytest.mark.parametrize(
    ("machine", "channel", "torch", "lost"),
    [
        (GTX_1080, "cu126", "2.14.1", ()),
        (GTX_1080, "cu128", "2.8.0", ((6, 1),)),
        (RTX_5090, "cu126", "2.6.0", ((12, 0),)),
        (RTX_5090, "cu128", "2.7.0", ()),
        (TWO, "cu128", "2.8.0", ((6, 1),)),
        (IRRECONCILABLE, "cu126", "2.14.1", ((12, 0),)),
        (H100, "cu130", "2.15.0", ()),
        (GTX_1080, "cu130", "2.15.1", ((6, 1),)),
        (GTX_1080, "cu130", "2.16.0", ((6, 1),)),
        (GTX_1080, "cu999", "2.16.0", ()),
        (nvidia((12, 8), (7, 0)), "cu128", "2.11.1", ((7, 0),)),
        (nvidia((12, 8), (6, 1)), "cu126", "2.5.0", ()),
    ],
)
def test_gpus_without_kernels(machine, channel, torch, lost):
    """Of a release that came after the tables were read too: nothing that was dropped comes back."""
    assert lost_gpus(channel, torch, machine) == lost


def test_ptx_needs_a_driver_as_new_as_the_toolkit():
    assert lost_gpus("cu129", "2.8.0", nvidia((12, 9), (13, 0))) == ()
    assert lost_gpus("cu129", "2.8.0", nvidia((12, 8), (13, 0))) == ((13, 0),)


def test_amd_gets_the_newest_channel_with_code_for_every_card():
    candidates, refusals = order_rocm(Machine(amd=("gfx942", "gfx1101")))
    assert [c.channel for c in candidates][:2] == ["rocm7.2", "rocm7.1"]
    assert {refusal.channel for refusal in refusals} == {"rocm6.0", "rocm6.2"}
    assert order_rocm(Machine(amd=("gfx803",)))[0] == []


def test_graphics_inside_the_processor_take_no_channel_from_the_card_beside_them():
    candidates, _ = order_rocm(Machine(amd=("gfx1100", "gfx1036")))
    assert candidates[0].channel == "rocm7.2"
    assert can_run("rocm6.0", "2.3.0", Machine(amd=("gfx1100", "gfx1036")))


def test_graphics_inside_the_processor_alone_are_no_gpu_unless_a_channel_has_code_for_them():
    (cpu,), refusals = order_rocm(Machine(amd=("gfx1036",)))
    assert cpu.channel == "cpu"
    assert "gfx1036" in cpu.reason
    assert refusals
    assert order_rocm(Machine(amd=("gfx1151",)))[0][0].channel == "rocm7.2"


@pytest.mark.parametrize(
    ("channel", "torch", "machine", "runs"),
    [
        ("cu124", "2.5.1+cu124", nvidia((12, 2), (8, 6)), True),
        ("cu124", "2.5.1+cu124", nvidia((13, 0), (8, 6)), True),
        ("cu124", "2.5.1+cu124", nvidia((11, 8), (8, 6)), False),
        ("cu124", "2.5.1+cu124", nvidia((13, 0), (12, 0)), False),
        ("cu124", None, nvidia((13, 0), (12, 0)), True),
        ("cu124", "2.5.1+cu124", NOTHING, True),
        ("cpu", "2.5.1+cpu", H100, True),
        ("rocm6.4", "2.8.0+rocm6.4", Machine(amd=("gfx942",)), True),
        ("rocm6.4", "2.8.0+rocm6.4", Machine(amd=("gfx950",)), False),
        ("rocm6.4", "2.8.0+rocm6.4", NOTHING, True),
        ("main index", None, Machine("Darwin", "arm64"), True),
    ],
)
def test_whether_a_recorded_channel_can_still_run(channel, torch, machine, runs):
    """A driver that is newer, and a GPU that cannot be seen, contradict nothing."""
    assert can_run(channel, torch, machine) is runs


def test_the_releases_that_have_kernels_for_all():
    assert releases_with_kernels([(6, 1)], Machine()) == ("cu126", "2.0.0", "2.14.1")
    assert releases_with_kernels([(12, 0)], Machine()) == ("cu130", "2.7.0", "2.15.0")
    assert releases_with_kernels([(7, 0), (12, 0)], Machine()) == ("cu128", "2.8.0", "2.10.0")
    assert releases_with_kernels([(6, 1), (12, 0)], Machine()) is None
    assert releases_with_kernels([(2, 0)], Machine()) is None
    assert releases_with_kernels([(6, 1)], Machine(machine="aarch64")) is None
