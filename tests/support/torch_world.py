"""The miniature PyTorch index and a main index with a newer build, as fixtures (imported by name)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.torch_pages import TorchPages, make_torch

#: torch to torchvision and torchaudio, as they really go together.
PAIRS = {"2.0.1": ("0.15.2", "2.0.2"), "2.1.2": ("0.16.2", "2.1.2"), "2.5.1": ("0.20.1", "2.5.1")}

CHANNELS = {"cu118": ("2.0.1", "2.1.2"), "cu121": ("2.1.2", "2.5.1"), "cu124": ("2.5.1",), "cpu": ("2.1.2", "2.5.1")}

#: The tests that do the same with both toolchains: with pip, which takes its time, only among the slow ones.
PIP_SLOWLY = pytest.mark.parametrize("toolchain", ["uv", pytest.param("pip", marks=pytest.mark.slow)])


def make_channels(directory: Path) -> Path:
    """Make channels with a few releases, and stale pages of what depends on them, as on the real index."""
    for channel, versions in CHANNELS.items():
        for version in versions:
            vision, audio = PAIRS[version]
            make_torch(directory / channel / "torch", f"{version}+{channel}", requires=["tinydep", "triton"])
            requires = [f"torch=={version}"]
            make_wheel(directory / channel / "torchvision", "torchvision", f"{vision}+{channel}", requires=requires)
            make_wheel(directory / channel / "torchaudio", "torchaudio", f"{audio}+{channel}", requires=requires)
        make_wheel(directory / channel / "tinydep", "tinydep", "0.9")
        make_wheel(directory / channel / "tinydep", "tinydep", "99.0")
    make_torch(directory / "cu126" / "torch", "2.6.0+cu126", tag="cp27-cp27m-manylinux1_x86_64")
    make_torch(directory / "rocm6.4" / "torch", "2.8.0+rocm6.4", requires=["pytorch-triton-rocm"])
    make_wheel(directory / "rocm6.4" / "pytorch-triton-rocm", "pytorch-triton-rocm", "3.4.0")
    make_torch(directory / "xpu" / "torch", "2.5.1+xpu")
    make_wheel(directory / "cu121" / "torchaudio", "torchaudio", "2.11.0+cu121")  # names no torch, as the real one
    make_wheel(directory / "cu121" / "privatename", "privatename", "1.0")
    return directory


@pytest.fixture(scope="session")
def pages_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the miniature PyTorch index."""
    return make_channels(tmp_path_factory.mktemp("torch"))


@pytest.fixture
def pages(pages_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TorchPages]:
    """The miniature PyTorch index, named by the user's setting."""
    with TorchPages(pages_directory).running() as running:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_URL", running.base_url)
        yield running


def make_main(directory: Path) -> Path:
    """Make what the main index has: newer builds without a label, and ordinary projects."""
    for version in ("2.1.2", "2.5.0", "2.8.0"):
        make_torch(directory, version)
    make_wheel(directory, "torchaudio", "2.5.0", requires=["torch==2.5.0"])
    make_wheel(directory, "torchaudio", "2.11.0")
    make_wheel(directory, "torchvision", "0.20.0", requires=["torch==2.5.0"])
    for version in ("1.0", "2.0"):
        make_wheel(directory, "tinydep", version)
    make_wheel(directory, "triton", "2.1.0")
    make_wheel(directory, "whisperlike", "1.0", requires=["torch", "tinydep"])
    make_wheel(directory, "openai-whisper", "20240930", requires=["torch", "tinydep"])
    make_wheel(directory, "needsnew", "1.0", requires=["torch>=2.2"])
    make_wheel(directory, "speech", "1.0", requires=["torchaudio"])
    make_wheel(directory, "visionary", "1.0", requires=["torchvision"])
    make_wheel(directory, "privatename", "99.0")  # the attacker's
    return directory


@pytest.fixture(scope="session")
def main_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the main index of the tests with PyTorch."""
    return make_main(tmp_path_factory.mktemp("main"))


@pytest.fixture
def main_index(main_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """The main index of the tests with PyTorch."""
    with PackageIndex(main_directory).running() as running:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", running.url)
        yield running


def versions_of(env) -> dict[str, str]:
    """What is installed."""
    return {item.name: item.version for item in env.pip_list()}


def torch_of(env) -> str:
    """What torch says itself."""
    script = "import torch.version as v; print(v.__version__, v.cuda)"
    return env.run(["python", "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def family_fetched(pages: TorchPages, main: PackageIndex) -> list[str]:
    """The wheels of PyTorch that either index was asked for, whole or in part; metadata does not count."""
    files = [request for request in main.requests if "/files/torch" in request]
    return [*pages.wheels_fetched(), *files]
