"""Every way in which no build of PyTorch fits: its own error, with the facts, before any wheel is fetched."""

from __future__ import annotations

import pytest

from isolated_environment import TorchIndex, errors
from isolated_environment.torch_index.machine import Machine
from tests.support.torch_world import (  # noqa: F401 -- fixtures
    PIP_SLOWLY,
    family_fetched,
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


@pytest.fixture
def refused(pages, main_index):  # noqa: F811
    """Check that building ends in that error, that no wheel of the family was fetched, and that nothing is left."""

    def check(env, kind: type[errors.IsolatedEnvironmentError]) -> errors.IsolatedEnvironmentError:
        with pytest.raises(kind) as caught:
            env.ensure()
        assert type(caught.value) is kind
        assert family_fetched(pages, main_index) == []
        assert not env.installed()
        assert caught.value.hint
        return caught.value

    return check


def test_driver_too_old(make, toolchain, refused, machine):
    machine(cuda=(10, 2), driver="440.33.01", capabilities=((7, 5),))
    error = refused(make(["torch"], torch=TorchIndex.auto(), toolchain=toolchain), errors.DriverTooOldError)
    assert (error.driver, error.cuda, error.needed) == ("440.33.01", "10.2", "450.80.02")
    assert error.message == "the NVIDIA driver 440.33.01 (CUDA 10.2) cannot run torch"
    assert error.hint == "install a driver 450.80.02 or newer"


def test_driver_too_old_for_the_release_names_the_newest_that_runs(make, toolchain, refused, machine):
    machine(cuda=(11, 8), driver="520.61.05", capabilities=((8, 0),))
    env = make(["torch==2.5.1"], torch="auto", toolchain=toolchain)
    error = refused(env, errors.DriverTooOldError)
    assert (error.needed, error.newest_possible) == ("525.60.13", "2.7.1")
    assert error.message.startswith("the NVIDIA driver 520.61.05 (CUDA 11.8) cannot run torch==2.5.1")
    assert error.hint == "install a driver 525.60.13 or newer, or ask for torch<=2.7.1"


def test_architecture_dropped(make, toolchain, refused, machine):
    machine(cuda=(12, 8), driver="570.10", capabilities=((12, 0),))
    env = make(["torch==2.5.1"], torch="auto", toolchain=toolchain)
    error = refused(env, errors.ArchitectureDroppedError)
    assert error.capabilities == ("12.0",)
    assert (error.last_torch, error.last_channel) == ("2.15.0", "cu130")
    assert error.message == "torch 2.5.1+cu124 has no kernels for compute capability 12.0"
    assert error.hint == "ask for torch>=2.7.0,<=2.15.0: cu130 has 2.15.0"


def test_an_amd_gpu_that_no_channel_has_code_for(make, toolchain, refused, machine):
    machine(amd=("gfx803",))
    error = refused(make(["torch"], torch="auto", toolchain=toolchain), errors.ArchitectureDroppedError)
    assert error.capabilities == ("gfx803",)
    assert error.message.startswith("no channel has code for this GPU: rocm7.2 has no code for gfx803")
    assert "TorchIndex('cpu')" in error.hint


def test_no_release_on_the_channel(make, toolchain, refused):
    env = make(["torch==1.13.1"], torch="cu121", toolchain=toolchain)
    error = refused(env, errors.NoTorchReleaseError)
    assert (error.channel, error.requirement) == ("cu121", "torch==1.13.1")
    assert error.available == ("2.1.2+cu121", "2.5.1+cu121")
    assert error.message == "cu121 has no torch==1.13.1"
    assert error.hint == "ask for one that it has: 2.1.2+cu121, 2.5.1+cu121"


def test_no_such_channel(make, toolchain, refused):
    error = refused(make(["torch"], torch="cu999", toolchain=toolchain), errors.NoTorchReleaseError)
    assert error.available == ()
    assert error.message == "cu999 has no torch"
    assert "check the channel's name" in error.hint


def test_no_partner_on_the_channel(make, toolchain, refused, pages_directory):  # noqa: F811
    env = make(["torch==2.5.1", "torchvision"], torch="cu124", toolchain=toolchain)
    hidden = pages_directory / "cu124" / "torchvision"
    aside = hidden.with_name("aside")
    hidden.rename(aside)
    try:
        error = refused(env, errors.NoTorchReleaseError)
    finally:
        aside.rename(hidden)
    assert error.requirement == "torchvision==0.20.1"
    assert error.message == "cu124 has no torchvision==0.20.1, which goes with torch 2.5.1+cu124"


def test_no_wheel_for_this_python_lists_what_exists(make, toolchain, refused):
    error = refused(make(["torch"], torch="cu126", toolchain=toolchain), errors.NoTorchWheelError)
    assert error.exists == ("cp27-cp27m-manylinux1_x86_64",)
    assert (error.channel, error.release) == ("cu126", "2.6.0+cu126")
    assert error.message == f"cu126 has torch 2.6.0+cu126, but not for {error.target}"
    assert error.hint == "choose another python=; there are wheels for cp27-cp27m-manylinux1_x86_64"
    assert error.target.startswith("Python 3")


def test_a_partner_that_contradicts_the_pin_names_both_sides(make, toolchain, refused):
    env = make(["torch==2.1.2", "torchaudio==2.5.1"], torch="cu121", toolchain=toolchain)
    error = refused(env, errors.TorchConflictError)
    assert (error.pin, error.requirement) == ("torch==2.1.2+cu121", "torchaudio==2.5.1")
    for side in ("torch==2.1.2+cu121", "torchaudio==2.5.1", "torchaudio==2.1.2"):
        assert side in error.message, error.message
    assert "torchaudio" in error.hint


@PIP_SLOWLY
def test_a_dependency_that_contradicts_the_pin_names_both_sides(make, toolchain, refused):
    error = refused(make(["torch==2.1.2", "needsnew"], torch="cu121", toolchain=toolchain), errors.TorchConflictError)
    assert (error.pin, error.requirement) == ("torch==2.1.2+cu121", "torch>=2.2 (from needsnew)")
    assert error.message == "needsnew needs torch>=2.2, and torch==2.1.2+cu121 is pinned"
    assert error.hint == "ask for another torch, as pip_install('torch>=2.2'), or for another needsnew"
    assert isinstance(error.__cause__, errors.ResolutionError), "what the installer said, and where its log is"


@pytest.mark.parametrize("status", [500, 401])
def test_index_unreachable(make, toolchain, refused, pages, status):  # noqa: F811
    pages.broken = status
    error = refused(make(["torch"], torch="cu121", toolchain=toolchain), errors.IndexUnreachableError)
    assert error.message.endswith(f"/whl/cu121 answered {status} for torch")


def test_index_that_nobody_serves(make, toolchain, refused, closed_port):
    source = TorchIndex("cu121", base_url=f"http://127.0.0.1:{closed_port}/whl")
    error = refused(make(["torch"], torch=source, toolchain=toolchain), errors.IndexUnreachableError)
    assert error.message.endswith(f":{closed_port}/whl/cu121 did not answer: ConnectionError")


@pytest.mark.parametrize(("url", "words"), [("/no/such/place", "neither a URL"), ("ftp://h/whl", "not 'ftp://h/whl'")])
def test_a_setting_that_is_no_place(make, toolchain, refused, monkeypatch, url, words):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_URL", url)
    error = refused(make(["torch"], torch="cu121", toolchain=toolchain), errors.InvalidIndexError)
    assert error.message.startswith("ISOLATED_ENVIRONMENT_TORCH_URL: ")
    assert words in error.message


def test_offline_says_how_to_go_without_the_network(make, toolchain, refused, pages, monkeypatch):  # noqa: F811
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_OFFLINE", "1")
    error = refused(make(["torch"], torch="cu121", toolchain=toolchain), errors.IndexUnreachableError)
    assert error.message == f"the PyTorch index {pages.channel_url('cu121')} is not asked: offline"
    assert "ISOLATED_ENVIRONMENT_TORCH_URL" in error.hint
    assert pages.requests == []


def test_a_channel_in_the_place_of_an_index(make):
    with pytest.raises(errors.InvalidIndexError) as caught:
        make().pip_install("torch", "cu121")
    assert caught.value.hint == "check the path; PyTorch's channel is written TorchIndex('cu121')"


def test_a_jetson(make, toolchain, refused, machine):
    machine(tegra=True, machine="aarch64")
    error = refused(make(["torch"], torch="auto", toolchain=toolchain), errors.UnsupportedMachineError)
    assert error.message == "a Jetson takes its own wheels of PyTorch, which are not on this index"
    assert "aarch64" in error.machine


@PIP_SLOWLY
def test_unusable_gpu_falls_back_to_the_cpu_only_when_asked(make, toolchain, pages, machine):  # noqa: F811
    machine(cuda=(10, 2), driver="440.33.01", capabilities=((7, 5),))
    source = TorchIndex.auto(on_unusable_gpu="cpu")
    assert versions_of(make(["torch"], torch=source, toolchain=toolchain))["torch"] == "2.5.1+cpu"


@pytest.mark.parametrize(
    ("facts", "version"),
    [
        ({"cuda": (13, 0), "capabilities": ((9, 0),)}, "2.5.1+cu124"),
        ({"cuda": (12, 2), "capabilities": ((8, 6),)}, "2.5.1+cu121"),
        pytest.param({"cuda": (12, 6), "capabilities": ((6, 1),)}, "2.5.1+cu124", marks=pytest.mark.slow),
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
