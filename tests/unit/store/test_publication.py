"""A receipt is replaced whole or not at all, after everything else, and the stable links follow it."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from isolated_environment.layout import Layout
from isolated_environment.receipt import SCHEMA, Receipt, read
from isolated_environment.store import publication
from isolated_environment.store.publication import publish, sync_file_systems, write_atomically

#: The tests go without it otherwise.
SYNC_ONE = publication._sync_one


@pytest.fixture
def layout(tmp_path):
    (tmp_path / "it's here" / "g1" / "bin").mkdir(parents=True)
    return Layout(str(tmp_path / "it's here"))


def receipt_of(layout, name="g1") -> Receipt:
    empty: dict[str, object] = {"base": {}, "declaration": {}, "content": {}, "local": {}}
    return Receipt({"schema": SCHEMA, "generation": name, "root": layout.root, "handed_out": False, **empty})


def test_bytes_are_written_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    write_atomically(path, b"after")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o644 & ~_umask()
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace", "fdopen"])
def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(publication.os, call, fail)
        with pytest.raises(OSError, match="Input/output"):
            write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file"]


def test_an_interruption_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(publication.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", b"after")
    assert os.listdir(tmp_path) == []


def test_a_link_is_replaced_and_not_written_through(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    (tmp_path / "file").symlink_to("elsewhere")
    write_atomically(tmp_path / "file", b"after")
    assert (tmp_path / "elsewhere").read_bytes() == b"not ours"
    assert not (tmp_path / "file").is_symlink()


def test_the_receipt_comes_after_its_lock_and_before_the_links(layout, monkeypatch):
    order = []
    write, point = publication.write_atomically, publication._point_links
    monkeypatch.setattr(publication, "write_atomically", lambda p, d: (order.append(p.name), write(p, d)))
    monkeypatch.setattr(publication, "_point_links", lambda *a: (order.append("links"), point(*a)))
    publish(layout, receipt_of(layout), "lock")
    assert order == ["pylock.toml", "isolated-environment.json", "links", "activate"]
    assert read(layout.receipt).generation == "g1"
    assert Path(layout.pylock).read_text() == "lock"


def test_without_a_new_lock_the_one_there_stays(layout):
    publish(layout, receipt_of(layout), "lock")
    publish(layout, receipt_of(layout), None)
    assert Path(layout.pylock).read_text() == "lock"


@pytest.mark.parametrize("name", ["receipt", "pylock"])
def test_a_directory_in_the_place_of_a_file_goes_to_the_trash(layout, name):
    Path(getattr(layout, name), "inside").mkdir(parents=True)
    publish(layout, receipt_of(layout), "lock")
    assert Path(getattr(layout, name)).is_file()
    assert len(os.listdir(layout.trash)) == 1


def test_the_stable_links_follow(layout):
    os.makedirs(layout.prefix("g2") + "/bin")
    for name in ("g1", "g2"):
        publish(layout, receipt_of(layout, name), "lock")
        assert os.readlink(layout.bin) == f"{name}/bin"
    Path(layout.prefix("g2"), "bin", "activate").write_text("echo entered\n")
    shell = subprocess.run(["sh", "-c", '. "$1"', "sh", layout.activate], capture_output=True, text=True, check=True)
    assert shell.stdout == "entered\n"
    assert sorted(os.listdir(layout.root)) == [
        "activate",
        "bin",
        "g1",
        "g2",
        "isolated-environment.json",
        "pylock.toml",
    ]


def test_links_that_cannot_be_made_do_not_stop_publication(layout):
    Path(layout.bin, "inside").mkdir(parents=True)
    publish(layout, receipt_of(layout), "lock")
    assert read(layout.receipt).generation == "g1"


def test_each_file_system_is_synced_once(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(publication, "_sync_one", synced.append)
    (tmp_path / "a").mkdir()
    sync_file_systems([tmp_path, tmp_path / "a", tmp_path / "missing"])
    assert synced == [tmp_path]


def test_a_disk_that_fails_to_sync_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(publication, "_sync_one", SYNC_ONE)
    sync_file_systems([tmp_path])  # it works here

    class Failing:
        def syncfs(self, _: int) -> int:
            publication.ctypes.set_errno(errno.EIO)
            return -1

    monkeypatch.setattr(publication.sys, "platform", "linux")
    monkeypatch.setattr(publication.ctypes, "CDLL", lambda *_, **__: Failing())
    with pytest.raises(OSError, match="Input/output") as caught:
        sync_file_systems([tmp_path])
    assert caught.value.errno == errno.EIO


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
