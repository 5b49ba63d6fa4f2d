"""Where an error is provoked, and its text as the page shows it: the same on every machine and in every run."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from isolated_environment import IsolatedEnvironment
from isolated_environment.errors import BuildError, IsolatedEnvironmentError
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheels

#: Where the application is that the page tells of.
APPLICATION = "/srv/app"

#: What differs from run to run or from machine to machine, and what stands for it.
_PLACEHOLDERS = (
    (r"http://127\.0\.0\.1:\d+/whl", "https://pytorch.example/whl"),
    (r"http://127\.0\.0\.1:\d+", "https://index.example"),
    (r"\bpid \d+", "pid 4711"),
    (r"\b(for|waited) \d+(\.\d+)? s\b", r"\1 2.0 s"),
    (rf"\b([Pp]ython ?){'.'.join(map(str, sys.version_info[:2]))}(\.\d+)?\b", r"\g<1>3.11"),
    (r"(?<=/trash/g1\.)[0-9a-f]+", "0123abcd"),
    (r"\b[0-9a-f]{40,}\b", "0123456789abcdef"),
    (r"\b(linux|darwin) \w+", "linux x86_64"),
    (r"\.tmp\w{6}\b", ".tmp000000"),
)


class Stage:
    """One error's place: an application's directory, its user's settings, and what a scene lets go wrong there.

    Args:
        directory: Empty; stands for :data:`APPLICATION`.
        request: The test's; gives fixtures.
        patch: Takes back what a scene changes.
    """

    def __init__(self, directory: Path, request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.patch = patch
        self.at_the_end = ExitStack()
        self._request = request
        self._shown_as = {str(directory): APPLICATION}

    @property
    def root(self) -> Path:
        """Where the application has its environment."""
        return self.directory / "tools_env"

    def environment(self, *requirements: str, **arguments: Any) -> IsolatedEnvironment:
        """The application's environment, as its author declares it."""
        return IsolatedEnvironment(self.root, list(requirements), **{"toolchain": "uv", **arguments})

    def built(self) -> IsolatedEnvironment:
        """One that is built, and shared: no scene changes it."""
        environment: IsolatedEnvironment = self.fixture("beyond")
        self._shown_as[str(environment.path)] = f"{APPLICATION}/tools_env"
        return environment

    def fixture(self, name: str) -> Any:
        """What a fixture of the tests gives."""
        return self._request.getfixturevalue(name)

    def serve(self, **packages: Any) -> PackageIndex:
        """Let the user's index have these packages alone, and the installer's cache be empty."""
        wheels = make_wheels(self.directory.with_name("wheels"), packages)
        index = PackageIndex(wheels, immutable=True)
        self.at_the_end.enter_context(index.running())
        self.patch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        self.forget_downloads()
        return index

    def forget_downloads(self) -> None:
        """Let the installer's cache be empty."""
        cache = self.directory.with_name("cache")
        shutil.rmtree(cache, ignore_errors=True)
        self.patch.setenv("UV_CACHE_DIR", str(cache))

    def shown(self, error: IsolatedEnvironmentError) -> str:
        """The error's text, as the page has it."""
        text = str(error)
        for path in sorted(self._shown_as, key=len, reverse=True):
            text = text.replace(path, self._shown_as[path])
        text = text.replace(str(self.directory.parent), "/tmp")
        for pattern, placeholder in _PLACEHOLDERS:
            text = re.sub(pattern, placeholder, text)
        return "\n".join(line.rstrip() for line in text.splitlines())


Scene = Callable[[Stage], object]

#: By the code of the error that each provokes.
SCENES: dict[str, Scene] = {}


def scene(code: str) -> Callable[[Scene], Scene]:
    """Say that a function ends in the error with that code."""

    def keep(play: Scene) -> Scene:
        SCENES[code] = play
        return play

    return keep


def installers_lines(error: IsolatedEnvironmentError) -> int:
    """How many lines of a text an installer wrote: they are another version's business."""
    return len(error.tail[-12:]) if isinstance(error, BuildError) else 0
