"""``isolated-environment shell``: python is the environment's there, whatever the user's start-up files do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment

PROGRAM = str(Path(sys.executable).with_name("isolated-environment"))


def enter(env: IsolatedEnvironment, home: Path, *words: str, commands: str) -> subprocess.CompletedProcess[str]:
    """Type *commands* into the shell."""
    argv = [PROGRAM, "shell", str(env.path), *words]
    variables = {**os.environ, "HOME": str(home), "SHELL": "/bin/sh", "PS1": "", "VIRTUAL_ENV_DISABLE_PROMPT": "1"}
    return subprocess.run(argv, env=variables, input=commands, capture_output=True, text=True, check=False)


@pytest.fixture
def env(make, tmp_path):
    made = make([], name="it's é")
    made.ensure()
    return made


@pytest.mark.parametrize("words", [(), ("--shell", "bash"), ("--shell", "fish"), ("--shell", "dash")])
def test_python_is_the_environment_s_and_the_exit_code_the_shell_s(env, tmp_path, words):
    if words and shutil.which(words[1]) is None:
        pytest.skip(f"no {words[1]} on this machine")
    (tmp_path / ".bashrc").write_text("export PATH=/usr/bin:/bin\n")  # as some people's does
    done = enter(env, tmp_path, *words, commands="python -c 'import sys; print(sys.prefix)'\nexit 7\n")
    assert done.stdout.splitlines()[-1:] == [str(env.prefix)]
    assert done.returncode == 7
    assert f"in {env.path}; `exit` leaves it" in done.stderr


def test_a_shell_that_is_not_there_says_so(env, tmp_path):
    done = enter(env, tmp_path, "--shell", "/no/such/shell", commands="")
    assert done.returncode == 126
    assert "name another one with --shell" in done.stderr
    assert "Traceback" not in done.stderr
