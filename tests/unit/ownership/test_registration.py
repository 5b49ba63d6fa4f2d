"""Registering with the owner: container and tag first, rows next, then the root and the link."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from isolated_environment.errors import NotOurDirectoryError, RecordError
from isolated_environment.ownership import registration
from isolated_environment.ownership.container import is_ours, make_container, read_tag
from isolated_environment.ownership.record import has_rows
from isolated_environment.ownership.registration import register, unregister
from isolated_environment.ownership.stamp import is_registered
from tests.support.listing import listing


@pytest.fixture
def owner(put):
    return put("demoapp")


@pytest.fixture
def place(owner, place_of, site):
    return place_of(site / "demoapp" / "env")


# registering


def test_everything_is_there_afterwards(place, owner, site):
    found = register(place)
    assert is_registered(found)
    assert read_tag(owner.container)["owner"] == "demoapp"
    assert read_tag(owner.container)["application"] == str(site / "demoapp")
    assert owner.record.read_text().startswith(
        ".demoapp.isolated,,\n~demoapp.isolated,,\ndemoapp/env,,\ndemoapp/__init__"
    )
    assert os.readlink(site / "demoapp" / "env") == os.path.join("..", ".demoapp.isolated", "env")
    assert sorted(path.name for path in site.iterdir()) == [".demoapp.isolated", "demoapp", owner.dist_info.name]


def test_twice_is_once(place, site):
    register(place)
    before = listing(site)
    register(place)
    assert listing(site) == before


def test_the_container_is_there_whole_before_the_rows_are(place, owner, monkeypatch):
    seen = []
    replace = registration.replace_record

    def look(*args, **kwargs):
        seen.append(is_ours(owner.container))
        replace(*args, **kwargs)

    monkeypatch.setattr(registration, "replace_record", look)
    register(place)
    assert seen == [True]


def entries_of(directory: Path) -> int | None:
    """How many entries a directory has, of which it is sure that it was at its place meanwhile."""
    try:
        fd = os.open(directory, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        count = len(os.listdir(fd))
        return count if os.path.samestat(os.fstat(fd), os.stat(directory)) else None
    except FileNotFoundError:
        return None
    finally:
        os.close(fd)


def test_the_container_is_never_seen_without_a_file(place, owner):
    """An empty directory that RECORD lists makes pip remove site-packages itself."""
    done = threading.Event()
    seen: set[int | None] = set()

    def watch():
        while not done.is_set():
            seen.add(entries_of(owner.container))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(30):
            register(place)
            place.root.rmdir()
            unregister(place)
    finally:
        done.set()
        watcher.join()
    assert seen - {None}, "it was looked at while it was there"
    assert 0 not in seen
    assert has_rows(owner.record.read_bytes(), owner.rows), "rows without a container are harmless"


def test_many_at_once_make_one_registration(place, owner, site):
    errors = []

    def work():
        try:
            assert is_registered(register(place))
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert owner.record.read_bytes().count(b".demoapp.isolated,,") == 1
    assert sorted(path.name for path in site.iterdir()) == [".demoapp.isolated", "demoapp", owner.dist_info.name]


def test_two_environments_of_one_owner(owner, place_of, site):
    one, two = place_of(site / "demoapp" / "one"), place_of(site / "demoapp" / "two")
    first, second = register(one), register(two)
    assert is_registered(first)
    assert is_registered(second)
    size = owner.record.stat().st_size
    register(one)
    register(two)
    assert owner.record.stat().st_size == size, "they do not push each other out"


def test_missing_directories_below_the_package_are_made(owner, place_of, site):
    place = place_of(site / "demoapp" / "data" / "envs" / "one")
    assert is_registered(register(place))
    assert place.path.is_dir()
    place.root.rmdir()
    unregister(place)
    assert sorted(path.name for path in (site / "demoapp").iterdir()) == ["__init__.py"]


def test_where_no_link_can_be_made_the_rest_serves(place, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert is_registered(register(place))
    assert place.root.is_dir()
    assert not os.path.lexists(place.path)


def test_an_empty_directory_makes_way_for_the_link(place):
    place.path.mkdir()
    register(place)
    assert place.path.is_symlink()


def test_a_stale_link_of_ours_is_renewed(place, owner):
    place.path.symlink_to("../.demoapp.isolated/elsewhere")
    register(place)
    assert place.path.resolve() == place.root


def test_such_a_container_without_its_tag_is_refused_and_its_content_kept(place, owner, tmp_path):
    register(place)
    elsewhere = tmp_path / "elsewhere"
    owner.container.rename(elsewhere)
    (elsewhere / "owner.json").unlink()
    owner.container.symlink_to(elsewhere)
    before = listing(elsewhere)
    with pytest.raises(NotOurDirectoryError):
        register(place)
    assert listing(elsewhere) == before


def test_what_changes_under_our_feet_is_looked_at_again(place, monkeypatch):
    make, calls = registration.make_link, []

    def vanish(target):
        calls.append(target)
        if len(calls) == 1:
            raise FileExistsError(17, "File exists")
        make(target)

    monkeypatch.setattr(registration, "make_link", vanish)
    assert is_registered(register(place))


@pytest.mark.parametrize("kind", ["directory", "file", "link", "link to another site", "dangling link"])
def test_what_is_not_ours_at_the_path_stays_and_gets_no_row(place, owner, tmp_path, kind):
    """Its row would make the uninstall delete it."""
    (tmp_path / "outside" / ".demoapp.isolated" / "env").mkdir(parents=True)
    targets = {"link": "outside", "link to another site": "outside/.demoapp.isolated/env", "dangling link": "missing"}
    if kind == "directory":
        place.path.mkdir()
        (place.path / "data").touch()
    elif kind == "file":
        place.path.touch()
    else:
        place.path.symlink_to(tmp_path / targets[kind])
    before = listing(owner.site_packages)
    with pytest.raises(NotOurDirectoryError) as caught:
        register(place)
    assert caught.value.path == str(place.path)
    assert listing(owner.site_packages) == before


@pytest.mark.parametrize("kind", ["directory", "tag of another tool", "file", "dangling link"])
def test_a_container_that_is_not_ours_is_refused(place, owner, kind):
    if kind == "file":
        owner.container.touch()
    elif kind == "dangling link":
        owner.container.symlink_to("missing")
    else:
        owner.container.mkdir()
        tag = {"tool": "another"} if kind == "tag of another tool" else []
        (owner.container / "owner.json").write_text(json.dumps(tag))
        (owner.container / "data").touch()
    before = listing(owner.site_packages)
    with pytest.raises(NotOurDirectoryError) as caught:
        register(place)
    assert caught.value.path == str(owner.container)
    assert listing(owner.site_packages) == before


def test_a_container_that_its_user_moved_to_another_disk(place, owner, tmp_path):
    make_container(tmp_path / ".demoapp.isolated", owner="demoapp", application=place.application)
    owner.container.symlink_to(tmp_path / ".demoapp.isolated")
    assert is_registered(register(place))
    assert (tmp_path / ".demoapp.isolated" / "env").is_dir()
    place.root.rmdir()
    unregister(place)
    assert owner.container.is_symlink()


@pytest.mark.parametrize("left", [(), ("lock",)])
def test_an_empty_container_is_taken(place, owner, left):
    owner.container.mkdir()
    for name in left:
        (owner.container / name).touch()
    assert is_registered(register(place))


def test_the_rest_of_an_uninstall_that_was_cut_short_makes_way(place, owner):
    """uv was killed while it deleted the container: the tag is gone, RECORD with our rows is there."""
    register(place)
    (place.root / "g1").mkdir()
    (place.root / "g1" / "file").touch()
    (owner.container / "owner.json").unlink()
    assert is_registered(register(place))
    assert is_ours(owner.container)
    assert list(place.root.iterdir()) == []


def test_what_killed_processes_left_is_swept_and_nothing_else(place, owner, site):
    strays = [f".demoapp.isolated-{'0' * 31}{number}" for number in (1, 2)]
    kept = [".demoapp.isolated-notes", f".demoapp.isolated-{'0' * 31}", f".other.isolated-{'0' * 32}"]
    (site / strays[0]).write_text("a RECORD that was not put in place")
    (site / strays[1]).mkdir()
    (site / strays[1] / "owner.json").touch()
    for name in kept:
        (site / name).touch()
    register(place)
    assert not {path.name for path in site.iterdir()} & set(strays)
    assert {path.name for path in site.iterdir()} >= set(kept)


def test_a_record_that_another_installer_changes_is_tried_again(place, owner, monkeypatch):
    replace, calls = registration.replace_record, []

    def meddle(record, old, new, *, temporary):
        calls.append(1)
        if len(calls) == 1:
            record.write_bytes(record.read_bytes() + b"meddled.py,,\n")
        replace(record, old, new, temporary=temporary)

    monkeypatch.setattr(registration, "replace_record", meddle)
    assert is_registered(register(place))
    assert b"meddled.py" in owner.record.read_bytes()


def test_a_record_that_cannot_be_edited_leaves_no_container(place, owner):
    owner.record.write_bytes(b"\xef\xbb\xbf" + owner.record.read_bytes())
    with pytest.raises(RecordError):
        register(place)
    assert not owner.container.exists()
