"""The crash-point sweep: each operating-system call of an operation fails or is the last; then all must be well."""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.audit import audit
from tests.support.faults import READING, WAYS
from tests.support.leftovers import leftovers
from tests.support.nursery import Nursery

#: What is done, and what is there before: the versions that were built one after the other.
SCENARIOS: dict[str, tuple[str, tuple[str, ...]]] = {
    "build on nothing": ("ensure", ()),
    "build over another": ("ensure", ("1.0",)),
    "other words": ("adopt", ("1.0",)),
    "collect": ("collect", ("2.0", "1.0", "2.0")),
    "roll back": ("roll back", ("2.0", "1.0", "2.0")),
    "remove": ("remove", ("2.0", "1.0", "2.0")),
}
#: Those that run no installer.
QUICK = ("collect", "roll back", "remove")


@dataclass
class Point:
    """One call that was struck, and everything that was wrong afterwards."""

    scenario: str
    #: Which call, from 1; its name; what it did.
    at: int
    call: str
    way: str
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        head = f"{self.scenario}: call {self.at} ({self.call}), {self.way}"
        return "\n".join([head, *(f"    {problem}" for problem in self.problems[:9])])


class Sweep:
    """Strikes at one operation after the other.

    Args:
        directory: For the environment and the states to begin with; nothing else is in there.
        env: The environment variables of the processes.
    """

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self.root = directory / "roots" / "env"
        self._states = directory / "states"
        self.root.parent.mkdir(parents=True)
        self._nursery = Nursery("tests.support.operation", env)

    def close(self) -> None:
        self._nursery.close()

    def calls(self, scenario: str) -> list[str]:
        """Return the calls of an undisturbed operation, by name."""
        self._restore(scenario)
        code, said = self._do(scenario, fault=[0, "die"])
        if code != 0:
            raise AssertionError(f"{scenario}, undisturbed: {said}")
        return said["calls"].split(",")

    def points(self, scenario: str) -> Iterator[tuple[int, str, str]]:
        """Every call of the scenario in every way that shows something, and one way past the end."""
        for at, call in enumerate([*self.calls(scenario), "end"], 1):
            for way in WAYS:
                if not (call in READING and way != "EIO") and not (call == "end" and way != "die"):
                    yield at, call, way

    def strike(self, scenario: str, at: int, call: str, way: str) -> Point:
        """Let one call fail or be the last, and judge."""
        point = Point(scenario, at, call, way)
        before = self._restore(scenario)
        code, said = self._do(scenario, fault=[at, way])
        if code not in {0, 3} and not (way == "die" and code == -signal.SIGKILL):
            point.problems.append(f"the operation ends with {code}: {said}")
        after = self._receipt()
        if after is not None:
            point.problems += [f"the receipt's: {line}" for line in audit(self.root / after["generation"], run=False)]
        elif before is not None and scenario != "remove":
            point.problems.append("the receipt of the environment before is gone")
        point.problems += self._next_host()
        return point

    def _next_host(self) -> list[str]:
        code, said = self._run({"do": "ensure", "version": "2.0"})
        if code != 0:
            return [f"the next host: {said}"]
        problems = audit(Path(said["prefix"]), {"alpha": "2.0"}, run=False)
        code, said = self._run({"do": "collect", "version": "2.0"})
        problems += [f"collecting: {said}"] * (code != 0)
        problems += [f"left: {line}" for line in leftovers(self.root)]
        return problems + [f"left: {path.name}" for path in self.root.parent.iterdir() if path != self.root]

    def _restore(self, scenario: str) -> dict[str, str] | None:
        """Put the state before the operation back; it is built the first time."""
        _, versions = SCENARIOS[scenario]
        state = self._states / "-".join(versions)
        shutil.rmtree(self.root, ignore_errors=True)
        if not versions:
            return None
        if not state.exists():
            for version in versions:
                code, said = self._run({"do": "ensure", "version": version})
                if code != 0:
                    raise AssertionError(f"{version} cannot be built: {said}")
            shutil.copytree(self.root, state, symlinks=True)
        else:
            shutil.copytree(state, self.root, symlinks=True)
        return self._receipt()

    def _do(self, scenario: str, *, fault: list[object]) -> tuple[int, dict[str, str]]:
        return self._run({"do": SCENARIOS[scenario][0], "version": "2.0", "fault": fault})

    def _run(self, order: dict[str, object]) -> tuple[int, dict[str, str]]:
        process = self._nursery.fork({"path": str(self.root), **order})
        lines = process.stdout.read().decode().splitlines()
        process.close()
        return process.wait(), dict(line.split(" ", 1) for line in lines)

    def _receipt(self) -> dict[str, str] | None:
        try:
            return dict(json.loads((self.root / "isolated-environment.json").read_text("utf-8")))
        except FileNotFoundError:
            return None


def chosen(sweep: Sweep, chance: random.Random, each: Mapping[str, int]) -> Iterator[tuple[str, int, str, str]]:
    """Choose so many points of each scenario; the name of the call decides first, so that rare ones are met too."""
    for scenario, count in each.items():
        by_call: dict[str, list[tuple[int, str, str]]] = {}
        for point in sweep.points(scenario):
            by_call.setdefault(point[1], []).append(point)
        calls = sorted(by_call)
        chance.shuffle(calls)
        for number in range(count):
            yield (scenario, *chance.choice(by_call[calls[number % len(calls)]]))
