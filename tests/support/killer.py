"""Kills a host process, or its installer, at chosen moments of a build; then checks what the next host is given."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from tests.support.audit import audit
from tests.support.bulk import PROJECTS, VERSIONS, other
from tests.support.crowd import crowd, said
from tests.support.leftovers import leftovers
from tests.support.nursery import Forked, Nursery
from tests.support.processes import await_end, parent_of
from tests.support.victim import PHASES

#: Where to aim, in turn: most at what takes longest or matters most.
AIMS = (
    *("install", "publish", "resolve", "verify", "install", "create"),
    *("publish", "start", "install", "verify", "settle", "install"),
)
#: Whom to strike and how, in turn: the host is killed or hears Ctrl-C, or its installer alone is killed.
BLOWS = ("kill", "kill", "interrupt", "kill", "installer")

_CHILDREN = ("install", "resolve", "create")  # the phases in which there is an installer


@dataclass
class Outcome:
    """One blow, and everything that was wrong afterwards."""

    number: int
    #: Phase that was aimed at, and the share of its usual duration.
    aim: tuple[str, float]
    #: One of :data:`BLOWS`.
    blow: str
    #: Phase that the victim was in.
    landed: str = ""
    #: Whether there was an environment before.
    over: bool = False
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        before = "over an environment" if self.over else "on nothing"
        aim = f"aimed at {self.aim[1]:.2f} of {self.aim[0]}, landed in {self.landed}"
        head = f"{self.blow} {self.number}: {aim}, {before}"
        more = [f"    and {len(self.problems) - 9} more"] if len(self.problems) > 9 else []
        return "\n".join([head, *(f"    {problem}" for problem in self.problems[:9]), *more])


class Killer:
    """Strikes at builds of one root, over and over.

    Args:
        root: Where the environment is; nothing else may be in its parent directory.
        env: The environment variables of the victims.
        seed: Fixes where each blow is aimed, and which of them fall on nothing.
        toolchain: ``uv`` or ``pip``.
        projects: What is installed.
        weakened: Victims publish before they install.
        design: One of :data:`.weaker.DESIGNS`, in the library's place.
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
        design: str | None = None,
    ) -> None:
        self.root = root
        self.seed = seed
        self.design = design
        #: Whether others use the environment meanwhile; what they use is not left over.
        self.in_company = False
        self._nursery = Nursery("tests.support.victim", env)
        self._order = {"toolchain": toolchain, "weakened": weakened, **({"design": design} if design else {})}
        self._projects = projects
        self._usual: dict[str, float] = {}
        self._orphans: list[int] = []

    def close(self) -> None:
        """End what was started."""
        self._nursery.close()

    def learn(self, rounds: int = 2) -> None:
        """Build without disturbance, to fill the installer's cache and then to learn how long each phase takes."""
        for version in VERSIONS * rounds:
            with self._victim(version) as victim:
                marks = [(time.monotonic(), line) for line in _lines(victim)]
            if victim.returncode != 0:
                raise AssertionError(f"an undisturbed build failed: {marks}")
            self._note_durations(marks)

    def strike(self, number: int, *, at: str | None = None, fresh: bool | None = None) -> Outcome:
        """Strike at one build and judge what is there, what the next host is given, and what is left.

        Args:
            number: Which blow of this seed.
            at: The phase to aim at; by default the number decides.
            fresh: Whether to build on nothing; by default chance decides.
        """
        chance = random.Random(f"{self.seed}/{self._order['toolchain']}/{number}")
        blow = BLOWS[number % len(BLOWS)]
        phase = at or (_CHILDREN[number % len(_CHILDREN)] if blow == "installer" else AIMS[number % len(AIMS)])
        outcome = Outcome(number, (phase, chance.uniform(0.0, 1.0)), blow)
        root = self.root
        if chance.random() < 0.25 if fresh is None else fresh:
            self.root = root.with_name(f"fresh-{number}")
        try:
            self._judge(outcome, number)
        finally:
            if self.root != root:
                shutil.rmtree(self.root, ignore_errors=True)
                self.root = root
        return outcome

    def left(self) -> list[str]:
        """Collect, when nobody uses the environment any more, and return what is left that ought to be gone."""
        receipt = self._receipt()
        if receipt is None:
            return []
        return self._next_host(self._declared(receipt))

    def _judge(self, outcome: Outcome, number: int) -> None:
        """Look at what is there, what the next host is given, what is left."""
        before = self._receipt()
        outcome.over = before is not None
        version = VERSIONS[number % 2] if before is None else other(self._declared(before))
        with self._victim(version) as victim:
            outcome.landed = self._hit(victim, outcome)
        if outcome.blow == "interrupt":
            outcome.problems += [f"child {pid} outlives Ctrl-C" for pid in await_end(self._orphans, 5)]
        after = self._receipt()
        if after is not None:  # whatever the receipt names must be whole, at this very moment
            serves = version if before is None or after["generation"] != before["generation"] else other(version)
            prefix = self.root / str(after["generation"])
            outcome.problems += [f"the receipt's: {line}" for line in audit(prefix, self._versions(serves))]
        elif before is not None:
            outcome.problems.append("the receipt of the environment before is gone")
        outcome.problems += self._next_host(version)

    def _hit(self, victim: Forked, outcome: Outcome) -> str:
        """Wait for the moment, strike, and return the phase that the victim was in."""
        landed, struck = "start", False
        for line in _lines(victim):
            word, _, text = line.partition(" ")
            if word == "phase":
                landed = text
            self._note_orphan(line)
            waited_for = "child" if outcome.blow == "installer" else "phase"
            if landed == outcome.aim[0] and word == waited_for and not struck and victim.poll() is None:
                struck = True
                time.sleep(outcome.aim[1] * self._usual.get(landed, 0.01))
                _strike(victim, outcome.blow, self._orphans)
        allowed = {"kill": {-signal.SIGKILL, 0}, "interrupt": {4, 0, -signal.SIGINT}, "installer": {3, 0}}[outcome.blow]
        if victim.wait() not in allowed:
            outcome.problems.append(f"after {outcome.blow} the host ends with {victim.returncode}")
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
        with self._victim(version, gc=True, weakened=False) as host:
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
                    host.answer()
        self._orphans.clear()
        self._note_durations(marks)
        if prefix is None:
            return problems or [f"the next host ends with {host.returncode}"]
        if self.design is None and not (self.in_company and not self.root.name.startswith("fresh")):
            problems += [f"left: {item}" for item in leftovers(self.root)]
        return problems + [f"left: {path.name}" for path in self.root.parent.iterdir() if not self._is_known(path)]

    def _is_known(self, path: Path) -> bool:
        return path == self.root or (self.root.name.startswith("fresh") and not path.name.startswith("fresh"))

    @contextmanager
    def _victim(self, version: str, **more: object) -> Iterator[Forked]:
        requirements = [f"{project}=={version}" for project in self._projects]
        process = self._nursery.fork({"path": str(self.root), "requirements": requirements, **self._order, **more})
        try:
            yield process
        finally:
            process.close()

    def _receipt(self) -> dict[str, object] | None:
        try:
            found = json.loads((self.root / "isolated-environment.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return dict(found)

    def _declared(self, receipt: dict[str, object]) -> str:
        return next(version for version in VERSIONS if f"=={version}" in str(receipt["declaration"]))

    def _versions(self, version: str) -> dict[str, str]:
        return dict.fromkeys(self._projects, version)


def besiege(
    killer: Killer, numbers: Iterable[int], *, at: str | None = None, fresh: bool | None = None
) -> Iterator[Outcome]:
    """Strike again and again while others read what is handed out, and collect; what they saw is the last outcome."""
    reader = f"check_{killer.design}" if killer.design else "check"
    others = {reader: 1} if killer.design else {reader: 1, "collect": 1}
    with crowd(killer.root, **others) as company:
        killer.in_company = True
        for number in numbers:
            yield killer.strike(number, at=at, fresh=fresh)
        answers = said(company)
        killer.in_company = False
    last = Outcome(-1, ("done", 0.0), "crowd", "done", over=True)
    last.problems += [line for answer in answers for line in answer["problems"]]
    last.problems += ["nobody read"] * (not all(answer.get("rounds", 1) for answer in answers))
    yield replace(last, problems=last.problems + killer.left())


def tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how many blows landed in each phase."""
    counts = Counter(outcome.landed for outcome in outcomes if outcome.number >= 0)
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


def _strike(victim: Forked, blow: str, children: Sequence[int]) -> None:
    if blow == "kill":
        victim.kill()
    elif blow == "interrupt":
        victim.send_signal(signal.SIGINT)
    elif children and parent_of(children[-1]) == victim.pid:
        with suppress(ProcessLookupError):
            os.kill(children[-1], signal.SIGKILL)


def _lines(process: Forked) -> Iterator[str]:
    for line in process.stdout:
        yield line.decode().rstrip("\n")
