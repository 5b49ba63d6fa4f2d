"""Drawings of what was measured, made by an environment of this library: matplotlib is no dependency."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from isolated_environment import IsolatedEnvironment

from .clock import Plot

_SCRIPT = str(Path(__file__).resolve().with_name("drawing.py"))


def draw(plots: Iterable[Plot], path: Path, pictures: Path) -> None:
    """Write an SVG file for each plot.

    Args:
        plots: What to draw.
        path: Of the environment.
        pictures: The directory of the files; made when it is missing.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    env = IsolatedEnvironment(path, ["matplotlib"], owner=None)
    text = json.dumps([plot.raw() for plot in plots])
    env.run(["python", _SCRIPT, str(pictures)], input=text, text=True, check=True)
