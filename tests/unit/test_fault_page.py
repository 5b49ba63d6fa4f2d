"""``docs/development/faults.md`` has every row of the fault matrix, and names tests that exist."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent.parent
ROWS = range(1, 79)

#: A row of the table: its number, the fault, where it is checked.
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
#: A test that is named.
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
#: What begins the cell of a row that has no test of its own.
ABSENT = "not there yet: "


@cache
def functions(path: str) -> frozenset[str]:
    """The names of the functions of a module; none where there is no module."""
    file = CHECKOUT / path
    if not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def problems(text: str) -> list[str]:
    """One line for everything that is wrong with the table in *text*."""
    rows = ROW.findall(text)
    counts = Counter(int(number) for number, _, _ in rows)
    found = [f"row {number} is there {counts[number]} times" for number in ROWS if counts[number] != 1]
    found += [f"row {number} is not of the matrix" for number in counts if number not in ROWS]
    for number, _, where in rows:
        named = TEST.findall(where)
        found += [f"row {number}: {path}::{name} is gone" for path, name in named if name not in functions(path)]
        if not where.startswith(ABSENT) and not any(number in numbers(name) for _, name in named):
            found.append(f"row {number} has neither a test with its number nor a reason")
    return found


def numbers(name: str) -> list[str]:
    """The rows that the name of a test says: ``test_row_5_7_9_…``."""
    match = re.match(r"test_row_((?:\d+_)+)", name)
    return match[1].split("_")[:-1] if match else []


@pytest.fixture(scope="module")
def page() -> str:
    return (CHECKOUT / "docs" / "development" / "faults.md").read_text("utf-8")


def test_every_row_is_there_and_every_test_exists(page: str) -> None:
    assert problems(page) == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        (r"^\| 33 .*\n", "", "row 33 is there 0 times"),
        (r"^\| 33 ", "| 32 ", "row 32 is there 2 times"),
        (r"^\| 78 ", "| 79 ", "row 79 is not of the matrix"),
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
    assert any(line.startswith(said) for line in problems(broken)), problems(broken)
