"""What is collected when, and that nothing in use, current or foreign ever is."""

from __future__ import annotations

import os
import time

import pytest

from isolated_environment.layout import TAG_NAME, Layout
from isolated_environment.leases import seize, share
from isolated_environment.receipt import SCHEMA, Receipt
from isolated_environment.store import collection
from isolated_environment.store.collection import (
    KEEP,
    collect,
    delete_tree,
    discard,
    empty_trash,
    mark_superseded,
    next_generation,
    to_trash,
)


@pytest.fixture
def layout(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "TIGHT", 0)
    layout = Layout(str(tmp_path / "env"))
    (tmp_path / "env" / "leases").mkdir(parents=True)
    (tmp_path / "env" / "log").mkdir()
    return layout


def make(layout, name, *, done=True, lease=True) -> str:
    prefix = layout.prefix(name)
    os.makedirs(prefix + "/bin")
    if done:
        open(prefix + "/pylock.toml", "w").close()
    if lease:
        seize(layout.lease(name), create=True).release()
    return prefix


def receipt_of(layout, name, previous=None) -> Receipt:
    fields = {
        "schema": SCHEMA,
        "generation": name,
        "root": layout.root,
        "base": {},
        "declaration": {},
        "content": {},
        "local": {},
        "handed_out": True,
        "previous": None,
    }
    return Receipt({**fields, "previous": previous and {**fields, "generation": previous}})


def there(layout) -> list[str]:
    return sorted(name for name in os.listdir(layout.root) if name.startswith("g"))


def age(layout, name, seconds) -> None:
    moment = time.time() - seconds
    os.utime(layout.lease(name), (moment, moment))


def test_abandoned_attempts_go_at_once(layout):
    make(layout, "g1")
    make(layout, "g2", done=False)
    os.mkdir(make(layout, "g3") + "/.build")
    make(layout, "g4", done=False, lease=False)
    assert collect(layout, receipt_of(layout, "g1")) == ["g2", "g3", "g4"]
    assert there(layout) == ["g1"]


def test_a_superseded_one_goes_after_an_hour_or_when_forced(layout):
    for name in ("g1", "g2", "g3"):
        make(layout, name)
    age(layout, "g1", KEEP + 1)
    age(layout, "g2", KEEP - 60)
    assert collect(layout, receipt_of(layout, "g3")) == ["g1"]
    assert collect(layout, receipt_of(layout, "g3"), force=True) == ["g2"]
    assert there(layout) == ["g3"]


def test_the_hour_begins_when_it_is_superseded(layout):
    for name in ("g1", "g2"):
        make(layout, name)
        age(layout, name, 10 * KEEP)
    mark_superseded(layout, receipt_of(layout, "g1"))
    assert collect(layout, receipt_of(layout, "g2")) == []
    age(layout, "g1", 10 * KEEP)
    mark_superseded(layout, None)
    assert collect(layout, receipt_of(layout, "g2")) == [], "where the receipt was lost, any may have been current"


def test_a_leased_one_stays_whatever_is_forced(layout):
    for name in ("g1", "g2"):
        make(layout, name)
    lease = share(layout.lease("g1"))
    age(layout, "g1", 10 * KEEP)
    assert collect(layout, receipt_of(layout, "g2"), force=True) == []
    lease.release()
    assert collect(layout, receipt_of(layout, "g2"), force=True) == ["g1"]


def test_an_attempt_that_is_being_built_stays(layout):
    make(layout, "g1")
    make(layout, "g2", done=False, lease=False)
    builder = seize(layout.lease("g2"), create=True)
    assert collect(layout, receipt_of(layout, "g1"), force=True) == []
    builder.release()
    assert collect(layout, receipt_of(layout, "g1")) == ["g2"]


def test_the_one_for_rollback_stays_while_the_disk_has_room(layout, monkeypatch):
    for name in ("g1", "g2", "g3"):
        make(layout, name)
    assert collect(layout, receipt_of(layout, "g3", "g2"), force=True) == ["g1"]
    monkeypatch.setattr(collection, "TIGHT", 1 << 62)
    assert collect(layout, receipt_of(layout, "g3", "g2"), force=True) == ["g2"]


