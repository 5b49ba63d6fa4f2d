"""The application is installed, used and taken away again, by a real installer; what is left?"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

from isolated_environment import IsolatedEnvironment

from .installers import UV, Installer, run, site_of
from .listing import listing

OPERATIONS = ("uninstall", "upgrade", "force-reinstall")
_ODD_NAMES = ("a,b.txt", 'quo"te', "two words", "été Ω", "line\nend", "-rf", "~tilde", "#note", "back\\slash")


class Rehearsal:
    """One virtual environment with the application in it, and a directory outside that must not change.

    Args:
        workplace: An empty directory.
        installer: What installs and uninstalls.
        wheels: Where the application's wheels are.
        python: What the virtual environment is made of; by default what the installer runs on.
    """

    def __init__(self, workplace: Path, installer: Installer, wheels: Path, *, python: str | None = None) -> None:
        self.installer = installer
        self.wheels = wheels
        self.outside = workplace / "outside"
        (self.outside / "directory").mkdir(parents=True)
        for name in ("file", "directory/nested", "hard"):
            (self.outside / name).write_text(name)
        self.venv = installer.make_venv(workplace / "venv", python)
        self.site = site_of(self.venv)
        UV.install(self.venv, wheels, "stranger")
        self.remember()

    def remember(self) -> None:
        """This is how it was before the application was installed."""
        self._outside_before = listing(self.outside)
        self._before = self._listing()

    def install(self) -> None:
        """Install version 1.0 of the application."""
        self.installer.install(self.venv, self.wheels, "demoapp==1.0")

    @property
    def path(self) -> Path:
        """What the application's author named."""
        return self.site / "demoapp" / "whisper_env"

    def use(self) -> IsolatedEnvironment:
        """What the application does on each start: here it also puts odd things into its environment."""
        env = IsolatedEnvironment(self.path, ["alpha"], toolchain="uv")
        answer = env.run(["alpha"], capture_output=True, text=True, check=True).stdout
        assert answer == "alpha 2.0\n", answer
        assert env.state().placement == "owner"
        assert self.path.resolve() == env.root.resolve()
        self._put_odd_things(env.prefix)
        return env

    def perform(self, operation: str) -> list[str]:
        """Let the installer do it; return what is there of ours afterwards."""
        if operation == "uninstall":
            self.installer.uninstall(self.venv)
            return self.left()
        if operation == "upgrade":
            self.installer.upgrade(self.venv, self.wheels)
        else:
            self.installer.reinstall(self.venv, self.wheels)
        return self.unlisted()

    def left(self) -> list[str]:
        """What differs from before the application was installed."""
        after = self._listing()
        lines = [f"left: {path}" for path in sorted(after.keys() - self._before.keys())]
        lines += [f"missing: {path}" for path in sorted(self._before.keys() - after.keys())]
        lines += [f"changed: {path}" for path in sorted(after) if self._before.get(path, after[path]) != after[path]]
        if self._imports():
            lines.append("demoapp still imports")
        return lines + self.outside_changes()

    def unlisted(self) -> list[str]:
        """What is new since before the application was installed, and not in its RECORD."""
        (record,) = self.site.glob("demoapp-*.dist-info/RECORD")
        with record.open(newline="", encoding="utf-8") as file:
            listed = [Path(os.path.normpath(self.site / row[0])) for row in csv.reader(file) if row]
        known = {*listed, *(parent for path in listed for parent in path.parents)}
        new = sorted(self._listing().keys() - self._before.keys())
        return [f"left: {path}" for path in new if self.venv / path not in known] + self.outside_changes()

    def outside_changes(self) -> list[str]:
        """What changed in the directory outside."""
        return [] if listing(self.outside) == self._outside_before else [f"changed: {self.outside}"]

    def _listing(self) -> dict[str, str]:
        found = listing(self.venv)
        found.pop(".lock", None)  # uv's own, of the whole virtual environment
        return found

    def _imports(self) -> bool:
        code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('demoapp') is None)"
        return run(self.venv / "bin/python", "-I", "-c", code, check=False).returncode == 0

    def _put_odd_things(self, prefix: Path) -> None:
        odd = prefix / "odd"
        if odd.exists():
            return
        odd.mkdir()
        for name in _ODD_NAMES:
            (odd / name).write_text(name)
        (odd / "to a directory").symlink_to(self.outside / "directory")
        (odd / "to a file").symlink_to(self.outside / "file")
        (odd / "broken").symlink_to(self.outside / "missing")
        (odd / "__init__.py").touch()
        os.link(self.outside / "hard", odd / "hard")
        read_only = odd / "read-only"
        read_only.touch()
        read_only.chmod(0o400)


def rehearse(workplace: Path, installer: Installer, wheels: Path, *operations: str) -> list[str]:
    """Install; use and perform, for each operation; uninstall in the end.  Return what is left of ours each time.

    Args:
        workplace: An empty directory.
        installer: What installs and uninstalls.
        wheels: Where the application's wheels are.
        operations: Of :data:`OPERATIONS`.
    """
    scene = Rehearsal(workplace, installer, wheels)
    scene.install()
    left = []
    for operation in [*operations, *(["uninstall"] if operations[-1] != "uninstall" else [])]:
        prefix = scene.use().prefix
        left += scene.perform(operation)
        if prefix.exists():
            left.append(f"left: {prefix}")
    return left


def host_site() -> Path:
    """Where the interpreter that runs the tests has its packages."""
    return site_of(Path(sys.prefix))
