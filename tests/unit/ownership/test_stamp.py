"""Is it still registered?  Asked on every use."""

from __future__ import annotations

import builtins
import os

import pytest

from isolated_environment.ownership.registration import register
from isolated_environment.ownership.stamp import is_registered, stamp_of


@pytest.fixture
def owner(put):
    return put("demoapp")


@pytest.fixture
def registration(owner, place_of, site):
    return register(place_of(site / "demoapp" / "env"))


def test_where_no_record_is_concerned_it_always_is():
    assert is_registered(None)


def test_an_unchanged_record_is_not_even_opened(registration, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("opened")

    monkeypatch.setattr(builtins, "open", refuse)
    assert is_registered(registration)


def test_a_rewritten_record_counts_while_the_rows_are_first(registration, owner):
    data = owner.record.read_bytes()
    owner.record.write_bytes(data + b"new.py,,\n")
    assert is_registered(registration)
    owner.record.write_bytes(b"new.py,sha256=x,1\n" + data)
    assert not is_registered(registration)
    owner.record.write_bytes(b".demoapp.isolated,,\n~demoapp.isolated,,\n" + data.partition(b"demoapp/__init__")[2])
    assert not is_registered(registration), "the link's row is gone"


def test_an_equal_size_does_not_hide_a_change(registration, owner):
    found = owner.record.stat()
    owner.record.write_bytes(owner.record.read_bytes().replace(b".demoapp.isolated,,", b".demoapp.isolatex,,"))
    assert owner.record.stat().st_size == found.st_size
    assert stamp_of(str(owner.record)) != registration["stamp"]
    assert not is_registered(registration)


def test_a_record_that_is_gone(registration, owner):
    owner.record.unlink()
    assert not is_registered(registration)


def test_the_link_counts(registration, site):
    link = site / "demoapp" / "env"
    os.unlink(link)
    assert not is_registered(registration)
    link.mkdir()
    assert not is_registered(registration), "a directory in its place"


@pytest.mark.parametrize("name", ["record", "stamp", "rows", "link", "path"])
@pytest.mark.parametrize("garbage", [None, 7, [], "", {"a": 1}, "missing"])
def test_garbage_never_raises(registration, owner, name, garbage):
    broken = {**registration, name: garbage}
    if garbage == "missing":
        del broken[name]
    owner.record.write_bytes(owner.record.read_bytes() + b"x,,\n")
    assert is_registered(broken) in {True, False}
