"""Real installers, each driving a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from isolated_environment import errors
from isolated_environment.host import find_interpreter
from isolated_environment.toolchains import pip

#: For the installers that do not run on new Pythons: what they are tried on, best first.
_PYTHONS = {"20.3": ("3.9", "3.8"), "22.3": ("3.11", "3.10", "3.9"), "23.2": ("3.12", "3.11", "3.10")}


class Unavailable(Exception):  # noqa: N818 -- a reason to skip
    """This machine has no interpreter that the installer runs on."""


def run(*argv: str | os.PathLike[str], stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a tool; what it says is in the error when it fails."""
    done = subprocess.run(argv, input=stdin, text=True, capture_output=True, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{argv} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def site_of(venv: Path) -> Path:
    """The site-packages of a virtual environment."""
    (site,) = venv.glob("lib/python*/site-packages")
    return site


def build_wheel(project: Path, target: Path) -> Path:
    """Build a project's wheel into an empty directory, without a network."""
    options = ["--no-index", "--find-links", str(pip.bundled_wheels()), "--out-dir", str(target)]
    run("uv", "build", "--quiet", "--wheel", *options, project)
    (wheel,) = target.glob("*.whl")
    return wheel


@dataclass(frozen=True)
class Installer:
    """One installer in one version.

    Args:
        tool: ``pip`` or ``uv``.
        version: As its index knows it, a prefix; ``None``: what is on this machine, for which no network is needed.
    """

    tool: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.tool} {self.version or 'newest'}"

    @property
    def needs_network(self) -> bool:
        return self.version is not None

    def make_venv(self, venv: Path, python: str | None = None) -> Path:
        """Make a virtual environment that this installer can work in."""
        run("uv", "venv", "--quiet", "--python", python or self._python(), venv)
        if self.tool == "pip":
            embedded = ["pip", "--no-index", "--find-links", str(pip.bundled_wheels())]
            what = [f"pip=={self.version}.*"] if self.version else embedded
            run("uv", "pip", "install", "--quiet", "--python", venv / "bin/python", *what)
        return venv

    def install(self, venv: Path, wheels: Path, requirement: str, *options: str) -> None:
        """Install from *wheels*."""
        run(*self._command(venv, "install"), "--no-index", "--find-links", wheels, *options, requirement)

    def install_editable(self, venv: Path, project: Path) -> None:
        """Install a project that needs nothing to be built."""
        options = ["--no-build-isolation"] if self.tool == "pip" else []
        run(*self._command(venv, "install"), "--no-index", *options, "--editable", project)

    def upgrade(self, venv: Path, wheels: Path) -> None:
        """Install the newer version over the older one."""
        self.install(venv, wheels, "demoapp==2.0", "--upgrade")

    def reinstall(self, venv: Path, wheels: Path) -> None:
        """Install the same version anew."""
        self.install(venv, wheels, "demoapp==1.0", "--reinstall" if self.tool == "uv" else "--force-reinstall")

    def uninstall_command(self, venv: Path, *, yes: bool = True) -> list[str]:
        """The command line that uninstalls the application."""
        return [*self._command(venv, "uninstall"), *(["-y"] if yes and self.tool == "pip" else []), "demoapp"]

    def uninstall(self, venv: Path) -> None:
        """Uninstall the application."""
        run(*self.uninstall_command(venv))

    def full_version(self, venv: Path) -> str:
        """The version, as the installer tells it."""
        command = [str(venv / "bin/python"), "-m", "pip"] if self.tool == "pip" else [self._uv(venv)]
        return run(*command, "--version").stdout.split()[1]

    def _command(self, venv: Path, verb: str) -> list[str]:
        if self.tool == "pip":
            return [str(venv / "bin/python"), "-m", "pip", verb]
        return [self._uv(venv), "pip", verb, "--python", str(venv / "bin/python")]

    def _uv(self, venv: Path) -> str:
        if self.version is None:
            return "uv"
        tools = venv.parent / f"uv-{self.version}"
        if not tools.exists():
            run("uv", "pip", "install", "--quiet", "--target", tools, f"uv=={self.version}.*")
        return str(tools / "bin/uv")

    def _python(self) -> str:
        for version in _PYTHONS.get(self.version or "", ()):
            try:
                return find_interpreter(version).executable
            except errors.InterpreterNotFoundError:
                continue
        if self.version in _PYTHONS and self.tool == "pip":
            raise Unavailable(f"{self} needs Python {' or '.join(_PYTHONS[self.version])}")
        return sys.executable


PIP, UV = Installer("pip"), Installer("uv")
#: Those of the issue; the ones that need the registry have a version.
ALL = (
    *(Installer("pip", version) for version in ("20.3", "22.3", "23.2", "24.0", "25.0")),
    PIP,
    UV,
    Installer("uv", "0.4"),
)


def python_of_venv(venv: Path) -> str:
    """The version of the interpreter of *venv*."""
    return run(venv / "bin/python", "-c", "import platform; print(platform.python_version())").stdout.strip()
