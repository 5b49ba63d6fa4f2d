"""The line-based files that installers read."""

from __future__ import annotations

from collections.abc import Iterable


def joined(lines: Iterable[str]) -> str:
    """Return the text of a file of *lines*."""
    return "".join(f"{line}\n" for line in lines)
