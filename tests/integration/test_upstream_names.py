"""Programs that were written for isolated-environment 1.x and 2.x: their names work, and do what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment, Requirements, errors, isolated_environment_cmd
from isolated_environment import isolated_environment as mapping_of
from isolated_environment import isolated_environment_run as run_in
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheels


@pytest.fixture
def extra(tmp_path):
    """An index besides the main one, with an alpha of its own."""
    with PackageIndex(
        make_wheels(tmp_path / "extra", {"alpha": {"version": "1.5", "scripts": {"alpha": "alpha:main"}}})
    ).running() as index:
        yield index


def test_1_0_step_by_step(tmp_path, extra):
    """The example of the first releases: PyTorch from its index, then what needs it."""
    env = IsolatedEnvironment(tmp_path / "venv")
    env.install_environment()
    env.pip_install("alpha", extra.url)
    env.pip_install("old-beta")
    done = subprocess.run(["alpha"], env=env.environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "alpha 1.5\n"
    assert env.installed()
    with env.lock():
        assert env.pip_has(["alpha", "old-beta"])
    env.clean()
    assert not env.installed()


def test_1_2_build_options_are_a_string(tmp_path, extra):
    env = IsolatedEnvironment(tmp_path / "venv")
    env.pip_install(package := "alpha==1.5", f"--extra-index-url {extra.url}")
    env.pip_install(["delta", "gamma"])
    assert env.pip_has([package, "delta", "gamma"])
    assert extra.asked_for("delta") == [], "the index is asked for what it was named for alone"


def test_1_3_a_requirement_names_its_own_index(tmp_path, extra, monkeypatch):
    """The README of the last releases; PyTorch's partners and everything else came from the wrong place there."""
    monkeypatch.chdir(tmp_path)
    requirements = ["old-beta", f"alpha==1.5 --extra-index-url {extra.url}"]
    done = run_in(env_path=Path("venv"), requirements=requirements, cmd_list=["alpha"], capture_output=True)
    assert done.stdout == "alpha 1.5\n", "text, as it was"
    assert extra.asked_for("beta") == []
    again = run_in("venv", requirements, ["alpha"], True, stdout=subprocess.PIPE)
    assert again.stdout == "alpha 1.5\n"
    assert mapping_of("venv", requirements)["VIRTUAL_ENV"].endswith("venv/g1"), "nothing was built again"
    assert run_in("venv", requirements, ["alpha"], capture_output=True, text=False).stdout == b"alpha 1.5\n"


def test_the_whole_list_is_the_whole_content(tmp_path, extra):
    first = IsolatedEnvironment(tmp_path / "venv", Requirements(["delta", f"alpha --index-url {extra.url}"]))
    first.ensure_installed(Requirements(["delta"]))
    assert {each.name for each in first.pip_list()} == {"alpha", "delta"}
    second = IsolatedEnvironment(tmp_path / "venv", Requirements(["delta"]))
    second.ensure()
    assert {each.name for each in second.pip_list()} == {"delta"}


def test_2_0_a_text(tmp_path):
    env = IsolatedEnvironment(tmp_path / "venv", requirements="alpha==1.0\ndelta\n", full_isolation=True)
    assert env.run(["alpha"], capture_output=True, text=True).stdout == "alpha 1.0\n"
    assert env.open_proc(["alpha"], stdout=subprocess.DEVNULL).wait() == 0
    env.ensure_installed("alpha==1.0\ndelta\n")
    assert len(env.installed_requirements()) == 2
    assert isolated_environment_cmd is run_in


def test_what_an_index_option_cannot_mean_is_said(tmp_path):
    env = IsolatedEnvironment(tmp_path / "venv")
    with pytest.raises(errors.RequestError, match="pre"):
        env.pip_install("alpha --pre")
    with pytest.raises(errors.RequestError, match="is an installer option, not an index") as caught:
        env.pip_install("alpha", "--find-links dir")
    assert "options=" in caught.value.hint
    with pytest.raises(errors.RequestError):
        env.pip_install("--extra-index-url http://127.0.0.1/simple")
    assert not env.installed()


def test_full_isolation_hides_other_pythons_and_keeps_the_system_s_tools(tmp_path, monkeypatch):
    other = tmp_path / "other" / "bin"
    other.mkdir(parents=True)
    for name in ("python3", "host-tool"):
        (other / name).write_text("#!/bin/sh\necho the host\n")
        (other / name).chmod(0o755)
    tools = tmp_path / "tools"
    tools.mkdir()
    shutil.copy(other / "host-tool", tools / "plain-tool")
    monkeypatch.setenv("PATH", os.pathsep.join([str(other), str(tools), "/usr/bin", "/bin"]))
    env = IsolatedEnvironment(tmp_path / "venv", ["alpha"], full_isolation=True)
    assert env.run(["plain-tool"], capture_output=True, text=True).stdout == "the host\n"
    assert env.run("command -v ls git || true", shell=True, capture_output=True).stdout
    with pytest.raises(errors.CommandNotFoundError):
        env.run(["host-tool"])
    assert str(other) not in env.environment()["PATH"]
    assert str(other) not in env.call(os.getenv, "PATH")
    assert str(other) in IsolatedEnvironment(tmp_path / "venv").environment()["PATH"]
    assert str(other) in env.environment(os.environ)["PATH"], "a base that is given is taken as it is"
