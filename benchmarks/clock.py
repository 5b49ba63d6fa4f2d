"""Taking times: interleaved rounds, medians, the spread beside them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Times of one thing, in seconds."""

    name: str
    times: tuple[float, ...]

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
        return {"title": self.title, "floor": self.floor, "times": {key: s.times for key, s in self.samples.items()}}

    def _row(self, sample: Sample) -> str:
        floor, times = self.samples[self.floor].median, sample.times
        ratio = sample.median / floor if self.per_second is None else floor / sample.median
        cells = [sample.name, *map(self._shown, (sample.median, min(times), max(times))), f"{ratio:.2f}"]
        return f"| {' | '.join(cells)} |"

    def _shown(self, number: float) -> str:
        if self.per_second is not None:
            return f"{self.per_second / number / 1000:.1f} k/s"
        return _shown(number) if self.unit is None else f"{number:.1f} {self.unit}"


def samples_of(times: Mapping[str, Iterable[float]]) -> dict[str, Sample]:
    """Return what was measured by hand, by name."""
    return {name: Sample(name, tuple(values)) for name, values in times.items()}


def interleaved(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Sample]:
    """Time each action once a round, in turn, so that a slow minute of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - started)
    return samples_of(times)


def noted(actions: dict[str, Callable[[], object]]) -> dict[str, Callable[[], object]]:
    """Try each action once, so that all start warm; leave out what fails, and say why on stderr."""
    working = {}
    for name, action in actions.items():
        try:
            action()
        except Exception as error:  # noqa: BLE001 - a peer's, whatever it is
            sys.stderr.write(f"{name} fails: {error}\n")
        else:
            working[name] = action
    return working


def repeated(name: str, action: Callable[[], object], count: int) -> Sample:
    """Time one cheap action many times."""
    return interleaved({name: action}, count)[name]


def _shown(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.2f} {unit}"
    return f"{seconds * 1e6:.1f} µs"
