"""Reading a receipt never blocks, never follows a link, and never takes anything unsound for one."""

from __future__ import annotations

import errno
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolated_environment import receipt as module
from isolated_environment.receipt import SCHEMA, Receipt, Unusable, identify_base, parse, read

FIELDS = {
    "schema": SCHEMA,
    "generation": "g3",
    "root": "/somewhere/env",
    "base": {"executable": "/usr/bin/python3", "version": "3.11.7", "size": 1, "mtime": 2},
    "declaration": {"asks": []},
    "content": {"asks": []},
    "local": {},
    "handed_out": True,
    "previous": None,
    "digest": "d",
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_a_receipt_survives_writing_and_reading():
    receipt = parse(Receipt(FIELDS).serialized())
    assert receipt.as_json() == FIELDS
    assert (receipt.generation, receipt.root, receipt.handed_out) == ("g3", "/somewhere/env", True)
    assert receipt.get("digest") == "d"
    assert receipt.get("nothing") is None


def test_a_changed_copy_leaves_the_original():
    receipt = Receipt(FIELDS)
    assert receipt.replaced(generation="g4").generation == "g4"
    assert receipt.generation == "g3"


def test_only_one_earlier_receipt_is_kept():
    middle = Receipt({**FIELDS, "generation": "g4", "previous": FIELDS})
    newest = Receipt({**FIELDS, "generation": "g5", "previous": middle.without_previous()})
    assert newest.previous is not None
    assert newest.previous.generation == "g4"
    assert newest.previous.previous is None


def test_an_unsound_earlier_receipt_is_none():
    assert Receipt({**FIELDS, "previous": {"schema": 0}}).previous is None
    assert Receipt({**FIELDS, "previous": 5}).previous is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"9" * 5000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b"{}", "has schema None"),
        (b'{"schema": 2}', "from a newer version"),
        (b'{"schema": "1"}', "has schema '1'"),
        (b'{"schema": 1}', "no usable 'generation'"),
    ],
)
def test_what_is_no_receipt_says_why(data, why):
    with pytest.raises(Unusable, match=why):
        parse(data)


@pytest.mark.parametrize("name", ["generation", "root", "base", "declaration", "content", "local", "handed_out"])
@given(value=anything)
def test_a_field_of_another_type_is_unusable(name, value):
    if type(value) is type(FIELDS[name]) and name != "generation":
        return
    with pytest.raises(Unusable):
        parse(json.dumps({**FIELDS, name: value}).encode())


@pytest.mark.parametrize("name", ["", "g", "3", "g-1", "G3", "../g3", "g3/..", "g٣", "g" + "9" * 5000])
def test_a_generation_has_a_plain_name(name):
    with pytest.raises(Unusable, match="generation"):
        parse(json.dumps({**FIELDS, "generation": name}).encode())


@given(st.binary(max_size=200))
def test_no_bytes_end_in_another_error(data):
    with pytest.raises(Unusable):
        parse(data)


@pytest.mark.timeout(10)  # a FIFO must not block
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda _: None, "there is no environment yet"),
        (lambda path: path.mkdir(), "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/null"), "cannot be read"),
        (lambda path: path.symlink_to(path), "cannot be read"),
        (lambda path: path.write_bytes(b"x" * ((8 << 20) + 1)), "has 8388609 bytes"),
    ],
    ids=["nothing", "directory", "FIFO", "link", "loop", "huge"],
)
def test_what_is_no_file_is_unusable(tmp_path, make, why):
    path = tmp_path / "isolated-environment.json"
    make(path)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Unusable, match=why):
        read(str(path))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_what_cannot_be_read_is_unusable(tmp_path, monkeypatch, number):
    path = tmp_path / "receipt"
    path.write_bytes(Receipt(FIELDS).serialized())

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module.os, "open" if number == errno.EACCES else "read", fail)
    with pytest.raises(Unusable, match=os.strerror(number)):
        read(str(path))


def test_a_base_interpreter_is_known_by_size_and_whole_seconds(tmp_path):
    path = tmp_path / "python"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 1_500_000_000))
    assert identify_base(str(path)) == {"size": 5, "mtime": 1}
