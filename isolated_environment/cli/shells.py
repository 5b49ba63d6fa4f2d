"""An interactive shell in an environment."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from ..environ import host_environment
from ..environment import IsolatedEnvironment
from ..errors import ProcessError
from ..layout import WINDOWS


def enter(environment: IsolatedEnvironment, shell: str | None) -> int:
    """Start a shell and wait until it is left.

    A shell that reads the user's start-up files may change PATH after that; where it can be told what to do then, it is
    told to activate the environment (bash, fish).  Others are given the environment's variables.

    Args:
        environment: It is ready.
        shell: A program; the user's by default.

    Returns:
        The shell's exit code, 128 + N when signal N ended it.

    Raises:
        ProcessError: it cannot be started.
    """
    program = shell or _of_the_user()
    with tempfile.TemporaryDirectory(prefix="isolated-environment-") as directory:
        argv = [program, *_options(environment, os.path.basename(program), Path(directory))]
        try:
            done = subprocess.run(argv, env=environment.environment(), check=False)
        except OSError as error:
            reason = f"{program} cannot be started: {error.strerror}"
            raise ProcessError(reason, hint="name another one with --shell") from error
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def _of_the_user() -> str:
    host = host_environment()
    return host.get("COMSPEC", "cmd.exe") if WINDOWS else host.get("SHELL") or "/bin/sh"


def _options(environment: IsolatedEnvironment, name: str, directory: Path) -> list[str]:
    if name == "bash":
        start = directory / "bashrc"
        start.write_text(f"[ ! -r ~/.bashrc ] || . ~/.bashrc\n{environment.activation('bash')}\n", "utf-8")
        return ["--rcfile", str(start), "-i"]
    if name == "fish":
        return ["--interactive", "--init-command", environment.activation("fish")]
    if name in {"zsh", "sh", "dash", "ksh", "ash"}:
        return ["-i"]
    return []
