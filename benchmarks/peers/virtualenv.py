"""virtualenv, then the pip that it brings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import virtualenv


def create(path: str, packages: list[str]) -> None:
    """Make an environment."""
    virtualenv.cli_run(["-q", path])
    pip = [str(Path(path) / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if packages:
        subprocess.run([*pip, *packages], check=True)
