"""The cache of bytecode: what is linked, what is missing, and whose directory is not used."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from isolated_environment.lockfile import load_lock
from isolated_environment.store import bytecode
from isolated_environment.store.bytecode import Bytecode, bytecode_directory, keys_of, open_cache

HASH = "ab" * 32


@pytest.fixture
def cache(tmp_path):
    found = open_cache(tmp_path / "cache", sys.executable, "tag")
    for path, text in {"pkg/__pycache__/a.pyc": "A", "pkg/deep/__pycache__/b.pyc": "B"}.items():
        place = found.directory / HASH / path
        place.parent.mkdir(parents=True)
        place.write_text(text)
    return found


@pytest.fixture(autouse=True)
def parents(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "site" / "pkg" / "deep").mkdir(parents=True)


def test_what_is_there_is_linked_and_the_rest_is_named(cache, tmp_path):
    site = tmp_path / "site"
    os.utime(cache.directory / HASH, (0, 0))
    assert cache.link(site, {HASH: "a.dist-info", "other": "b.dist-info"}) == {"other": "b.dist-info"}
    linked, kept = site / "pkg/deep/__pycache__/b.pyc", cache.directory / HASH / "pkg/deep/__pycache__/b.pyc"
    assert linked.read_text() == "B"
    assert linked.stat().st_ino == kept.stat().st_ino, "no space is taken"
    assert (site / "pkg/__pycache__/a.pyc").read_text() == "A"
    assert (cache.directory / HASH).stat().st_mtime > 0, "it is in use"


def test_bytecode_that_a_wheel_brought_is_replaced_and_not_written_through(cache, tmp_path):
    site = tmp_path / "site"
    (site / "pkg/__pycache__").mkdir()
    (site / "pkg/__pycache__/a.pyc").write_text("theirs")
    os.link(site / "pkg/__pycache__/a.pyc", tmp_path / "installer's")
    assert cache.link(site, {HASH: "a.dist-info"}) == {}
    assert (site / "pkg/__pycache__/a.pyc").read_text() == "A"
    assert (tmp_path / "installer's").read_text() == "theirs"


def test_where_nothing_can_be_linked_it_is_copied(cache, tmp_path, monkeypatch):
    def link(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    assert cache.link(tmp_path / "site", {HASH: "a.dist-info"}) == {}
    assert (tmp_path / "site/pkg/__pycache__/a.pyc").read_text() == "A"


def test_half_a_copy_does_not_stay(cache, tmp_path, monkeypatch):
    def copy(_: str, place: str) -> None:
        Path(place).write_text("hal")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "no links here")))
    monkeypatch.setattr(bytecode.shutil, "copyfile", copy)
    assert cache.link(tmp_path / "site", {HASH: "a.dist-info"}) == {HASH: "a.dist-info"}
    assert not list((tmp_path / "site").rglob("*.pyc"))


def test_an_entry_that_goes_meanwhile_is_missing(cache, tmp_path, monkeypatch):
    def mirror(*_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(bytecode, "_mirror", mirror)
    assert cache.link(tmp_path / "site", {HASH: "a.dist-info"}) == {HASH: "a.dist-info"}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_can_write_is_not_used(tmp_path, mode):
    place = bytecode_directory(tmp_path)
    assert place == tmp_path / "bytecode"
    assert bytecode_directory(tmp_path) == place
    place.chmod(mode)
    assert bytecode_directory(tmp_path) is None


def test_somebody_else_s_directory_is_not_used(tmp_path, monkeypatch):
    assert bytecode_directory(tmp_path) is not None
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert bytecode_directory(tmp_path) is None


def test_a_link_or_a_file_in_its_place_is_not_used(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "bytecode").symlink_to(tmp_path / "elsewhere")
    assert bytecode_directory(tmp_path / "a") is None
    (tmp_path / "b").write_text("")
    assert bytecode_directory(tmp_path / "b") is None
    assert open_cache(tmp_path / "b", sys.executable, "tag") is None


def test_the_umask_does_not_open_it(tmp_path):
    before = os.umask(0)
    try:
        assert bytecode_directory(tmp_path / "new") is not None
    finally:
        os.umask(before)


def test_wheels_are_known_by_their_hash_and_what_was_built_here_by_its_name():
    wheel, sdist = (
        f'{{ url = "https://h/{name}", hashes = {{ sha256 = "{HASH}" }} }}'
        for name in ("a_b-1.0-py3-none-any.whl", "c-1.0.zip")
    )
    local = f'{{ path = "/x/d-0-py3-none-any.whl", hashes = {{ sha256 = "{"cd" * 32}" }} }}'
    text = "\n".join(
        [
            *('lock-version = "1.0"', 'created-by = "x"'),
            *("[[packages]]", 'name = "a-b"', 'version = "1.0"', f"wheels = [{wheel}]"),
            *("[[packages]]", 'name = "c"', 'version = "1.0"', f"sdist = {sdist}"),
            *("[[packages]]", 'name = "d"', 'version = "0"', f"archive = {local}"),
        ]
    )
    lock = load_lock(text)
    assert lock is not None
    assert keys_of(lock) == ({HASH: "a-b", "cd" * 32: "d"}, {"c": "c"})


def test_what_cannot_be_linked_leaves_nothing_in_the_cache(tmp_path, monkeypatch):
    cache = Bytecode(tmp_path / "cache", sys.executable)
    made = tmp_path / ".program" / "digest"
    made.mkdir(parents=True)
    (made / "serve.pyc").write_text("S")

    def elsewhere(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", elsewhere)
    with pytest.raises(OSError, match="cross-device"):
        cache.keep(made.parent, "digest.where")
    assert list(cache.directory.iterdir()) == []


def test_the_program_for_calls_is_kept_once(tmp_path):
    cache = Bytecode(tmp_path / "cache", sys.executable)
    made = tmp_path / ".program" / "digest"
    made.mkdir(parents=True)
    (made / "serve.pyc").write_text("S")
    cache.keep(made.parent, "digest.where")
    cache.keep(made.parent, "digest.where")
    cache.keep(made.parent, "another.where")
    assert [path.name for path in cache.directory.iterdir()] == ["digest.where"]
    assert (cache.directory / "digest.where/serve.pyc").read_text() == "S"
