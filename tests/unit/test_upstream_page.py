"""``docs/development/upstream-bugs.md`` has every bug of the packages before this one, and names tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.support.house import CHECKOUT
from tests.support.proofs import problems

#: T44 to T49 were never given out.
BUGS = [f"T{number}" for number in (*range(1, 44), *range(50, 75))]


@pytest.fixture(scope="module")
def page() -> str:
    return (CHECKOUT / "docs" / "development" / "upstream-bugs.md").read_text("utf-8")


def test_every_bug_is_there_and_every_test_exists(page: str) -> None:
    assert problems(page, BUGS) == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        (r"^\| T20 .*\n", "", "row T20 is there 0 times"),
        (r"^\| T20 ", "| T19 ", "row T19 is there 2 times"),
        (r"^\| T74 ", "| T44 ", "row T44 is unknown"),
        (r"^(\| T2 .*)::test_", r"\1::test_no_", "row T2: tests/unit/test_process.py::test_no_"),
        (r"^(\| T2 .*)test_process\.py", r"\1test_processes.py", "row T2: tests/unit/test_processes.py::"),
        (r"^(\| T2 .*)`tests.*`", r"\1it is checked", "row T2 has neither"),
    ],
    ids=["lost", "twice", "one too many", "a test is gone", "a module is gone", "nothing"],
)
def test_what_is_missing_in_the_table_is_noticed(page: str, pattern: str, replacement: str, said: str) -> None:
    broken, count = re.subn(pattern, replacement, page, flags=re.MULTILINE)
    assert count == 1
    found = problems(broken, BUGS)
    assert any(line.startswith(said) for line in found), found
