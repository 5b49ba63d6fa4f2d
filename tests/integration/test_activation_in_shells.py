"""Activation in real shells: python is the environment's, and deactivate leaves no trace."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment, errors

pytestmark = pytest.mark.xdist_group("one environment for all shells")

SAY = 'python -c "import sys; print(sys.prefix)"'
SHOW = "printenv PATH; printenv VIRTUAL_ENV || echo none"
#: Shell to its options.  No -u for the plain ones: uv's script reads OSTYPE.
SHELLS = {
    "bash": ["--norc", "--noprofile", "-euo", "pipefail", "-c"],
    "sh": ["-e", "-c"],
    "dash": ["-e", "-c"],
    "zsh": ["-f", "-eu", "-c"],
    "fish": ["--no-config", "-c"],
    "tcsh": ["-f", "-c"],
}


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    return {}


@pytest.fixture
def env(
    toolchain: str, built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], IsolatedEnvironment]:
    """One environment a toolchain, at a path that shells must be told with quotes."""
    if toolchain not in built:
        built[toolchain] = tmp_path_factory.mktemp("activation") / "it's $HOME é"
    made = IsolatedEnvironment(built[toolchain], [], toolchain=toolchain)
    made.ensure()
    return made


def run_in(shell: str, *commands: str) -> list[str]:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} on this machine")
    argv = [found, *SHELLS[shell], "\n".join(commands)]
    # prompts are for people
    env = {**os.environ, "VIRTUAL_ENV_DISABLE_PROMPT": "1"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_activating_and_leaving(env: IsolatedEnvironment, shell: str) -> None:
    said = run_in(shell, env.activation(shell), SAY, SHOW, "deactivate", SHOW)
    assert said == [str(env.prefix), f"{env.bin}:{os.environ['PATH']}", str(env.prefix), os.environ["PATH"], "none"]


@pytest.mark.parametrize("shell", ["bash", "sh", "dash", "zsh"])
def test_the_stable_file_for_people(env: IsolatedEnvironment, shell: str) -> None:
    quoted = str(env.path / "activate").replace("'", "'\\''")
    said = run_in(shell, f". '{quoted}'", SAY, "deactivate", SHOW)
    assert [Path(said[0]).resolve(), *said[1:]] == [env.prefix.resolve(), os.environ["PATH"], "none"]


def test_the_stable_file_follows_the_current_generation(make) -> None:
    env = make(toolchain="uv").pip_install("alpha<2")
    quoted = str(env.path / "activate")
    assert run_in("bash", f". '{quoted}'", "alpha") == ["alpha 1.0"]
    env.pip_install("alpha==2.0")
    assert run_in("bash", f". '{quoted}'", "alpha") == ["alpha 2.0"]


def test_an_unknown_shell(env: IsolatedEnvironment) -> None:
    with pytest.raises(errors.RequestError, match="no activation for the shell 'command'"):
        env.activation("command")
