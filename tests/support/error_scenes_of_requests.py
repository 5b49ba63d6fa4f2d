"""What a user asks for wrongly, and what this machine cannot give: each scene ends in the error of that code."""

from __future__ import annotations

import importlib
import sys
from argparse import Namespace
from typing import Any

from isolated_environment import TorchIndex
from isolated_environment.cli import commands
from isolated_environment.toolchains import uv
from isolated_environment.torch_index.machine import Machine
from tests.support.error_stage import Stage, scene
from tests.support.machines import JETSON, OLD_DRIVER, RTX_5090
from tests.support.sites import put_distribution


@scene("invalid-request")
def an_unknown_word(stage: Stage) -> None:
    stage.environment("alpha", if_read_only="home")


@scene("invalid-requirement")
def two_words(stage: Stage) -> None:
    stage.environment().pip_install("alpha 2.0")


@scene("invalid-option")
def an_index_among_the_options(stage: Stage) -> None:
    stage.environment().pip_install("alpha", options=["--index-url", "https://index.example/simple"])


@scene("invalid-index")
def a_directory_that_is_not_there(stage: Stage) -> None:
    stage.environment().pip_install("alpha", str(stage.directory / "wheels"))


@scene("invalid-python")
def a_word_for_a_python(stage: Stage) -> None:
    stage.environment("alpha", python="newest").ensure()


@scene("invalid-lock")
def a_lock_that_was_not_shipped(stage: Stage) -> None:
    stage.environment(pylock=stage.directory / "pylock.toml").ensure()


@scene("invalid-declaration")
def an_entry_point_with_a_wrong_name(stage: Stage) -> None:
    (stage.directory / "demoapp").mkdir()
    put_distribution(stage.directory, "demoapp", files=["demoapp/runtime.py"])
    points = "[isolated_environment.environments]\ntools = demoapp.runtime:tools\n"
    (stage.directory / "demoapp-1.0.dist-info" / "entry_points.txt").write_text(points)
    stage.patch.syspath_prepend(str(stage.directory))
    stage.at_the_end.callback(importlib.invalidate_caches)
    stage.at_the_end.callback(sys.modules.pop, "demoapp.runtime", None)
    stage.at_the_end.callback(sys.modules.pop, "demoapp", None)
    commands.show(Namespace(path="demoapp:tools"))


@scene("invalid-target")
def a_dot_for_a_colon(stage: Stage) -> None:
    stage.built().call("beyond.echo", 1)


@scene("interpreter-not-found")
def a_python_that_nobody_has(stage: Stage) -> None:
    stage.environment("alpha", python="3.99").ensure()


@scene("toolchain-not-found")
def no_uv(stage: Stage) -> None:
    uv.find.cache_clear()
    stage.at_the_end.callback(uv.find.cache_clear)
    stage.patch.setitem(sys.modules, "uv", None)
    stage.patch.setenv("PATH", str(stage.directory))
    stage.environment("alpha").ensure()


def _with_torch(stage: Stage, machine: Machine | None, *requirements: str, torch: Any = "auto") -> None:
    """Build where ``TorchIndex.auto()`` sees that machine."""
    stage.fixture("pages")
    stage.fixture("main_index")
    if machine is not None:
        stage.patch.setattr("isolated_environment.torch_index.binding.see_machine", lambda *_: machine)
    stage.environment(*requirements, torch=torch).ensure()


@scene("driver-too-old")
def an_old_driver(stage: Stage) -> None:
    _with_torch(stage, OLD_DRIVER, "torch")


@scene("architecture-dropped")
def a_gpu_that_is_newer_than_the_release(stage: Stage) -> None:
    _with_torch(stage, RTX_5090, "torch==2.5.1")


@scene("no-torch-release")
def a_release_of_other_years(stage: Stage) -> None:
    _with_torch(stage, None, "torch==1.13.1", torch="cu121")


@scene("no-torch-wheel")
def a_release_for_another_python(stage: Stage) -> None:
    _with_torch(stage, None, "torch", torch="cu126")


@scene("unsupported-machine")
def a_jetson(stage: Stage) -> None:
    _with_torch(stage, JETSON, "torch", torch=TorchIndex.auto())


@scene("torch-conflict")
def a_library_that_wants_another_torch(stage: Stage) -> None:
    _with_torch(stage, None, "torch==2.1.2", "needsnew", torch="cu121")
