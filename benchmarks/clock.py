"""Taking times: interleaved rounds, medians, the spread beside them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Times of one thing, in seconds."""

    name: str
    times: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    def row(self, floor: Sample | None = None) -> str:
        """A row of a Markdown table; with *floor*, the ratio to it."""
        ratio = f"{self.median / floor.median:.2f}" if floor is not None else ""
        cells = [self.name, _shown(self.median), _shown(min(self.times)), _shown(max(self.times)), ratio]
        return f"| {' | '.join(cells)} |"


def interleaved(actions: dict[str, Callable[[], object]], rounds: int) -> dict[str, Sample]:
    """Time each action once a round, in turn, so that a slow minute of the machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - started)
    return {name: Sample(name, tuple(values)) for name, values in times.items()}


def repeated(name: str, action: Callable[[], object], count: int) -> Sample:
    """Time one cheap action many times."""
    return interleaved({name: action}, count)[name]


def _shown(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.2f} {unit}"
    return f"{seconds * 1e6:.1f} µs"
