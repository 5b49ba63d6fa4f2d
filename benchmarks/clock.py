"""Taking times: interleaved rounds, medians, the spread beside them, and the reason where there are none."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Action = Callable[[], object]


class Times(tuple[float, ...]):
    """What an action returns that took its times itself, in seconds."""

    __slots__ = ()


@dataclass(frozen=True)
class Sample:
    """Times of one thing, in seconds."""

    name: str
    times: tuple[float, ...]
    #: Why there are no times.
    error: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.times)


@dataclass(frozen=True)
class Table:
    """Samples next to a floor of the same run."""

    title: str
    samples: dict[str, Sample]
    #: The name of the sample that the others are divided by.
    floor: str
    #: Things done in one time: the table shows how many a second, and the ratio of that.
    per_second: int | None = None
    #: What the numbers are, when they are no seconds.
    unit: str | None = None

    def __str__(self) -> str:
        """A Markdown table."""
        head = "| what | median | min | max | ratio |\n|---|---|---|---|---|"
        return "\n".join([f"## {self.title}", "", head, *map(self._row, self.samples.values()), "", ""])

    def raw(self) -> dict[str, object]:
        """What JSON has of it."""
        samples = self.samples.values()
        times = {sample.name: sample.times for sample in samples if not sample.error}
        errors = {sample.name: sample.error for sample in samples if sample.error}
        return {"title": self.title, "floor": self.floor, "times": times, "errors": errors}

    def _row(self, sample: Sample) -> str:
        if sample.error:
            return f"| {sample.name} | fails: {sample.error} | | | |"
        times, floor = sorted(sample.times, reverse=self.per_second is not None), self.samples[self.floor]
        cells = [sample.name, *map(self._shown, (sample.median, times[0], times[-1])), self._ratio(sample, floor)]
        return f"| {' | '.join(cells)} |"

    def _ratio(self, sample: Sample, floor: Sample) -> str:
        if floor.error or not floor.median:
            return ""
        return f"{sample.median / floor.median if self.per_second is None else floor.median / sample.median:.2f}"

    def _shown(self, number: float) -> str:
        if self.per_second is not None:
            return f"{self.per_second / number / 1000:.1f} k/s"
        return _shown(number) if self.unit is None else f"{number:.1f} {self.unit}"


@dataclass(frozen=True)
class Plot:
    """Lines for a drawing: by their names, the places on the two axes."""

    name: str
    title: str
    across: str
    up: str
    lines: dict[str, list[tuple[float, float]]]
    #: Of the two axes, as matplotlib names them.
    scales: tuple[str, str] = ("linear", "linear")

    def raw(self) -> dict[str, object]:
        """What JSON has of it."""
        return asdict(self)


def samples_of(times: Mapping[str, Iterable[float]]) -> dict[str, Sample]:
    """Make samples of times by name."""
    return {name: Sample(name, tuple(values)) for name, values in times.items()}


def interleaved(actions: Mapping[str, Action], rounds: int, warmups: int = 0) -> dict[str, Sample]:
    """Time each action once a round, in turn, so that a slow minute of the machine hits all alike.

    Args:
        actions: By the names of their rows. One that takes its times itself returns `Times`.
        rounds: How many are counted.
        warmups: How many come before, and are not.

    Returns:
        The samples; that of an action which fails has no times but its error, and is not tried again.
    """
    times: dict[str, list[float]] = {name: [] for name in actions}
    errors: dict[str, str] = {}
    for number in range(-warmups, rounds):
        for name in [name for name in actions if name not in errors]:
            try:
                found = taken(actions[name])
            except Exception as error:  # noqa: BLE001 - a peer's, whatever it is: the table shows it
                errors[name] = reason(error)
            else:
                times[name] += found if number >= 0 else ()
    return {name: Sample(name, () if name in errors else tuple(times[name]), errors.get(name, "")) for name in actions}


def repeated(name: str, action: Action, count: int) -> Sample:
    """Time one cheap action many times."""
    return interleaved({name: action}, count)[name]


def taken(action: Action) -> Times:
    """Do it; return the time that it took, or the times that it says."""
    started = time.perf_counter()
    found = action()
    took = time.perf_counter() - started
    return found if isinstance(found, Times) else Times([took])


def each(action: Action, count: int) -> Times:
    """Time an action so many times, after one that is not counted."""
    action()
    return Times(taken(action)[0] for _ in range(count))


def reason(error: BaseException) -> str:
    """Say in one line why something failed, without the names of this machine's directories and of hosts."""
    output: Any = getattr(error, "stderr", None) if isinstance(error, subprocess.CalledProcessError) else None
    text = output.decode(errors="replace") if isinstance(output, bytes) else output or str(error)
    line = (text.strip().splitlines() or [""])[-1].strip()
    line = re.sub(r"\w+://\S+|(?:/[\w.+~-]+){2,}/?", "…", line).replace("|", "/")
    return (line if isinstance(error, PeerError) else f"{type(error).__name__}: {line}")[:120]


class PeerError(Exception):
    """A peer says why it failed."""


def _shown(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.2f} {unit}"
    return f"{seconds * 1e6:.1f} µs"
