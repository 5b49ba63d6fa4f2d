"""Every way in which no build of PyTorch fits: its own error, with the facts, before any wheel is fetched."""

from __future__ import annotations

import pytest

from isolated_environment import TorchIndex, errors
from isolated_environment.torch_index.machine import Machine
from tests.support.torch_world import (  # noqa: F401 -- fixtures
    main_directory,
    main_index,
    pages,
    pages_directory,
    versions_of,
)

pytestmark = pytest.mark.usefixtures("main_index")


@pytest.fixture
def machine(monkeypatch):
    """Say which machine this is."""

    def say(**facts: object) -> None:
        given = {"source": "NVML", **facts} if "cuda" in facts else facts
        seen = Machine(**given)
        monkeypatch.setattr("isolated_environment.torch_index.binding.see_machine", lambda *_: seen)

    return say


def refused(env, kind: type[errors.IsolatedEnvironmentError], pages) -> errors.IsolatedEnvironmentError:  # noqa: F811
    """Check that building ends in that error, that no wheel was fetched, and that nothing is left."""
    with pytest.raises(kind) as caught:
        env.ensure()
    assert pages.wheels_fetched() == []
    assert not env.installed()
    assert caught.value.hint
    return caught.value


def test_driver_too_old(make, toolchain, pages, machine):  # noqa: F811
    machine(cuda=(10, 2), driver="440.33.01", capabilities=((7, 5),))
    error = refused(make(["torch"], torch=TorchIndex.auto(), toolchain=toolchain), errors.DriverTooOldError, pages)
    assert (error.driver, error.cuda, error.needed) == ("440.33.01", "10.2", "450.80.02")
    assert "440.33.01" in str(error)


def test_driver_too_old_for_the_release_names_the_newest_that_runs(make, toolchain, pages, machine):  # noqa: F811
    machine(cuda=(11, 8), driver="520.61.05", capabilities=((8, 0),))
    env = make(["torch==2.5.1"], torch="auto", toolchain=toolchain)
    error = refused(env, errors.DriverTooOldError, pages)
    assert (error.needed, error.newest_possible) == ("525.60.13", "2.7.1")


def test_architecture_dropped(make, toolchain, pages, machine):  # noqa: F811
    machine(cuda=(12, 8), driver="570.10", capabilities=((12, 0),))
    env = make(["torch==2.5.1"], torch="auto", toolchain=toolchain)
    error = refused(env, errors.ArchitectureDroppedError, pages)
    assert error.capabilities == ("12.0",)
    assert (error.last_torch, error.last_channel) == ("2.15.0", "cu130")


def test_an_amd_gpu_that_no_channel_has_code_for(make, toolchain, pages, machine):  # noqa: F811
    machine(amd=("gfx803",))
    error = refused(make(["torch"], torch="auto", toolchain=toolchain), errors.ArchitectureDroppedError, pages)
    assert error.capabilities == ("gfx803",)


def test_no_release_on_the_channel(make, toolchain, pages):  # noqa: F811
    env = make(["torch==1.13.1"], torch="cu121", toolchain=toolchain)
    error = refused(env, errors.NoTorchReleaseError, pages)
    assert (error.channel, error.requirement) == ("cu121", "torch==1.13.1")
    assert error.available == ("2.1.2+cu121", "2.5.1+cu121")
    assert "2.5.1+cu121" in str(error)


def test_no_such_channel(make, toolchain, pages):  # noqa: F811
    error = refused(make(["torch"], torch="cu999", toolchain=toolchain), errors.NoTorchReleaseError, pages)
    assert error.available == ()


def test_no_partner_on_the_channel(make, toolchain, pages, pages_directory):  # noqa: F811
    env = make(["torch==2.5.1", "torchvision"], torch="cu124", toolchain=toolchain)
    hidden = pages_directory / "cu124" / "torchvision"
    aside = hidden.with_name("aside")
    hidden.rename(aside)
    try:
        error = refused(env, errors.NoTorchReleaseError, pages)
    finally:
        aside.rename(hidden)
    assert error.requirement == "torchvision==0.20.1"


