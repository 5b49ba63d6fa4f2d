"""A user who may not write where the application is installed: another process, with fewer privileges."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

#: Uses an application's environment and tells what came of it.
_VISIT = """
import json, sys, warnings
from isolated_environment import IsolatedEnvironment, errors

path, requirement, mode = sys.argv[1:]

def environment():
    return IsolatedEnvironment(path, [requirement], toolchain="uv", if_read_only=mode)

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    try:
        env = environment()
        out = env.run(["alpha"], capture_output=True, text=True, check=True).stdout
        environment().run(["alpha"], capture_output=True, check=True)
        answer = {"out": out, "root": str(env.root), "placement": env.state().placement}
    except errors.IsolatedEnvironmentError as error:
        answer = {"error": error.code, "text": error.diagnostics()}
answer["warnings"] = [str(w.message) for w in seen if issubclass(w.category, errors.IsolatedEnvironmentWarning)]
print(json.dumps(answer))
"""

CHECKOUT = Path(__file__).parents[2]

_READ_ONLY_MOUNT = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


def without_privileges() -> list[str] | None:
    """What to put before a command so that modes count for it; ``None``: this machine cannot."""
    if os.geteuid() != 0:
        return []
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]
    return words if _works(words) else None


def as_nobody(python: str) -> list[str] | None:
    """What to put before a command to run it as another user; ``None``: it cannot, or may not reach *python*."""
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    return words if os.geteuid() == 0 and _works(words, python) else None


def on_a_read_only_mount(directory: Path) -> list[str] | None:
    """What to put before a command so that *directory* is read-only for it; ``None``: this machine cannot."""
    words = ["unshare", "--mount", "sh", "-c", _READ_ONLY_MOUNT, "sh", str(directory)]
    return words if os.geteuid() == 0 and _works(words) else None


def _works(words: list[str], python: str = sys.executable) -> bool:
    if shutil.which(words[0]) is None:
        return False
    code = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    done = subprocess.run([*words, python, "-c", code], capture_output=True, check=False)
    return done.returncode == 0


def visit(
    words: list[str], path: Path, requirement: str = "alpha", mode: str = "user", python: str = sys.executable
) -> dict[str, Any]:
    """Use the environment at *path* in a process of its own, twice.

    Args:
        words: What to put before the command.
        path: As the author named it.
        requirement: What the application needs.
        mode: ``if_read_only``.
        python: What runs it; of the version that runs the tests.
    """
    packages = [entry for entry in sys.path if Path(entry).name == "site-packages"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *packages]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*words, python, "-c", _VISIT, str(path), requirement, mode]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd="/")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def make_read_only(directory: Path) -> None:
    """Take the right to write from everything in *directory*."""
    for parent, _, files in os.walk(directory):
        for path in (Path(parent), *(Path(parent, name) for name in files)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
