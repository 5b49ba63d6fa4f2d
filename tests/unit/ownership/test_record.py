"""The RECORD writer, against every hazard that made an uninstaller destroy something in an experiment."""

from __future__ import annotations

import csv
import io
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from isolated_environment.errors import RecordError
from isolated_environment.ownership.record import has_rows, prepend_rows

ROWS = (".demoapp.isolated", "~demoapp.isolated")
LINK = "demoapp/whisper_env"
OLD = b"demoapp/__init__.py,sha256=x,12\ndemoapp-1.0.dist-info/RECORD,,\n"
FRONT = b".demoapp.isolated,,\n~demoapp.isolated,,\n"


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


# a row that would destroy something


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="empty: pip 20.3 and uv delete site-packages"),
        pytest.param(".", id="dot: uv deletes the content of site-packages"),
        pytest.param("..", id="parent"),
        pytest.param("../../../bin", id="out of site-packages"),
        pytest.param("demoapp/whisper_env", id="two components: uv deletes through a link"),
        pytest.param("demoapp/", id="trailing slash: uv empties the target of a link"),
        pytest.param("/demoapp", id="absolute"),
        pytest.param("C:\\demoapp", id="backslash and drive"),
        pytest.param("demo\\app", id="backslash"),
        pytest.param("demo,app", id="comma: a fourth field stops uv"),
        pytest.param('demo"app', id="quote"),
        pytest.param("demo\napp", id="line feed: two rows"),
        pytest.param("demo\rapp", id="carriage return: two rows"),
        pytest.param("demo\x0bapp", id="vertical tab: pip splits lines there"),
        pytest.param("demo\x0capp", id="form feed: pip splits lines there"),
        pytest.param("demo\x1eapp", id="record separator: pip splits lines there"),
        pytest.param("demo\x85app", id="next line: pip splits lines there"),
        pytest.param("demo\u2028app", id="line separator: pip splits lines there"),
        pytest.param("demo\u2029app", id="paragraph separator: pip splits lines there"),
        pytest.param("demo\0app", id="NUL"),
        pytest.param(" demoapp", id="leading blank"),
        pytest.param("demoapp ", id="trailing blank"),
        pytest.param("demoapp.", id="trailing dot: Windows drops it"),
        pytest.param("...", id="dots: Windows drops them"),
        pytest.param("demo\udc80app", id="not UTF-8"),
        pytest.param("demo*app", id="wildcard"),
    ],
)
def test_a_dangerous_row_is_refused(path):
    with pytest.raises(RecordError) as caught:
        prepend_rows(OLD, [path])
    assert caught.value.path == path
    assert not has_rows(b",,\n" + OLD, [path])


@pytest.mark.parametrize(
    "link",
    [
        "",
        ".",
        "..",
        "demoapp/",
        "demoapp/.",
        "demoapp/../x",
        "/demoapp/env",
        "demoapp//env",
        "demoapp/a,b",
        "a/b\u2028c",
    ],
)
def test_a_dangerous_link_is_refused(link):
    with pytest.raises(RecordError):
        prepend_rows(OLD, ROWS, link=link)


@pytest.mark.parametrize("link", [LINK, "whisper_env", "demoapp/sub/été Ω", "demoapp/.hidden", "demo app/my env"])
def test_a_safe_link_has_its_row(link):
    assert rows_of(prepend_rows(OLD, ROWS, link=link))[2] == [link, "", ""]


# a RECORD that cannot be trusted


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"demoapp/__init__.py,,", id="one row that does not end"),
        pytest.param(b"\n" + OLD, id="blank first line"),
        pytest.param(b"\r\n" + OLD, id="blank first line, CRLF"),
        pytest.param(b"\xef\xbb\xbf" + OLD, id="byte order mark"),
        pytest.param(OLD + b"caf\xe9.py,,\n", id="not UTF-8"),
        pytest.param(OLD.replace(b"\n", b"\r"), id="carriage returns alone"),
    ],
)
def test_a_record_that_cannot_be_trusted_is_refused(data):
    with pytest.raises(RecordError):
        prepend_rows(data, ROWS)
    assert not has_rows(data, ROWS)


