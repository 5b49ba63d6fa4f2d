"""The tables say what the reference page says; the rows here were copied from it by hand."""

from __future__ import annotations

import pytest
from packaging.version import Version

from isolated_environment.torch_index.channels import known_releases, lost_gpus
from isolated_environment.torch_index.machine import Machine
from isolated_environment.torch_index.tables import (
    CUDA_CHANNELS,
    DRIVER_FLOORS,
    FAMILY,
    INTEGRATED_TARGETS,
    KERNELS,
    PAIRS,
    ROCM_TARGETS,
)
from tests.support.machines import nvidia

OLD = "5.0 6.0 7.0 7.5 8.0 8.6 9.0"
VOLTA_ON = "7.0 7.5 8.0 8.6 9.0 10.0 12.0"
TURING_ON = "7.5 8.0 8.6 9.0 10.0 12.0"
EVERY = "3.7 5.0 5.2 6.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0 10.0 11.0 12.0"

#: Served besides the cubins: an equal major with a higher minor.
NEIGHBOURS = {"5.0": "5.2", "6.0": "6.1", "8.6": "8.9"}


def capability(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


@pytest.mark.parametrize(
    ("major", "linux", "windows"),
    [(11, "450.80.02", "452.39"), (12, "525.60.13", "528.33"), (13, "580.65.06", "580")],
)
def test_driver_floors(major, linux, windows):
    assert DRIVER_FLOORS[major] == (linux, windows)


@pytest.mark.parametrize(
    ("channel", "cuda", "first", "last"),
    [
        ("cu118", (11, 8), "2.0.0", "2.7.1"),
        ("cu121", (12, 1), "2.1.0", "2.5.1"),
        ("cu124", (12, 4), "2.4.0", "2.6.0"),
        ("cu126", (12, 6), "2.6.0", "2.14.1"),
        ("cu128", (12, 8), "2.7.0", "2.11.0"),
        ("cu129", (12, 9), "2.8.0", "2.13.0"),
        ("cu130", (13, 0), "2.9.0", "2.15.0"),
        ("cu132", (13, 2), "2.12.0", "2.15.0"),
    ],
)
def test_releases_on_each_channel(channel, cuda, first, last):
    assert CUDA_CHANNELS[channel] == (cuda, first, last)
    releases = known_releases(channel, Machine())
    assert (releases[0], releases[-1]) == (first, last)


def test_cu134_is_no_candidate_while_it_is_for_tests_only():
    assert list(CUDA_CHANNELS) == ["cu118", "cu121", "cu124", "cu126", "cu128", "cu129", "cu130", "cu132"]


def test_cu129_has_gaps_and_less_on_windows():
    assert "2.12.0" not in known_releases("cu129", Machine())
    assert "2.12.1" in known_releases("cu129", Machine())
    assert known_releases("cu129", Machine("Windows")) == ["2.8.0", "2.9.0"]


@pytest.mark.parametrize(
    ("channel", "torch", "machine", "served"),
    [
        ("cu118", "2.6.0", Machine(), f"3.7 {OLD}"),
        ("cu118", "2.7.1", Machine(), OLD),
        ("cu118", "2.6.0", Machine("Windows"), OLD),
        ("cu121", "2.1.0", Machine(), OLD),
        ("cu121", "2.5.1", Machine("Windows"), OLD),
        ("cu124", "2.4.1", Machine(), OLD),
        ("cu126", "2.6.0", Machine(), OLD),
        ("cu126", "2.14.1", Machine(), OLD),
        ("cu128", "2.7.1", Machine(), TURING_ON),
        ("cu128", "2.8.0", Machine(), VOLTA_ON),
        ("cu128", "2.10.0", Machine(), VOLTA_ON),
        ("cu128", "2.11.0", Machine(), TURING_ON),
        ("cu129", "2.10.0", Machine(), VOLTA_ON),
        ("cu129", "2.13.0", Machine(), TURING_ON),
        ("cu130", "2.9.0", Machine(), TURING_ON),
        ("cu132", "2.15.0", Machine("Windows"), TURING_ON),
        ("cu126", "2.9.0", Machine(machine="aarch64"), "8.0 9.0"),
        ("cu130", "2.15.0", Machine(machine="aarch64"), "8.0 9.0 10.0 11.0 12.0"),
    ],
)
def test_machine_code_for_each_gpu(channel, torch, machine, served):
    """A driver older than the toolkit, so that PTX serves nobody."""
    words = served.split()
    serving = {*words, *(NEIGHBOURS[word] for word in words if word in NEIGHBOURS)}
    if "8.0" in words:
        serving |= {"8.6", "8.9"}
    older = (CUDA_CHANNELS[channel][0][0], 0) if channel != "cu130" else (12, 9)
    for word in EVERY.split():
        seen = nvidia(older, capability(word), system=machine.system, machine=machine.machine)
        assert (lost_gpus(channel, torch, seen) == ()) == (word in serving), word


@pytest.mark.parametrize(
    ("channel", "torch", "system", "ptx"),
    [
        ("cu128", "2.7.0", "linux", True),
        ("cu128", "2.8.0", "linux", False),
        ("cu129", "2.8.0", "linux", True),
        ("cu129", "2.13.0", "linux", True),
        ("cu129", "2.9.0", "windows", False),
        ("cu130", "2.9.0", "linux", True),
        ("cu130", "2.9.0", "windows", False),
        ("cu132", "2.15.0", "linux", True),
        ("cu126", "2.14.1", "linux", False),
    ],
)
def test_ptx_for_gpus_of_the_future(channel, torch, system, ptx):
    future = nvidia((99, 0), (15, 0), system=system.capitalize())
    assert (lost_gpus(channel, torch, future) == ()) == ptx


@pytest.mark.parametrize(
    ("torch", "vision", "audio"),
    [
        ("2.0.1", "0.15.2", "2.0.2"),
        ("2.1.2", "0.16.2", "2.1.2"),
        ("2.2.0", "0.17.0", "2.2.0"),
        ("2.3.1", "0.18.1", "2.3.1"),
        ("2.4.1", "0.19.1", "2.4.1"),
        ("2.5.1", "0.20.1", "2.5.1"),
        ("2.6.0", "0.21.0", "2.6.0"),
        ("2.7.1", "0.22.1", "2.7.1"),
        ("2.8.0", "0.23.0", "2.8.0"),
        ("2.9.1", "0.24.1", "2.9.1"),
        ("2.10.0", "0.25.0", "2.10.0"),
        ("2.11.0", "0.26.0", "2.11.0"),
        ("2.12.0", "0.27.0", "2.11.0"),
        ("2.12.1", "0.27.1", "2.11.0"),
        ("2.13.0", "0.28.0", "2.11.0"),
        ("2.14.0", "0.29.0", "2.11.0"),
        ("2.14.1", ">=0.29.1", "2.11.0"),
        ("2.15.0", ">=0.29.1", "2.11.0"),
    ],
)
def test_pairs(torch, vision, audio):
    assert PAIRS[torch] == (vision, audio)


@pytest.mark.parametrize(
    ("channel", "has", "lacks"),
    [
        ("rocm6.0", "gfx942 gfx1100 gfx90a", "gfx1101 gfx950"),
        ("rocm6.1", "gfx1101", "gfx1102 gfx1200"),
        ("rocm6.2", "gfx1030", "gfx1101"),
        ("rocm6.2.4", "gfx1102 gfx1200 gfx1201", "gfx950"),
        ("rocm6.4", "gfx942 gfx1201", "gfx950 gfx1151"),
        ("rocm7.0", "gfx950", "gfx1150"),
        ("rocm7.2", "gfx950 gfx1150 gfx1151", "gfx803"),
    ],
)
def test_rocm_targets(channel, has, lacks):
    assert ROCM_TARGETS[channel].issuperset(has.split())
    assert ROCM_TARGETS[channel].isdisjoint(lacks.split())


def test_a_data_centre_gpu_is_no_integrated_graphics():
    assert INTEGRATED_TARGETS.isdisjoint({"gfx90a", "gfx942", "gfx950", "gfx1030", "gfx1100", "gfx1201"})


def test_the_family_has_no_ordinary_project():
    assert {"torch", "torchvision", "torchaudio", "xformers"} <= FAMILY
    assert FAMILY.isdisjoint({"triton", "numpy", "nvidia-cublas-cu12", "openai-whisper"})


def test_every_row_lies_within_its_channel():
    for row in KERNELS:
        _, first, last = CUDA_CHANNELS[row.channel]
        assert Version(first) <= Version(row.first) <= Version(row.last) <= Version(last), row
