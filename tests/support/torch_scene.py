"""One world for one row of the table of how installers treat PyTorch: both indexes, one toolchain, one environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isolated_environment import IsolatedEnvironment, errors
from isolated_environment.testing.indexes import PackageIndex
from tests.support.torch_pages import TorchPages
from tests.support.torch_world import torch_of, versions_of

#: What every row begins with, and must end with.
PINNED = "2.1.2+cu121"


@dataclass
class Scene:
    """What a row has at hand."""

    directory: Path
    toolchain: str
    pages: TorchPages
    main: PackageIndex
    patch: pytest.MonkeyPatch

    def env(self, *args: Any, name: str = "env", **kwargs: Any) -> IsolatedEnvironment:
        """A handle on an environment; the same name is the same environment."""
        return IsolatedEnvironment(self.directory / name, *args, toolchain=self.toolchain, **kwargs)

    def pinned(self, name: str = "env") -> IsolatedEnvironment:
        """An environment with the build that is pinned; what the index was asked for is forgotten."""
        env = self.env(name=name).pip_install("torch==2.1.2", self.pages.channel_url("cu121"))
        assert kept(env)
        del self.pages.requests[:]
        return env

    def bare(self, env: IsolatedEnvironment, *words: str, **overlay: str) -> bool:
        """Run the toolchain's own installer inside; whether it says that it succeeded."""
        command = ["uv", "pip", *words] if self.toolchain == "uv" else ["pip", *words]
        mapping = env.environment(PIP_INDEX_URL=self.main.url, UV_DEFAULT_INDEX=self.main.url, **overlay)
        return subprocess.run(command, env=mapping, check=False, capture_output=True).returncode == 0

    def main_with(self, files: Mapping[str, bytes | Path]) -> None:
        """Let the main index have more files from now on."""
        directory = self.directory / "main"
        shutil.copytree(self.main.directory, directory)
        for name, content in files.items():
            (directory / name).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        self.main.directory = directory


@contextmanager
def scene(directory: Path, toolchain: str, channels: Path, main: Path, **ways: bool) -> Iterator[Scene]:
    """Serve both indexes, and say so by the user's settings."""
    directory.mkdir(exist_ok=True)
    patch = pytest.MonkeyPatch()
    with TorchPages(channels, **ways).running() as pages, PackageIndex(main).running() as index, patch.context() as at:
        at.setenv("ISOLATED_ENVIRONMENT_TORCH_URL", pages.base_url)
        at.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        yield Scene(directory, toolchain, pages, index, at)


def kept(env: IsolatedEnvironment, version: str = PINNED) -> bool:
    """Whether that build is what is installed: by its metadata, and by what torch says itself."""
    label = version.partition("+")[2]
    return versions_of(env)["torch"] == version and torch_of(env) == f"{version} {label[2:-1]}.{label[-1]}"


def told(env: IsolatedEnvironment, *others: str) -> str:
    """What is installed, of torch and of some others, for the table."""
    found = versions_of(env)
    assert kept(env, found["torch"])
    return ", ".join([found["torch"], *(f"{name} {found[name]}" for name in others)])


def refusal(of: Any, *args: Any, **kwargs: Any) -> errors.IsolatedEnvironmentError:
    """The error that a call ends with."""
    try:
        of(*args, **kwargs)
    except errors.IsolatedEnvironmentError as error:
        return error
    raise AssertionError("nothing was refused")


def build_again(env: IsolatedEnvironment) -> None:
    """Make the next use build everything again, as after damage."""
    receipt = Path(env.root, "isolated-environment.json")
    receipt.write_text(receipt.read_text("utf-8").replace('"size": ', '"size": 1'), "utf-8")


def somewhere_else(directory: Path, patch: pytest.MonkeyPatch, main: str) -> None:
    """Work in a directory whose files of pip and uv send everything to the main index."""
    directory.mkdir()
    (directory / "uv.toml").write_text(f'index-strategy = "unsafe-best-match"\n[[index]]\nurl = "{main}"\n')
    (directory / "pyproject.toml").write_text(f'[tool.uv]\nindex = [{{ url = "{main}" }}]\n')
    (directory / "pip.conf").write_text(f"[global]\nextra-index-url = {main}\nupgrade = true\n")
    patch.setenv("PIP_CONFIG_FILE", os.fspath(directory / "pip.conf"))
    patch.setenv("UV_CONFIG_FILE", os.fspath(directory / "uv.toml"))
    patch.chdir(directory)