# what an edit does


@pytest.mark.parametrize(
    ("old", "front"),
    [
        pytest.param(OLD, FRONT, id="LF, as uv writes"),
        pytest.param(OLD.replace(b"\n", b"\r\n"), FRONT.replace(b"\n", b"\r\n"), id="CRLF, as pip writes"),
        pytest.param(b"a,,\r\nb,,\nc,,\r\n", FRONT.replace(b"\n", b"\r\n"), id="mixed, CRLF first"),
        pytest.param(b"a,,\nb,,\r\n", FRONT, id="mixed, LF first"),
        pytest.param(OLD.removesuffix(b"\n"), FRONT, id="no final newline"),
        pytest.param(b'"a,b.py",sha256=x,1\n' + OLD, FRONT, id="quoted comma"),
        pytest.param("été/Ω.py,,\n".encode() + OLD, FRONT, id="UTF-8"),
        pytest.param(OLD + b"\n\n" + OLD, FRONT, id="blank lines and duplicates further down"),
        pytest.param(OLD + b"one\ntwo,\n1,2,3,4\n# note\n", FRONT, id="other counts of fields further down"),
    ],
)
def test_rows_come_first_and_the_old_bytes_stay(old, front):
    assert prepend_rows(old, ROWS) == front + old
    assert has_rows(front + old, ROWS)
    assert not has_rows(old, ROWS)


def test_rows_that_are_there_are_not_added_again():
    data = prepend_rows(OLD, ROWS, link=LINK)
    assert prepend_rows(data, ROWS, link=LINK) is data
    assert prepend_rows(data, ROWS) is data


def test_rows_that_are_not_first_are_added():
    data = OLD + FRONT
    assert not has_rows(data, ROWS)
    assert prepend_rows(data, ROWS) == FRONT + data


def test_half_of_the_rows_is_not_enough():
    assert not has_rows(b".demoapp.isolated,,\n" + OLD, ROWS)
    assert not has_rows(FRONT + OLD, ROWS, link=LINK)
    assert not has_rows(b"~demoapp.isolated,,\n.demoapp.isolated,,\n" + OLD, ROWS), "uv removes in this order"


def test_a_row_with_a_hash_is_not_ours():
    data = FRONT + LINK.encode() + b",sha256=x,3\n" + OLD
    assert not has_rows(data, ROWS, link=LINK)


def test_two_environments_of_one_owner_do_not_push_each_other_out():
    data = prepend_rows(prepend_rows(OLD, ROWS, link="demoapp/one"), ROWS, link="demoapp/two")
    for link in ("demoapp/one", "demoapp/two"):
        assert has_rows(data, ROWS, link=link)
        assert prepend_rows(data, ROWS, link=link) is data


_NAMES = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
_OLD = st.binary(max_size=200) | st.lists(
    st.tuples(_NAMES, _NAMES, st.sampled_from(["\n", "\r\n", "", "\n\n"])).map(
        lambda row: f"{row[0]},{row[1]},{row[2]}"
    )
).map(lambda rows: "".join(rows).encode())


@given(_OLD, _NAMES | st.just(LINK))
@example(FRONT + OLD, LINK)
@example(b'"a\nb",,\n', LINK)
def test_whatever_the_old_bytes_the_edit_only_prepends_our_rows(old, link):
    try:
        new = prepend_rows(old, ROWS, link=link)
    except RecordError:
        return
    assert new.endswith(old)
    assert has_rows(new, ROWS, link=link)
    added = new.removesuffix(old)
    if added:
        assert rows_of(added) == [[name, "", ""] for name in (*ROWS, link)]
        # as pip reads it: lines by every separator that Unicode knows
        assert list(csv.reader(added.decode().splitlines())) == rows_of(added)
        assert added.endswith(b"\r\n" if old.partition(b"\n")[0].endswith(b"\r") else b"\n")


@given(_NAMES)
def test_an_accepted_name_is_one_entry_below_site_packages(name):
    try:
        prepend_rows(OLD, [name])
    except RecordError:
        return
    assert os.path.normpath(name) == name
    assert os.path.dirname(name) == ""
    assert name not in {"", ".", ".."}
