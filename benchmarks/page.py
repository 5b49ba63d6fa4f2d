"""The tables in the documentation, with the machine and the versions that they were taken with."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from .clock import Plot, Table

_MARK = "<!-- tables -->\n"
_VERSIONS = ("uv", "virtualenv", "numpy", "cloudpickle")


def write(path: Path, found: Mapping[str, Iterable[Table | Plot]], order: Iterable[str]) -> None:
    """Put tables behind the mark of a page, in the place of those of the same part; other parts stay.

    Args:
        path: Of the page.
        found: By the part that they belong to.
        order: The parts as they follow one another.
    """
    text, mark, old = path.read_text("utf-8").partition(_MARK)
    parts = dict(re.findall(r"^<!-- part (\w+) -->\n(.*?)(?=^<!-- part |\Z)", old, re.MULTILINE | re.DOTALL))
    for part, pieces in found.items():
        tables = [str(piece) for piece in pieces if isinstance(piece, Table)]
        parts[part] = f"\n{_conditions()}\n\n" + "".join(tables)
    body = "".join(f"<!-- part {part} -->\n{parts[part]}" for part in order if part in parts)
    path.write_text(f"{text}{mark}\n{body.rstrip()}\n", "utf-8")


def _conditions() -> str:
    """The machine and the versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    cores = f"{model.partition(': ')[2]}, {len(os.sched_getaffinity(0))} cores"
    return f"{platform.system()} {platform.release()}, {cores}; CPython {platform.python_version()}, {versions}."
