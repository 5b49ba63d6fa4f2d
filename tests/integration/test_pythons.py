"""Environments of another Python than the host's, and interpreters that move, change or go."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.host import find_interpreter
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit


def available(version: str) -> bool:
    try:
        return find_interpreter(version).version.startswith(version)
    except errors.InterpreterNotFoundError:
        return False


def version_of(env) -> str:
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    return env.run(["python", "-c", script], capture_output=True, text=True, check=True).stdout.strip()


VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize(
    ("toolchain", "version"),
    [
        *(("uv", version) for version in VERSIONS),
        # virtualenv carries one pip for the oldest and another for the newest
        *(pytest.param("pip", version, marks=[pytest.mark.slow] * (version != "3.8")) for version in VERSIONS),
    ],
)
def test_an_environment_of_that_version(make, toolchain, version, tmp_path):
    if not available(version):
        pytest.skip(f"no Python {version} on this machine")
    local = make_wheel(tmp_path / "local", "local", "1.0")  # pip's reports differ on what is no index's
    env = make(["beta", str(local)], python=version, toolchain=toolchain)
    assert version_of(env) == version
    assert audit(env.prefix, {"alpha": "2.0", "beta": "1.0", "local": "1.0"}) == []


@pytest.mark.parametrize("version", [pytest.param(version, marks=pytest.mark.slow) for version in VERSIONS])
def test_a_bare_pip_in_an_environment_of_that_version(make, version):
    if not available(version):
        pytest.skip(f"no Python {version} on this machine")
    listed = make(["beta"], python=version).run(["pip", "list"], capture_output=True, text=True, check=True)
    assert listed.stdout.split()[-4:] == ["alpha", "2.0", "beta", "1.0"]


def test_a_range_and_a_path(make):
    host = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert version_of(make(python=f">=3.8,<={host}.99", name="range")) == host
    assert version_of(make(python=sys.executable, name="path")) == host
    assert version_of(make(python=Path(sys.prefix), name="prefix")) == host


def test_nothing_that_serves(make):
    with pytest.raises(errors.InterpreterNotFoundError, match=r"3\.7\.1") as caught:
        make(python="3.7.1").ensure()
    assert "pyenv" in str(caught.value)
    with pytest.raises(errors.InvalidPythonError):
        make(python="three").ensure()
    with pytest.raises(errors.InterpreterNotFoundError):
        make(python="/nowhere/python").ensure()


def test_the_version_changes_when_the_declaration_does(make):
    other = next((version for version in ("3.12", "3.10", "3.13") if available(version)), None)
    if other is None or other == f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip("only one Python on this machine")
    env = make(["alpha"], python=other)
    assert version_of(env) == other
    assert version_of(make(["alpha"])) == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert version_of(make()) == f"{sys.version_info[0]}.{sys.version_info[1]}"


def private_interpreter(tmp_path: Path) -> Path:
    """A base interpreter of our own, so that it can be damaged: a small tree with links to the real library."""
    base = Path(find_interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}").executable).resolve()
    home = tmp_path / "python"
    (home / "bin").mkdir(parents=True)
    shutil.copy2(base, home / "bin" / base.name)
    (home / "bin" / "python").symlink_to(base.name)
    for entry in ("lib", "include", "lib64"):
        if (base.parent.parent / entry).exists():
            (home / entry).symlink_to(base.parent.parent / entry)
    return home / "bin" / "python"


def test_row_24_a_removed_base_interpreter_is_noticed(make, tmp_path):
    base = private_interpreter(tmp_path)
    env = make(["alpha"], python=str(base))
    env.ensure()
    shutil.rmtree(base.parent.parent)
    again = make(["alpha"], python=str(base))
    assert not again.installed()
    assert "base interpreter" in str(again.state().reason) or "interpreter is gone" in str(again.state().reason)
    with pytest.raises(errors.InterpreterNotFoundError):
        again.run(["python", "-c", "pass"])
    host = make(["alpha"])
    assert host.run(["alpha"], capture_output=True, text=True).stdout == "alpha 2.0\n"


def test_row_24_an_upgraded_base_interpreter_ends_in_a_rebuild(make, tmp_path):
    base = private_interpreter(tmp_path)
    env = make(["alpha"], python=str(base))
    first = env.ensure()
    os.utime(base.resolve(), (1, 1))
    again = make(["alpha"], python=str(base))
    assert "was replaced" in str(again.state().reason)
    assert again.ensure() != first
    assert audit(again.prefix, {"alpha": "2.0"}) == []