def test_no_wheel_for_this_python_lists_what_exists(make, toolchain, pages):  # noqa: F811
    error = refused(make(["torch"], torch="cu126", toolchain=toolchain), errors.NoTorchWheelError, pages)
    assert error.exists == ("cp27-cp27m-manylinux1_x86_64",)
    assert "cp27-cp27m-manylinux1_x86_64" in str(error)
    assert "Python 3" in error.target


@pytest.mark.parametrize("status", [500, 401])
def test_index_unreachable(make, toolchain, pages, status):  # noqa: F811
    pages.broken = status
    error = refused(make(["torch"], torch="cu121", toolchain=toolchain), errors.IndexUnreachableError, pages)
    assert str(status) in str(error)


def test_index_that_nobody_serves(make, toolchain, pages, closed_port):  # noqa: F811
    source = TorchIndex("cu121", base_url=f"http://127.0.0.1:{closed_port}/whl")
    refused(make(["torch"], torch=source, toolchain=toolchain), errors.IndexUnreachableError, pages)


def test_a_jetson(make, toolchain, pages, machine):  # noqa: F811
    machine(tegra=True, machine="aarch64")
    refused(make(["torch"], torch="auto", toolchain=toolchain), errors.UnsupportedMachineError, pages)


def test_unusable_gpu_falls_back_to_the_cpu_only_when_asked(make, toolchain, pages, machine):  # noqa: F811
    machine(cuda=(10, 2), driver="440.33.01", capabilities=((7, 5),))
    source = TorchIndex.auto(on_unusable_gpu="cpu")
    assert versions_of(make(["torch"], torch=source, toolchain=toolchain))["torch"] == "2.5.1+cpu"


@pytest.mark.parametrize(
    ("facts", "version"),
    [
        ({"cuda": (13, 0), "capabilities": ((9, 0),)}, "2.5.1+cu124"),
        ({"cuda": (12, 2), "capabilities": ((8, 6),)}, "2.5.1+cu121"),
        ({"cuda": (12, 6), "capabilities": ((6, 1),)}, "2.5.1+cu124"),
        ({"cuda": (11, 8), "capabilities": ((3, 7),)}, "2.1.2+cu118"),
        ({}, "2.5.1+cpu"),
        ({"amd": ("gfx942",)}, "2.8.0+rocm6.4"),
        ({"system": "Darwin", "machine": "arm64"}, "2.8.0"),
    ],
)
def test_auto_takes_what_fits(make, pages, machine, facts, version):  # noqa: F811
    machine(**facts)
    env = make(["torch"], torch=TorchIndex.auto())
    assert versions_of(env)["torch"] == version


def test_a_recorded_choice_stays_whatever_is_seen_later(make, pages, machine):  # noqa: F811
    machine(cuda=(12, 2), capabilities=((8, 6),))
    env = make(["torch"], torch="auto")
    assert versions_of(env)["torch"] == "2.5.1+cu121"
    for facts in ({}, {"cuda": (13, 0), "capabilities": ((9, 0),)}):  # a login node; a new driver
        machine(**facts)
        again = make(["torch"], torch="auto").upgrade()
        assert versions_of(again)["torch"] == "2.5.1+cu121"


def test_a_recorded_choice_that_cannot_run_here_any_more_is_made_anew(make, pages, machine):  # noqa: F811
    machine(cuda=(12, 4), capabilities=((8, 6),))
    env = make(["torch"], torch="auto")
    assert versions_of(env)["torch"] == "2.5.1+cu124"
    machine(cuda=(11, 8), capabilities=((8, 6),))
    assert versions_of(make(["torch"], torch="auto").upgrade())["torch"] == "2.1.2+cu118"


def test_the_user_s_variable_decides(make, pages, machine, monkeypatch):  # noqa: F811
    machine(cuda=(12, 2), capabilities=((8, 6),))
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_BACKEND", "cpu")
    assert versions_of(make(["torch"], torch="auto"))["torch"] == "2.5.1+cpu"
