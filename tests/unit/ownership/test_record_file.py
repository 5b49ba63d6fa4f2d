"""Replacing the RECORD on disk: atomically, or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from isolated_environment.errors import OwnerGoneError, RecordError
from isolated_environment.ownership.record import read_record, replace_record

OLD = b"demoapp/__init__.py,sha256=x,12\n"
FRONT = b".demoapp.isolated,,\n~demoapp.isolated,,\n"


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "site" / "demoapp-1.0.dist-info" / "RECORD"
    path.parent.mkdir(parents=True)
    path.write_bytes(OLD)
    return path


def replace(record, old=OLD, new=FRONT + OLD):
    temporary = record.parent.parent / "temporary"
    try:
        replace_record(record, old, new, temporary=temporary)
    finally:
        assert not temporary.exists()


def test_the_file_is_replaced_and_keeps_its_mode(record):
    record.chmod(0o640)
    inode = record.stat().st_ino
    replace(record)
    assert record.read_bytes() == FRONT + OLD
    assert stat.S_IMODE(record.stat().st_mode) == 0o640
    assert record.stat().st_ino != inode, "never written in place"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_root_keeps_the_owner_of_the_file(record):
    os.chown(record, 12345, 23456)
    replace(record)
    assert (record.stat().st_uid, record.stat().st_gid) == (12345, 23456)


def test_the_other_hard_link_is_not_changed(record, tmp_path):
    cache = tmp_path / "cache"
    os.link(record, cache)
    replace(record)
    assert cache.read_bytes() == OLD


def test_a_record_that_is_a_link_is_not_touched(record, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    record.rename(elsewhere)
    record.symlink_to(elsewhere)
    with pytest.raises(RecordError, match="not a regular file"):
        replace(record)
    assert elsewhere.read_bytes() == OLD
    assert record.is_symlink()


def test_a_record_that_changed_is_not_overwritten(record):
    record.write_bytes(OLD + b"new.py,,\n")
    with pytest.raises(RecordError, match="changed"):
        replace(record)
    assert record.read_bytes() == OLD + b"new.py,,\n"


def test_a_record_that_changes_while_the_temporary_file_is_written(record, monkeypatch):
    sync = os.fsync

    def change(fd):
        sync(fd)
        record.write_bytes(b"another,,\n")

    monkeypatch.setattr(os, "fsync", change)
    with pytest.raises(RecordError, match="changed"):
        replace(record)
    assert record.read_bytes() == b"another,,\n"


def test_a_record_that_is_gone_means_an_uninstall(record):
    record.unlink()
    with pytest.raises(OwnerGoneError) as caught:
        replace(record)
    assert caught.value.owner == "demoapp-1.0"
    with pytest.raises(OwnerGoneError):
        read_record(record)


def test_a_record_that_goes_while_the_temporary_file_is_written(record, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: record.unlink())
    with pytest.raises(OwnerGoneError):
        replace(record)
    assert not record.exists()


def test_the_temporary_file_is_outside_the_dist_info_and_synced(record, monkeypatch):
    seen = []
    sync = os.fsync

    def look(fd):
        seen.append((os.path.realpath(f"/proc/self/fd/{fd}"), sorted(os.listdir(record.parent))))
        sync(fd)

    monkeypatch.setattr(os, "fsync", look)
    replace(record)
    assert seen == [(str(record.parent.parent / "temporary"), ["RECORD"])]


def test_a_failing_replace_leaves_everything(record, monkeypatch):
    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(RecordError, match="Permission denied"):
        replace(record)
    assert record.read_bytes() == OLD
