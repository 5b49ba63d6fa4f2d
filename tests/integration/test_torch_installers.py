"""How installers treat PyTorch, case by case, and what becomes of each case with this library."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.torch_rows import ROWS, Row
from tests.support.torch_scene import scene
from tests.support.torch_world import main_directory, pages_directory  # noqa: F401 -- fixtures

#: One of each kind; the rest of what they show is in test_torch.py, or among the slow ones.
QUICK = {
    "uv": {"P11 U11", "P23 P24 P25 U23", "U24", "U31 U32 U33", "P40 U40 U43", "X01 X02"},
    "pip": {"P11 U11", "P51 U51"},
}
CASES = [
    pytest.param(row, tool, id=f"{row.what}-{tool}", marks=() if row.cases in QUICK[tool] else pytest.mark.slow)
    for row in ROWS
    for tool in QUICK
]


@pytest.mark.parametrize(("row", "tool"), CASES)
def test_the_pinned_build_or_a_clear_error(
    row: Row,
    tool: str,
    tmp_path: Path,
    pages_directory: Path,  # noqa: F811
    main_directory: Path,  # noqa: F811
) -> None:
    with scene(tmp_path / "scene", tool, pages_directory, main_directory, **row.ways) as at:
        assert row.replay(at) == row.expected


def test_every_toolchain_has_quick_rows() -> None:
    known = {row.cases for row in ROWS}
    assert all(quick <= known for quick in QUICK.values())
