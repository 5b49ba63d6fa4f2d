"""Throw-away hosts: virtual environments that can import this library, and its tests."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from isolated_environment.testing.indexes import PackageIndex
from tests.support.house import CHECKOUT


class Host:
    """One of them.

    Args:
        directory: Where it is made.
        index: What its user's settings name as the main index.
    """

    def __init__(self, directory: Path, index: PackageIndex) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(directory)], check=True)
        self.prefix = directory
        self.python = directory / "bin" / "python"
        (site_packages,) = directory.glob("lib/python*/site-packages")
        (site_packages / "library.pth").write_text(f"{CHECKOUT}\n{sysconfig.get_path('purelib')}\n")
        script = directory / "bin" / "pip"
        script.write_text(f'#!/bin/sh\nexec {self.python} -m pip "$@"\n')
        script.chmod(0o755)
        self.env = {
            **os.environ,
            "ISOLATED_ENVIRONMENT_INDEX_URL": index.url,
            "PIP_INDEX_URL": index.url,
            "UV_DEFAULT_INDEX": index.url,
            "VIRTUAL_ENV": str(directory),
            "PATH": f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }

    def pip_list(self) -> str:
        argv = [sys.executable, "-m", "pip", "--python", str(self.python), "list", "--format=freeze"]
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, check=True).stdout

    def install(self, wheel: Path) -> None:
        """Install an application, as its user would."""
        argv = ["uv", "pip", "install", "--quiet", "--no-deps", "--python", str(self.python), str(wheel)]
        subprocess.run(argv, env=self.env, check=True)

    def call(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run this interpreter."""
        argv = [str(self.python), "-W", "error", *map(str, words)]
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False, cwd=self.prefix)
