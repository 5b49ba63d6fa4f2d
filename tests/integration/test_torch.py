"""The PyTorch family from its channel, pinned: the miniature index and a main index with a newer CPU build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from isolated_environment import TorchIndex, errors
from tests.support.indexes import PackageIndex
from tests.support.torch_pages import TorchPages, make_torch
from tests.support.wheels import make_wheel

PAIRS = {"2.1.2": ("0.16.2", "2.1.2"), "2.5.1": ("0.20.1", "2.5.1"), "2.0.1": ("0.15.2", "2.0.2")}


@pytest.fixture(scope="session")
def pages_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Channels with a few releases, and stale pages of what depends on them."""
    directory = tmp_path_factory.mktemp("torch")
    for channel, versions in {"cu121": ("2.1.2", "2.5.1"), "cpu": ("2.1.2", "2.5.1"), "cu118": ("2.0.1", "2.1.2")}.items():
        for version in versions:
            vision, audio = PAIRS[version]
            make_torch(directory / channel / "torch", f"{version}+{channel}", requires=["tinydep", "triton"])
            requires = [f"torch=={version}"]
            make_wheel(directory / channel / "torchvision", "torchvision", f"{vision}+{channel}", requires=requires)
            make_wheel(directory / channel / "torchaudio", "torchaudio", f"{audio}+{channel}", requires=requires)
        make_wheel(directory / channel / "tinydep", "tinydep", "0.9")
        make_wheel(directory / channel / "attacked", "attacked", "99.0")
    return directory


@pytest.fixture
def pages(pages_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TorchPages]:
    with TorchPages(pages_directory).running() as running:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_URL", running.base_url)
        yield running


@pytest.fixture(scope="session")
def main_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("main")
    make_torch(directory, "2.5.0")
    make_torch(directory, "2.1.2")
    make_wheel(directory, "torchaudio", "2.11.0")
    make_wheel(directory, "torchvision", "0.20.0", requires=["torch==2.5.0"])
    make_wheel(directory, "tinydep", "1.0")
    make_wheel(directory, "tinydep", "2.0")
    make_wheel(directory, "triton", "2.1.0")
    make_wheel(directory, "attacked", "1.0")
    make_wheel(directory, "whisperlike", "1.0", requires=["torch", "tinydep"], scripts={"whisperlike": "whisperlike:main"})
    make_wheel(directory, "needsnew", "1.0", requires=["torch>=2.2"])
    make_wheel(directory, "speech", "1.0", requires=["torchaudio"])
    return directory


@pytest.fixture
def main_index(main_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    with PackageIndex(main_directory).running() as running:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", running.url)
        yield running


def versions(env) -> dict[str, str]:
    return {item.name: item.version for item in env.pip_list()}


def torch_of(env) -> str:
    script = "import torch.version as v; print(v.__version__, v.cuda)"
    return env.run(["python", "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_the_seed_program_keeps_its_build_throughout(make, toolchain, pages, main_index):
    env = make(toolchain=toolchain)
    env.pip_install("torch==2.1.2", pages.channel_url("cu121"))
    assert torch_of(env) == "2.1.2+cu121 12.1"
    env.pip_install("whisperlike")
    assert torch_of(env) == "2.1.2+cu121 12.1"
    assert versions(env)["tinydep"] == "2.0", "ordinary projects come from the main index"
    env.upgrade()
    assert torch_of(env) == "2.1.2+cu121 12.1"
    (env.root / "isolated-environment.json").write_text(
        (env.root / "isolated-environment.json").read_text().replace('"size": ', '"size": 1')
    )
    again = make(toolchain=toolchain)
    assert torch_of(again) == "2.1.2+cu121 12.1"
    assert pages.pages_asked() == {"torch"}
    receipt = json.loads((again.root / "isolated-environment.json").read_text())
    assert receipt["torch"]["versions"] == {"torch": "2.1.2+cu121"}


def test_an_unpinned_torch_is_the_channel_s_newest(make, toolchain, pages, main_index):
    env = make(["torch", "torchvision"], torch=TorchIndex("cu121"), toolchain=toolchain)
    assert versions(env)["torch"] == "2.5.1+cu121"
    assert versions(env)["torchvision"] == "0.20.1+cu121"


def test_a_torch_that_only_comes_along_is_bound_too(make, toolchain, pages, main_index):
    env = make(["whisperlike", "speech"], torch="cu121", toolchain=toolchain)
    found = versions(env)
    assert found["torch"].endswith("+cu121")
    assert found["torchaudio"] == found["torch"], "the pair by the table: torchaudio 2.11.0 names no torch"


def test_a_later_requirement_that_contradicts_fails_with_both_sides(make, toolchain, pages, main_index):
    env = make(toolchain=toolchain).pip_install("torch==2.1.2", pages.channel_url("cu121"))
    del pages.requests[:]
    with pytest.raises(errors.ResolutionError) as caught:
        env.pip_install("needsnew")
    assert "needsnew" in str(caught.value)
    assert "2.1.2" in str(caught.value)
    assert torch_of(env) == "2.1.2+cu121 12.1"
    assert pages.wheels_fetched() == []
