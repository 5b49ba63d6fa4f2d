"""``docs/development/faults.md`` has every row of the fault matrix, and names tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.support.house import CHECKOUT
from tests.support.proofs import problems

ROWS = [str(number) for number in range(1, 79)]


def has_number(name: str, row: str) -> bool:
    """Whether the name of a test says the row: ``test_row_5_7_9_…``."""
    match = re.match(r"test_row_((?:\d+_)+)", name)
    return match is not None and row in match[1].split("_")


@pytest.fixture(scope="module")
def page() -> str:
    return (CHECKOUT / "docs" / "development" / "faults.md").read_text("utf-8")


def test_every_row_is_there_and_every_test_exists(page: str) -> None:
    assert problems(page, ROWS, has_number) == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        (r"^\| 33 .*\n", "", "row 33 is there 0 times"),
        (r"^\| 33 ", "| 32 ", "row 32 is there 2 times"),
        (r"^\| 78 ", "| 79 ", "row 79 is unknown"),
        (r"^(\| 33 .*)::test_row_33", r"\1::test_row_33_once", "row 33: tests/fault/test_lock.py::test_row_33_once_a_"),
        (r"^(\| 33 .*)test_lock\.py", r"\1test_locks.py", "row 33: tests/fault/test_locks.py::"),
        (r"^(\| 33 .*)`tests.*`", r"\1it is checked", "row 33 has neither"),
        (
            r"^(\| 33 .*)`tests.*`",
            r"\1`tests/fault/test_moved.py::test_row_25_moved_under_a_live_handle`",
            "row 33 has",
        ),
    ],
    ids=[
        "a row is lost",
        "twice",
        "one too many",
        "a test is gone",
        "a module is gone",
        "nothing",
        "another row's test",
    ],
)
def test_what_is_missing_is_noticed(page: str, pattern: str, replacement: str, said: str) -> None:
    broken, count = re.subn(pattern, replacement, page, flags=re.MULTILINE)
    assert count == 1
    found = problems(broken, ROWS, has_number)
    assert any(line.startswith(said) for line in found), found
