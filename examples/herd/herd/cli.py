"""``herd TEXT``: the cow says it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from isolated_environment import IsolatedEnvironment, errors

HERE = Path(__file__).parent
env = IsolatedEnvironment(HERE / "cow_env")  # does nothing yet


def main() -> int:
    """Say the words of the command line, through the mapping and through ``run``."""
    text = " ".join(sys.argv[1:]) or "moo"
    try:
        env.pip_install("cowsay==6.1")  # builds, the first time
        subprocess.run(["cowsay", "-t", text], env=env.environment(), check=True)
        return env.run(["cowsay", "-c", "tux", "-t", text]).returncode
    except errors.IsolatedEnvironmentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
