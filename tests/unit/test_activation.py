"""The word that activates a prefix, per shell."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from isolated_environment.activation import activation_command
from isolated_environment.errors import RequestError

SCRIPTS = ["activate", "activate.fish", "activate.csh", "activate.nu", "activate.ps1", "activate.xsh", "activate.bat"]


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    directory = tmp_path / "it's a prefix" / "bin"
    directory.mkdir(parents=True)
    for name in SCRIPTS:
        (directory / name).touch()
    return str(directory.parent)


@pytest.mark.parametrize(
    ("shell", "begin", "name"),
    [
        ("bash", ".", "activate"),
        ("zsh", ".", "activate"),
        ("sh", ".", "activate"),
        ("/usr/bin/bash", ".", "activate"),
        ("BASH.EXE", ".", "activate"),
        ("fish", "source", "activate.fish"),
        ("csh", "source", "activate.csh"),
        ("tcsh", "source", "activate.csh"),
        ("xonsh", "source", "activate.xsh"),
    ],
)
def test_shells_that_source(prefix: str, shell: str, begin: str, name: str) -> None:
    assert shlex.split(activation_command(prefix, shell)) == [begin, f"{prefix}/bin/{name}"]


def test_shells_that_do_otherwise(prefix: str) -> None:
    doubled = prefix.replace("'", "''")
    assert activation_command(prefix, "pwsh") == f"& '{doubled}/bin/activate.ps1'"
    assert activation_command(prefix, "powershell") == f"& '{doubled}/bin/activate.ps1'"
    assert activation_command(prefix, "nu") == f'overlay use "{prefix}/bin/activate.nu"'
    assert activation_command(prefix, "nushell") == f'overlay use "{prefix}/bin/activate.nu"'
    assert activation_command(prefix, "cmd") == f'"{prefix}/bin/activate.bat"'


def test_an_unknown_shell_is_told_with_the_known_ones(prefix: str) -> None:
    for shell in ("ksh93", "", "python"):
        with pytest.raises(RequestError, match="no activation for the shell") as caught:
            activation_command(prefix, shell)
        assert "bash, zsh" in (caught.value.hint or "")


def test_a_shell_that_the_toolchain_made_nothing_for(prefix: str) -> None:
    Path(prefix, "bin", "activate.xsh").unlink()
    with pytest.raises(ValueError, match="no activation script for xonsh"):
        activation_command(prefix, "xonsh")