def test_without_working_leases_nothing_goes(layout, monkeypatch):
    import errno
    import fcntl

    make(layout, "g1")

    def flock(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert collect(layout, receipt_of(layout, "g2"), force=True) == []
    assert there(layout) == ["g1"]


@pytest.mark.parametrize("kind", ["gone", "link"])
def test_a_lease_that_nobody_can_hold_protects_nothing(layout, kind):
    make(layout, "g1", lease=False)
    if kind == "link":
        os.symlink("/dev/null", layout.lease("g1"))
    assert discard(layout, "g1")
    assert there(layout) == []


def test_a_lease_that_cannot_be_asked_protects(layout, monkeypatch):
    make(layout, "g1")

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(collection, "seize", refuse)
    assert not discard(layout, "g1")
    assert there(layout) == ["g1"]


def test_a_name_is_never_used_again(layout):
    assert next_generation(layout, None) == "g1"
    assert next_generation(layout, receipt_of(layout, "g7")) == "g8"
    seize(layout.lease("g9"), create=True).release()
    assert next_generation(layout, receipt_of(layout, "g7")) == "g10"
    make(layout, "g11", lease=False)
    assert next_generation(layout, None) == "g12"
    to_trash(layout, "g11")
    assert next_generation(layout, None) == "g12", "an orphaned installer may still write there"


def test_old_leases_logs_and_torn_files_are_swept(layout):
    for name in ("g1", "g2", "g5"):
        make(layout, name)
    for name in ("g3", "g7"):
        seize(layout.lease(name), create=True).release()
    torn = ["." + "isolated-environment.json." + "a" * 32, ".pylock.toml." + "b" * 32, "bin." + "c" * 32]
    torn.append(f"{TAG_NAME}.4711")
    mine = ["notes.txt", f"{TAG_NAME}.bak", ".isolated-environment.json.old"]
    for name in [*torn, *mine]:
        open(os.path.join(layout.root, name), "w").close()
    for number in range(14):
        path = os.path.join(layout.log, f"g{number}.log")
        open(path, "w").close()
        os.utime(path, (number, number))
    collect(layout, receipt_of(layout, "g5"), force=True)
    assert sorted(os.listdir(layout.leases)) == ["g5", "g7"], "a name above the newest is used"
    assert set(os.listdir(layout.root)) & {*torn, *mine} == set(mine)
    assert sorted(os.listdir(layout.log)) == sorted(f"g{number}.log" for number in range(4, 14))


def test_the_trash_is_emptied_and_what_is_in_use_by_others_is_not_theirs_to_lose(layout, tmp_path):
    prefix = make(layout, "g1")
    os.symlink(tmp_path, prefix + "/link")
    os.chmod(prefix + "/bin", 0o500)
    assert to_trash(layout, "g1")
    (name,) = os.listdir(layout.trash)
    assert name.startswith("g1.")
    empty_trash(layout)
    assert os.listdir(layout.trash) == []
    assert tmp_path.is_dir()
    assert os.path.isdir(layout.leases), "the link was not followed"


def test_a_trash_that_is_a_link_is_replaced_and_not_emptied(layout, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").touch()
    os.symlink(tmp_path / "elsewhere", layout.trash)
    empty_trash(layout)
    make(layout, "g1")
    assert to_trash(layout, "g1")
    empty_trash(layout)
    assert not os.path.islink(layout.trash)
    assert os.listdir(tmp_path / "elsewhere") == ["mine"]


def test_to_trash_says_whether_the_name_is_free(layout, monkeypatch):
    assert to_trash(layout, "g1"), "it was not there"
    make(layout, "g1")

    def refuse(self: object, target: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(collection.Path, "rename", refuse)
    assert not to_trash(layout, "g1")
    assert there(layout) == ["g1"]


def test_a_directory_that_a_package_made_read_only_is_deleted(tmp_path):
    inner = tmp_path / "tree" / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    inner.chmod(0o500)
    inner.parent.chmod(0o000)
    delete_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
    delete_tree(tmp_path / "tree")
