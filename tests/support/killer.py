"""Kills a host process at chosen moments of a build, then checks what the next one is given."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.support.audit import audit
from tests.support.leftovers import leftovers
from tests.support.processes import await_end
from tests.support.victim import PHASES
from tests.support.wheels import make_wheel

#: Where to aim, in turn: most at what takes longest or matters most.
AIMS = (
    *("install", "publish", "resolve", "verify", "install", "create"),
    *("publish", "start", "install", "verify", "settle", "install"),
)
PROJECTS = ("bulk-a", "bulk-b", "bulk-c")
VERSIONS = ("1.0", "2.0")

_CHECKOUT = Path(__file__).parent.parent.parent


def make_bulk(directory: Path, *, modules: int = 60, data: int = 250) -> Path:
    """Make wheels of several hundred small files, in two versions, each file with its version in it."""
    for project in PROJECTS:
        for version in VERSIONS:
            package = project.replace("-", "_")
            files: dict[str, str | bytes] = {f"{package}/__init__.py": f"__version__ = {version!r}\n"}
            files |= {f"{package}/m{n}.py": f"VERSION = {version!r}\nN = {n}\n" for n in range(modules)}
            files |= {f"{package}/data/d{n}.txt": f"{project} {version} {n}\n" * (n % 9 + 1) for n in range(data)}
            scripts = {project: f"{package}:main"}
            make_wheel(directory, project, version, files=files, scripts=scripts)
    return directory


@dataclass
class Outcome:
    """One kill, and everything that was wrong afterwards."""

    number: int
    #: Phase that was aimed at, and the share of its usual duration.
    aim: tuple[str, float]
    #: Phase that the victim was in.
    landed: str = ""
    #: Whether there was an environment before.
    over: bool = False
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        before = "over an environment" if self.over else "on nothing"
        head = f"kill {self.number}: aimed at {self.aim[1]:.2f} of {self.aim[0]}, landed in {self.landed}, {before}"
        more = [f"    and {len(self.problems) - 9} more"] if len(self.problems) > 9 else []
        return "\n".join([head, *(f"    {problem}" for problem in self.problems[:9]), *more])


class Killer:
    """Kills builds of one root, over and over.

    Args:
        root: Where the environment is; nothing else may be in its parent directory.
        env: The environment variables of the victims.
        seed: Fixes where each kill is aimed, and which of them start from nothing.
        toolchain: ``uv`` or ``pip``.
        projects: What is installed.
        weakened: Victims publish before they install.
    """

    def __init__(
        self,
        root: Path,
        env: Mapping[str, str],
        seed: int,
        *,
        toolchain: str = "uv",
        projects: Sequence[str] = PROJECTS,
        weakened: bool = False,
    ) -> None:
        self.root = root
        self.seed = seed
        self._env = dict(env)
        self._toolchain = toolchain
        self._projects = projects
        self._weakened = weakened
        self._usual: dict[str, float] = {}
        self._orphans: list[int] = []

    def learn(self) -> None:
        """Build without disturbance, to fill the installer's cache and then to learn how long each phase takes."""
        for version in (*VERSIONS, *VERSIONS):
            with self._victim(version) as victim:
                marks = [(time.monotonic(), line) for line in _lines(victim)]
            if victim.returncode != 0:
                raise AssertionError(f"an undisturbed build failed: {marks}")
            self._note_durations(marks)
        shutil.rmtree(self.root)

    def kill(self, number: int, *, at: str | None = None) -> Outcome:
        """Kill one build and judge what is there, what the next host is given, and what is left.

        Args:
            number: Which kill of this seed.
            at: The phase to aim at; by default the number decides.
        """
        chance = random.Random(f"{self.seed}/{self._toolchain}/{number}")
        outcome = Outcome(number, (at or AIMS[number % len(AIMS)], chance.uniform(0.0, 1.0)))
        if chance.random() < 0.25 or number == 0:
            shutil.rmtree(self.root, ignore_errors=True)
        with self._judging(outcome) as version:
            outcome.landed = self._strike(version, outcome.aim)
        return outcome

    def fail(self, at: int, way: str, *, fresh: bool) -> Outcome:
        """Let the host's *at*-th file-system call fail or be its last, and judge as after a kill.

        Args:
            at: Which call, from 1.
            way: One of :data:`.faults.WAYS`.
            fresh: Start from nothing.
        """
        outcome = Outcome(at, (way, 0.0))
        if fresh:
            shutil.rmtree(self.root, ignore_errors=True)
        with self._judging(outcome) as version, self._victim(version, fault=[at, way]) as victim:
            for line in _lines(victim):
                outcome.landed = line.split()[1] if line.startswith("phase ") else outcome.landed
                self._note_orphan(line)
        if way != "die" and victim.returncode not in {0, 3}:
            outcome.problems.append(f"the host ends with {victim.returncode}: an error without a type")
        return outcome

    def count_calls(self) -> int:
        """Return how many file-system calls there are to fail in one build."""
        with self._victim(VERSIONS[0], fault=[0, "die"]) as victim:
            (calls,) = [int(line.split()[1]) for line in _lines(victim) if line.startswith("calls ")]
        return calls

    @contextmanager
    def _judging(self, outcome: Outcome) -> Iterator[str]:
        """Give the version to build; afterwards look at what is there, what the next host is given, what is left."""
        before = self._receipt()
        outcome.over = before is not None
        version = VERSIONS[0] if before is None or VERSIONS[1] in str(before["declaration"]) else VERSIONS[1]
        yield version
        after = self._receipt()
        if after is not None:  # whatever the receipt names must be whole, at this very moment
            serves = version if before is None or after["generation"] != before["generation"] else _other(version)
            prefix = self.root / str(after["generation"])
            outcome.problems += [f"the receipt's: {line}" for line in audit(prefix, self._versions(serves))]
        elif before is not None:
            outcome.problems.append("the receipt of the environment before is gone")
        outcome.problems += self._next_host(version)

    def _strike(self, version: str, aim: tuple[str, float]) -> str:
        """Start a build, kill its host, and return the phase that it was in."""
        landed = "start"
        with self._victim(version, weakened=self._weakened) as victim:
            for line in _lines(victim):
                word, _, text = line.partition(" ")
                if word == "phase":
                    landed = text
                self._note_orphan(line)
                if line == f"phase {aim[0]}" and victim.poll() is None:
                    time.sleep(aim[1] * self._usual.get(aim[0], 0.01))
                    victim.kill()
        return landed

    def _note_durations(self, marks: list[tuple[float, str]]) -> None:
        """The latest build says best how long the next one takes: others use this machine too."""
        moments = [(at, line.split()[1]) for at, line in marks if line.startswith("phase ")]
        for (at, phase), (end, _) in pairwise(moments):
            self._usual[phase] = end - at

    def _note_orphan(self, line: str) -> None:
        if line.startswith("child "):
            self._orphans.append(int(line.split()[1]))

    def _next_host(self, version: str) -> list[str]:
        """A new process asks for the environment, while the orphans of the dead one may still be at work."""
        prefix, problems, marks = None, [], []
        with self._victim(version, gc=True) as host:
            for line in _lines(host):
                marks.append((time.monotonic(), line))
                word, _, text = line.partition(" ")
                if word == "error":
                    problems.append(f"the next host fails: {text}")
                elif word == "prefix":
                    prefix = Path(text)
                    problems += [f"the next host's: {item}" for item in audit(prefix, self._versions(version))]
                    left = await_end(self._orphans, 30)
                    problems += [f"orphan {pid} does not end" for pid in left]
                    host.stdin.write(b"\n")  # type: ignore[union-attr]
                    host.stdin.flush()  # type: ignore[union-attr]
        self._orphans.clear()
        self._note_durations(marks)
        if prefix is None:
            return problems or [f"the next host ends with {host.returncode}"]
        problems += [f"left: {item}" for item in leftovers(self.root)]
        return problems + [f"left: {path.name}" for path in self.root.parent.iterdir() if path != self.root]

    @contextmanager
    def _victim(self, version: str, **more: object) -> Iterator[subprocess.Popen[bytes]]:
        order = {
            "path": str(self.root),
            "requirements": [f"{project}=={version}" for project in self._projects],
            "toolchain": self._toolchain,
            **more,
        }
        command = [sys.executable, "-m", "tests.support.victim", json.dumps(order)]
        process = subprocess.Popen(
            command, cwd=_CHECKOUT, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        try:
            yield process
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()  # type: ignore[union-attr]
            process.stdout.close()  # type: ignore[union-attr]
            process.wait()

    def _receipt(self) -> dict[str, object] | None:
        try:
            found = json.loads((self.root / "isolated-environment.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return dict(found)

    def _versions(self, version: str) -> dict[str, str]:
        return dict.fromkeys(self._projects, version)


def tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how many kills landed in each phase."""
    counts = Counter(outcome.landed for outcome in outcomes)
    return {phase: counts[phase] for phase in PHASES if counts[phase]}


def victims_environment(directory: Path, index_url: str) -> dict[str, str]:
    """Return variables for victims outside pytest: no setting of the machine's user, caches of their own."""
    foreign = ("PIP_", "UV_", "ISOLATED_ENVIRONMENT_", "CONDA_", "VIRTUAL_ENV", "PYTHON", "VIRTUALENV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
    return kept | {
        "HOME": str(directory),
        "UV_CACHE_DIR": str(directory / "uv-cache"),
        "PIP_CACHE_DIR": str(directory / "pip-cache"),
        "ISOLATED_ENVIRONMENT_INDEX_URL": index_url,
    }


def _other(version: str) -> str:
    return VERSIONS[1 - VERSIONS.index(version)]


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    for line in process.stdout or ():
        yield line.decode().rstrip("\n")
