"""A table of buffers that is wrong is refused, whatever stands in it, and nothing of it stays open."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isolated_environment.child import backing, sharing
from isolated_environment.child.memory import Inbox, Refused
from tests.support.passing import open_descriptors

MIB = 1 << 20


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([("lease", 7, 10)], "7"),
        ([("copy", 7, 0, 10)], "7"),
        ([("new", 1, MIB), ("lease", 1, MIB + 1)], "outside"),
        ([("new", 1, MIB), ("copy", 1, MIB, 1)], "outside"),
        ([("new", 1, MIB), ("copy", 1, -1, 1)], "outside"),
        ([("new", 1, MIB), ("lease", 1, 5), ("lease", 1, 5)], "still in use"),
        ([("new", 1, 2 * MIB)], "octets"),
        ([("new", 1, MIB), ("new", 2, MIB)], "pop"),
        ([("inline", 10)], "fewer"),
        ([("open", "/etc/passwd")], "row"),
        ([("new", -1, MIB)], "numbered"),
        ([("new", "1", MIB)], "numbered"),
        ([("new", 1, 0)], "0 octets"),
        ([("new", 1, -5)], "-5 octets"),
        ([("shared", ["key"], MIB)], "row"),
        ([("shared", b"key", MIB + 1)], "octets"),
        ([("again", b"key")], "row"),
        ([("new", 1)], "row"),
        ([()], "row"),
        ([3], "row"),
        ([], "belong to nothing"),
    ],
)
def test_a_wrong_table_is_refused_and_no_descriptor_of_it_stays(table: list[Any], message: str) -> None:
    inbox = Inbox()
    descriptor = backing.create(MIB)
    with pytest.raises(Refused, match=message):
        inbox.unpack(table, [descriptor])
    inbox.close()
    assert open_descriptors() == set()


_values = st.one_of(st.integers(-2, 3), st.just(MIB), st.text(max_size=3), st.binary(max_size=3), st.none())
_kinds = st.sampled_from(["new", "lease", "copy", "inline", "shared", "again", "gone", "x", ""])


@settings(max_examples=30)
@given(st.lists(st.tuples(_kinds, _values, _values, _values).map(lambda row: row[: 2 + len(str(row[1])) % 3])))
def test_any_table_is_used_or_refused(table: list[Any]) -> None:
    inbox = Inbox()
    try:
        inbox.unpack(table, [backing.create(MIB), backing.create(MIB)], bytes(100))
    except (Refused, OSError):
        pass
    finally:
        inbox.close()
    assert open_descriptors() == set()
    assert sharing.live == {}
