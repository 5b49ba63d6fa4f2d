"""Asks, understood, and as the receipt records them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.asks import Ask, as_index, constraint_words, record_requirement, recorded_requirement
from isolated_environment.errors import InvalidIndexError, InvalidOptionError, InvalidRequirementError
from isolated_environment.requirements import parse
from isolated_environment.testing.wheels import make_wheel
from tests.support.wheels import make_project


def understood(*args: object, **kwargs: object) -> Ask:
    return Ask.understood(AskInput(*args, **kwargs))  # type: ignore[arg-type]


def texts(ask: Ask) -> list[str]:
    return [item.text for item in ask.requirements]


def test_everything_an_ask_can_say(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "one", "1.0")
    file = tmp_path / "more.txt"
    file.write_text("three\n-c limits.txt\n--no-binary three\n")
    (tmp_path / "limits.txt").write_text("four<4\n")
    ask = understood([wheel, file, "b\nc  # comment\n", "A"], "https://h", ["five<5"], ["--pre"])
    assert texts(ask) == ["a", "b", "c", f"one @ {wheel.as_uri()}", "three"]
    assert [item.text for item in ask.constraints] == ["five<5", "four<4"]
    assert ask.options.words == ("--no-binary=three", "--pre")
    assert ask.index == Index("https://h", ["a", "b", "c", "three"]), "a local wheel comes from no index"


def test_order_and_repetition_inside_an_ask_mean_nothing() -> None:
    assert understood(["b", "a", "B"]) == understood(["a", "b"])
    assert texts(understood(["b", "a", "B"])) == ["a", "b"]
    assert understood(["a==1 ; os_name == 'nt'", "a==2 ; os_name != 'nt'"]).requirements[0].pin == "1"


def test_an_index_serves_what_the_ask_names() -> None:
    requirements = [parse("b"), parse("a"), parse("c @ https://h/c.zip"), parse("https://h/x")]
    assert as_index(None, requirements) is None
    found = as_index("https://h", requirements)
    assert found is not None
    assert found.projects == ("a", "b")
    more = as_index(Index("https://u:w@h", ["z"]), requirements)
    assert more is not None
    assert more.projects == ("a", "b", "z")
    assert more.credentials is not None
    default = Index("https://h", default=True)
    assert as_index(default, requirements) is default


def test_what_cannot_be_read_is_told() -> None:
    for arguments, error in [
        ((["six", "-r x"],), InvalidRequirementError),
        ((["six"], "ftp://h"), InvalidIndexError),
        ((["six"], None, ["a[x]"]), InvalidRequirementError),
        ((["six"], None, (), ["--target=/x"]), InvalidOptionError),
        ((["six"], None, (), "--pre"), InvalidOptionError),
    ]:
        with pytest.raises(error):
            understood(*arguments)


def test_constraints_may_come_from_files_and_texts(tmp_path: Path) -> None:
    (tmp_path / "limits.txt").write_text("a<1\nb<2\n")
    words = (str(tmp_path / "limits.txt"), "c<3\nd<4", "e<5")
    assert list(constraint_words(words)) == ["a<1", "b<2", "c<3", "d<4", "e<5"]


def test_what_a_later_ask_replaces_leaves_the_earlier() -> None:
    ask = understood(["a", "b", "https://h/x"])
    assert ask.without({"z"}) is ask
    left = ask.without({"a"})
    assert left is not None
    assert texts(left) == ["b", "https://h/x"]
    assert left.raw is None, "no call made it as it is now"
    assert ask.without({"a", "b", "https://h/x"}) is None


def test_records_round_trip(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "p", "1.0")
    ask = understood(
        [f"-e {project}\nq==1 --hash=sha256:{'0' * 64}\n", "r[x] @ https://u:w@h/r.zip ; os_name == 'nt'", "s===1"],
        Index("https://u:w@h", ["t"]),
        ["v<2"],
        ["--pre"],
    )
    record = json.loads(json.dumps(ask.record()))
    again = Ask.from_record(record)
    assert again == ask
    assert again.record() == record
    assert [vars(item).keys() for item in again.requirements] == [vars(item).keys() for item in ask.requirements]
    for old, new in zip(ask.requirements, again.requirements, strict=True):
        kept = ("text", "name", "raw", "url", "local", "pin", "hashes", "editable", "line")
        assert [getattr(new, name) for name in kept] == [getattr(old, name) for name in kept]
    assert '"w"' not in json.dumps(record)
    assert "u:w" not in json.dumps(record)


def test_a_record_holds_nothing_of_credentials() -> None:
    assert record_requirement(parse("a @ https://user:word@h/a.zip")) == {
        "text": "a @ https://h/a.zip",
        "name": "a",
        "raw": "a @ https://****@h/a.zip",
        "url": "https://h/a.zip",
    }


def test_records_of_another_shape_are_refused() -> None:
    for record in ({}, {"text": 3}, {"text": "a", "unknown": 1}):
        with pytest.raises((InvalidRequirementError, TypeError)):
            recorded_requirement(record)
