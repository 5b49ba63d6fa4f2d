"""Draws: ``python drawing.py DIRECTORY``, the plots as JSON on stdin.  Runs in an environment that has matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found]

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "isolated-environment", "svg.fonttype": "none"})

from matplotlib import pyplot as plt  # noqa: E402


def main() -> None:
    """Write a file for each plot."""
    for plot in json.load(sys.stdin):
        _draw(plot, Path(sys.argv[1]) / f"{plot['name']}.svg")


def _draw(plot: dict[str, Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    for (name, points), marker in zip(plot["lines"].items(), "osv^", strict=False):
        axes.plot(*zip(*points, strict=True), marker=marker, label=name)
    axes.set(title=plot["title"], xlabel=plot["across"], ylabel=plot["up"])
    axes.set(xscale=plot["scales"][0], yscale=plot["scales"][1])
    if plot["scales"][1] == "linear":
        axes.set_ylim(bottom=0)
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
