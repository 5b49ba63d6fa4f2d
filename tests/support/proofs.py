"""Tables of the documentation whose last column names the tests that prove each row; what can be wrong with them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import cache

from tests.support.house import CHECKOUT

#: A row: its id, what went or goes wrong, where it is checked.
_ROW = re.compile(r"^\| (T?\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
#: A test that is named.
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
#: What begins the last cell of a row that has no test.
_ABSENT = ("not there yet: ", "does not apply: ")


@cache
def _functions(path: str) -> frozenset[str]:
    """The names of the functions of a module; none where there is no module."""
    file = CHECKOUT / path
    if not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def problems(text: str, ids: Collection[str], proves: Callable[[str, str], bool] | None = None) -> list[str]:
    """One line for everything that is wrong with the table in *text*.

    Args:
        text: The page.
        ids: Every row that there must be, once.
        proves: Whether a test may prove a row, by the name of the one and the id of the other; any may by default.
    """
    rows = _ROW.findall(text)
    counts = Counter(row for row, _, _ in rows)
    found = [f"row {row} is there {counts[row]} times" for row in ids if counts[row] != 1]
    found += [f"row {row} is unknown" for row in counts if row not in ids]
    for row, _, where in rows:
        named = _TEST.findall(where)
        found += [f"row {row}: {path}::{name} is gone" for path, name in named if name not in _functions(path)]
        proofs = [name for _, name in named if proves is None or proves(name, row)]
        if not proofs and not where.startswith(_ABSENT):
            found.append(f"row {row} has neither a test that may prove it nor a reason")
    return found
