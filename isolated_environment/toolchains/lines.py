"""The line-based files that installers read."""

from __future__ import annotations

from collections.abc import Iterable

from ..plan import BuildOrder

#: What limits the requirements of builds from source, in the working directory.
BUILD_CONSTRAINTS = "build-constraints.txt"


def joined(lines: Iterable[str]) -> str:
    """Return the text of a file of *lines*."""
    return "".join(f"{line}\n" for line in lines)


def build_constraint_files(order: BuildOrder) -> dict[str, str | bytes]:
    """Return the file of what limits the requirements of builds; none where nothing does."""
    limits = order.content.build_constraints
    return {BUILD_CONSTRAINTS: joined(item.text for item in limits)} if limits else {}
