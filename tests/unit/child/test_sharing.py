"""Shared memory is one memory wherever it is, and is gone when nobody uses it."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import isolated_environment.child
from isolated_environment.child import backing, pickling, sharing
from isolated_environment.child.memory import MOST_SHARED, Outbox, Refused
from tests.support.passing import Line, line, listed_descriptors, open_descriptors, users_of


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = open_descriptors()
    yield
    assert open_descriptors() == before
    assert sharing.live == {}


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Our modules once more, as another process has them: an inbox, and what is shared there."""
    package = ModuleType("isolated_environment_child")
    package.__path__ = [str(Path(isolated_environment.child.__file__).parent)]
    before = set(sys.modules)
    monkeypatch.setitem(sys.modules, package.__name__, package)
    there = importlib.import_module("isolated_environment_child.memory")
    inbox = there.Inbox()
    yield SimpleNamespace(inbox=inbox, live=there.sharing.live)
    inbox.close()
    for name in set(sys.modules) - before:
        del sys.modules[name]


def elsewhere(passed: Line, far: Any, *owners: Any) -> list[memoryview]:
    """Receive as another process does."""
    table, descriptors, inline = passed.outbox.pack(owners)
    return far.inbox.unpack(table, [os.dup(descriptor) for descriptor in descriptors], b"".join(inline))


def test_both_sides_see_what_either_writes(far: Any) -> None:
    owner = sharing.make(100_000)
    with line() as passed:
        (view,) = elsewhere(passed, far, owner)
        view[3] = 4
        assert owner[3] == 4
        owner[5] = 6
        assert view[5] == 6
        assert view.obj is not owner
        del view


def test_it_is_all_zero_and_large_enough_to_travel_as_memory() -> None:
    owner = sharing.make(10)
    assert bytes(owner) == bytes(len(owner))
    assert len(owner) >= pickling.LARGE
    assert sharing.make(0) is not None


def test_what_comes_back_is_the_same_memory() -> None:
    owner = sharing.make(1)
    with line() as passed:
        (view,) = passed.pass_(owner)
        assert view.obj is owner
        assert passed.inbox._held == {}, "each side would keep it for the other"
        del view
    assert len(open_descriptors()) == (1 if sys.version_info >= (3, 13) else 2)


def test_it_stays_mapped_over_there_until_its_maker_is_done_with_it(far: Any) -> None:
    owner = sharing.make(1)
    with line() as passed:
        del elsewhere(passed, far, owner)[:]
        (record,) = far.live.values()
        first = record.exporter()
        assert first is not None
        assert elsewhere(passed, far, owner)[0].obj is first
        del first, record
        inode = os.fstat(next(iter(sharing.live.values())).descriptor).st_ino
        del owner
        gone = passed.outbox.gone()
        assert len(gone) == 1
        assert users_of(inode)
        far.inbox.forget(gone)
        gc.collect()
        assert users_of(inode) == []
        assert passed.outbox.gone() == []


def test_its_descriptor_is_closed_at_once_also_when_it_was_garbage() -> None:
    before = open_descriptors()
    circle: list[Any] = [sharing.make(1)]
    circle.append(circle)
    del circle
    gc.collect()
    assert listed_descriptors() == before


def test_the_next_table_tells_what_is_gone(far: Any) -> None:
    owner = sharing.make(1)
    with line() as passed:
        elsewhere(passed, far, owner)
        del owner
        assert far.inbox._held
        elsewhere(passed, far, b"x" * 70_000)
        assert far.inbox._held == {}


def test_who_uses_it_keeps_it_when_its_maker_is_done(far: Any) -> None:
    owner = sharing.make(1)
    owner[0] = 8
    passed = Line()
    (view,) = elsewhere(passed, far, owner)
    del owner
    far.inbox.forget(passed.outbox.gone())
    passed.close()
    assert view[0] == 8
    del view
    assert far.live == {}


def test_one_memory_needs_one_descriptor_in_a_frame() -> None:
    owner = sharing.make(1)
    with line() as passed:
        views = passed.pass_(owner, owner, owner)
        assert [row[0] for row in passed.table] == ["shared", "again", "again"]
        assert all(view.obj is owner for view in views)
        del views


def test_more_than_a_message_can_carry_is_refused() -> None:
    owners = [sharing.make(1) for _ in range(MOST_SHARED + 1)]
    with line() as passed, pytest.raises(pickling.Unpicklable, match="more than 64"):
        passed.pass_(*owners)


def test_where_no_descriptor_can_travel_it_is_refused() -> None:
    owner = sharing.make(1)
    with pytest.raises(pickling.Unpicklable, match="no descriptor"):
        Outbox(None).pack([owner])


def test_memory_under_the_name_of_another_is_refused() -> None:
    owner = sharing.make(1)
    (key,) = sharing.live
    with line() as passed:
        for size in (len(owner), 2 * len(owner)):
            with pytest.raises(Refused, match="name of another"):
                passed.inbox.unpack([("shared", key, size)], [backing.create(size)])


def test_memory_that_is_not_sealed_is_refused() -> None:
    descriptor = os.memfd_create("isolated-environment-test")
    os.ftruncate(descriptor, 1 << 16)
    with line() as passed, pytest.raises(Refused, match="not sealed"):
        passed.inbox.unpack([("shared", b"key", 1 << 16)], [descriptor])


def test_no_room_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        sharing.make(100)
