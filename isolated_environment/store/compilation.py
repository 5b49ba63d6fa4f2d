"""When the bytecode of an environment is made: before the environment is there, or afterwards for those to come."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..child import program
from ..errors import RequestError
from ..layout import DIRECTORY_MODE, PROGRAM, python_of
from ..lockfile import Lock
from ..plan import BuildOrder, Stage, Step
from ..settings import Settings
from .bytecode import Bytecode, Keyed, bytecode_directory, keys_of, open_cache
from .runner import Runner, everybody_may_write

#: Values of the setting.
TIMES = ("background", "now", "off")


@dataclass(frozen=True)
class Uncached:
    """What an environment has that the cache does not."""

    cache: Bytecode
    site_packages: Path
    #: What is not compiled.
    missing: Keyed
    #: The compiled program for calls, in the environment.
    program: Path

    def fill_cache(self) -> None:
        """Keep what is compiled, and let the rest be compiled in the background; called after publication.

        What cannot be kept is made again by the next build, or when it is imported.
        """
        with contextlib.suppress(OSError):
            self.cache.keep(self.program, program.name_in_cache())
            if self.missing:
                self.cache.compile_later(self.site_packages, self.missing)


def require_known(settings: Settings) -> None:
    """Look at the setting before anything is built.

    Raises:
        RequestError: it is no word that is known.
    """
    if settings.bytecode not in TIMES:
        raise RequestError(
            f"ISOLATED_ENVIRONMENT_BYTECODE is {settings.bytecode!r}", hint=f"set it to one of {', '.join(TIMES)}"
        )


def check_step(order: BuildOrder) -> Step:
    """Return what starts the new interpreter, and leaves the program that it runs for calls."""
    place = _place(order)
    cached = () if place is None else (str(place), program.name_in_cache())
    why = "checking that the interpreter runs, and compiling what it runs for calls"
    python, target = python_of(str(order.prefix)), str(order.work / PROGRAM)
    argv = (python, "-I", program.__file__, str(order.prefix), target, *cached)
    return Step("check", why, argv, is_brief=True)


class Compilation:
    """The bytecode of one environment.

    Args:
        order: What is built; its interpreter has been checked.
        runner: Runs the compiler.
        lock: What is installed.
        site_packages: Where.
    """

    def __init__(self, order: BuildOrder, runner: Runner, lock: Lock, site_packages: Path) -> None:
        self._order = order
        self._runner = runner
        self._site_packages = site_packages
        self._wheels, self._others = keys_of(lock)
        self._tag = (order.work / PROGRAM / "tag").read_text("ascii")
        place = _place(order)
        self._cache = None if place is None else self._open(place)

    def link(self) -> None:
        """Take what the cache has; meanwhile the sources may be installed."""
        if self._cache is not None:
            self._wheels = self._cache.link(self._site_packages, self._wheels)

    def finish(self) -> Uncached | None:
        """Compile the rest, where that is to be waited for; called when the sources are installed.

        Returns:
            What the cache can learn from the environment.

        Raises:
            BuildError: the compiler failed.
            OSError: a file cannot be written.
        """
        if everybody_may_write():
            _claim_directories(self._site_packages)
        if self._order.settings.bytecode == "now":
            private = self._open(self._order.work)
            for cache, wanted in ((self._cache or private, self._wheels), (private, self._others)):
                if cache is not None and wanted:
                    self._runner.run(Stage((cache.compiling(self._site_packages, wanted),)))
                    cache.link(self._site_packages, wanted)
            self._wheels = {}
        if self._cache is None:
            return None
        return Uncached(self._cache, self._site_packages, self._wheels, self._order.prefix / PROGRAM)

    def _open(self, place: Path) -> Bytecode | None:
        return open_cache(place, self._order.interpreter.executable, self._tag)


def _claim_directories(site_packages: Path) -> None:
    """Make the directories that Python would make at an import, and with such a umask for everybody to write into."""
    for directory, _, files in os.walk(site_packages):
        if any(name.endswith(".py") for name in files):
            os.makedirs(os.path.join(directory, "__pycache__"), DIRECTORY_MODE, exist_ok=True)


def _place(order: BuildOrder) -> Path | None:
    """The cache; a build that trusts no cache does not trust this one."""
    if order.no_cache or order.settings.bytecode == "off":
        return None
    return bytecode_directory(order.settings.cache_directory())
