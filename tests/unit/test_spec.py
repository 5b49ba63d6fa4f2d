"""The content: how asks merge, what its digest sees, who gets which credentials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.asks import Ask
from isolated_environment.declaration import Declaration, host_minor
from isolated_environment.errors import (
    InvalidIndexError,
    InvalidLockError,
    InvalidRequirementError,
    TorchConflictError,
)
from isolated_environment.index import Credentials
from isolated_environment.settings import Settings
from isolated_environment.spec import Content, credentials_by_prefix, understood
from isolated_environment.testing.wheels import make_wheel


def ask(*args: object, **kwargs: object) -> AskInput:
    return AskInput(*args, **kwargs)  # type: ignore[arg-type]


def content(*asks: AskInput, python: str | None = "3.11", **changes: object) -> Content:
    settings: dict[str, object] = {"indexes": (), "constraints": (), "pylock": None, "system_site_packages": False}
    return understood(Declaration(None, python=python, **{**settings, **changes}), asks, None)  # type: ignore[arg-type]


def texts(of: Content) -> list[list[str]]:
    return [[item.text for item in each.requirements] for each in of.asks]


def test_asks_keep_their_order() -> None:
    assert texts(content(ask("b"), ask(["d", "c"]), ask("a"))) == [["b"], ["c", "d"], ["a"]]


def test_asking_again_for_a_project_replaces_the_earlier_ask_for_it() -> None:
    found = content(ask(["Six==1.16.0", "a"]), ask("b"), ask("six==1.17.0"))
    assert texts(found) == [["a"], ["b"], ["six==1.17.0"]]
    assert texts(content(ask("six==1.16.0"), ask("six==1.17.0"))) == [["six==1.17.0"]], "no pins accumulate"
    assert texts(content(ask("six"), ask("six @ https://h/six.zip"))) == [["six @ https://h/six.zip"]]


def test_the_same_ask_again_changes_nothing_but_its_credentials() -> None:
    once = content(ask(["a", "b"]), ask("c"))
    assert content(ask(["a", "b"]), ask("c"), ask(["b", "a"])) == once
    fresh = content(ask("a", Index("https://u:old@h", ["a"])), ask("c"), ask("a", Index("https://u:new@h", ["a"])))
    assert texts(fresh) == [["a"], ["c"]]
    assert credentials_by_prefix(fresh, Settings()) == {"https://h": Credentials("u", "new")}


def test_an_ask_for_nothing_leaves_nothing_behind() -> None:
    assert content(ask("a"), ask("# nothing\n")) == content(ask("a"))


@given(st.permutations(["a", "b<2,>=1", "c[y,x]", "d @ https://h/d.zip", "e ; os_name == 'nt'"]))
def test_the_order_inside_an_ask_does_not_change_the_digest(words: list[str]) -> None:
    settled = content(ask(["a", "b<2,>=1", "c[y,x]", "d @ https://h/d.zip", "e ; os_name == 'nt'"]))
    assert content(ask(words)).digest() == settled.digest()


def test_spelling_does_not_change_the_digest() -> None:
    plain = content(ask(["numpy<2,>=1", "zope-interface"], constraints=["b<2", "a<1"], options=["--pre", "--no-index"]))
    fancy = content(
        ask(["Zope.Interface", "NumPy >= 1, < 2"], constraints=["a<1", "b<2"], options=["--no-index", "--pre"])
    )
    assert plain.digest() == fancy.digest()
    assert content(constraints=["b", "a"]).digest() == content(constraints=["a", "B"]).digest()


def test_credentials_and_raw_words_do_not_change_the_digest() -> None:
    secured = content(ask("a @ https://u:w@h/a.zip"))
    assert secured.digest() == content(ask("a @ https://u:x@h/a.zip")).digest()
    assert secured.digest() == content(ask("a @ https://h/a.zip")).digest()
    assert secured.digest() == Content.from_record(secured.record()).digest(), "read from a receipt they are gone"
    assert content(ask("a", "https://u:w@h")).digest() == content(ask("a", "https://h")).digest()


@pytest.mark.parametrize(
    "other",
    [
        content(ask("a==1")),
        content(ask("a"), ask("b")),
        content(ask("b")),
        content(ask("a", "https://h")),
        content(ask("a", constraints=["b<2"])),
        content(ask("a", options=["--pre"])),
        content(ask(f"a --hash=sha256:{'0' * 64}\n")),
        content(ask("a"), python="3.12"),
        content(ask("a"), indexes=[Index("https://h", ["a"])]),
        content(ask("a"), indexes=[Index("https://h", default=True)]),
        content(ask("a"), constraints=["b<2"]),
        content(ask("a"), system_site_packages=True),
    ],
)
def test_everything_that_matters_changes_the_digest(other: Content) -> None:
    assert other.digest() != content(ask("a")).digest()


def test_the_order_of_asks_changes_the_digest() -> None:
    assert content(ask("a"), ask("b")).digest() != content(ask("b"), ask("a")).digest()


def test_a_changed_local_file_changes_the_digest(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "one", "1.0")
    before = content(ask(wheel)).digest()
    assert content(ask(wheel)).digest() == before
    make_wheel(tmp_path, "one", "1.0", requires=["two"])
    assert content(ask(wheel)).digest() != before


def test_a_given_lock_counts_with_its_text_and_not_its_path(tmp_path: Path) -> None:
    digests = []
    for name, text in (("pylock.toml", "x"), ("pylock.other.toml", "x"), ("pylock.toml", "y")):
        (tmp_path / name).write_text(text)
        found = content(pylock=str(tmp_path / name))
        assert found.pylock_text == text
        assert list(found.local_files()) == [str(tmp_path / name)], "a change is noticed"
        digests.append(found.digest())
    assert digests[0] == digests[1] != digests[2]


def test_a_lock_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_bytes(b"\xff")
    for name in ("missing.toml", "pylock.toml", "."):
        with pytest.raises(InvalidLockError, match="cannot read the lock") as caught:
            content(pylock=str(tmp_path / name))
        assert caught.value.path == str(tmp_path / name)


def test_records_round_trip() -> None:
    found = content(
        ask(["a==1", "b[x] @ https://h/b.zip"], "https://h", ["c<2"], ["--pre"]),
        ask(f"d==1 --hash=sha256:{'0' * 64}\n"),
        constraints=["e<3"],
        indexes=[Index("https://i", ["f"]), Index("https://j", default=True)],
        system_site_packages=True,
    )
    again = Content.from_record(json.loads(json.dumps(found.record())))
    assert again == found
    assert again.record() == found.record()
    assert again.digest() == found.digest()


@pytest.mark.parametrize("record", [{}, {"asks": 3}, {"asks": [{}], "constraints": [], "indexes": []}])
def test_records_of_another_shape_are_refused(record: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Content.from_record(record)


def test_python_is_the_named_one_or_the_given_or_the_host_s() -> None:
    declaration = Declaration(None, python=None, indexes=(), constraints=(), pylock=None, system_site_packages=False)
    assert understood(declaration, (), None).python == host_minor()
    assert understood(declaration, (), "3.9").python == "3.9"
    assert content(python="3.10").python == "3.10"


def test_indexes_of_the_constructor_need_projects_or_are_the_default() -> None:
    for index in (Index("https://h"), "https://h", "nowhere"):
        with pytest.raises(InvalidIndexError) as caught:
            content(indexes=[index])
        assert caught.value.hint


def test_a_later_index_takes_a_project_over() -> None:
    found = content(
        ask(["a", "b"], "https://second"),
        indexes=[Index("https://first", ["a", "c"]), Index("https://main", default=True)],
    )
    assert {index.url: index.projects for index in found.explicit_indexes} == {
        "https://second": ("a", "b"),
        "https://first": ("c",),
    }
    assert found.default_index == Index("https://main", default=True)
    last = content(ask("a", Index("https://other", default=True)), indexes=[Index("https://main", default=True)])
    assert last.default_index is not None
    assert last.default_index.url == "https://other"
    assert content(ask("a")).default_index is None


def test_two_indexes_with_one_url_are_one() -> None:
    found = content(
        ask("b", Index("https://me:pw@h/whl", ["b"])),
        indexes=[Index("https://h/whl", ["a"]), Index("https://first", ["c"])],
    )
    assert {index.url: index.projects for index in found.explicit_indexes} == {
        "https://h/whl": ("a", "b"),
        "https://first": ("c",),
    }
    assert found.explicit_indexes[0].credentials is not None


def test_what_all_asks_say_together() -> None:
    found = content(
        ask("a", constraints=["c<1"], options=["--pre"]),
        ask("b", constraints=["d<1"], options=["--no-binary", "b"]),
        constraints=["e<1"],
    )
    assert [item.text for item in found.requirements] == ["a", "b"]
    assert [item.text for item in found.all_constraints] == ["e<1", "c<1", "d<1"]
    assert found.options.words == ("--no-binary=b", "--pre")


def test_bad_words_are_told() -> None:
    with pytest.raises(InvalidRequirementError):
        content(constraints=["a[x]"])
    with pytest.raises(InvalidRequirementError):
        content(ask("-r x"))


def test_credentials_go_to_their_origin_or_closer_where_two_sets_share_it() -> None:
    one = content(ask("a @ https://u:w@h/files/a.zip"), ask("b", "https://u:w@h/simple"), ask("c", "https://i/simple"))
    assert credentials_by_prefix(one, Settings()) == {"https://h": Credentials("u", "w")}
    two = content(
        ask("a @ git+https://v:x@h/group/r.git"),
        ask("b", "https://u:w@h/simple"),
        indexes=[Index("https://y:z@main:8443/simple", default=True)],
    )
    assert credentials_by_prefix(two, Settings()) == {
        "https://h/group": Credentials("v", "x"),
        "https://h/simple": Credentials("u", "w"),
        "https://main:8443": Credentials("y", "z"),
    }
    assert credentials_by_prefix(content(ask("a")), Settings()) == {}


def test_a_content_is_a_value() -> None:
    assert content(ask("a")) == content(ask("A"))
    assert repr(content(ask("a @ https://u:s3cret@h/a.zip"))).count("s3cret") == 0
    assert isinstance(content(ask("a")).asks[0], Ask)


def test_the_credentials_of_the_torch_index() -> None:
    """The application's go to its own base, the user's to the user's, and neither to the other's."""
    mine = Settings(torch_url="https://user:mine@mirror.example/whl")
    theirs = Credentials("user", "mine")
    assert credentials_by_prefix(content(ask("a"), torch="cpu"), mine) == {"https://mirror.example": theirs}
    assert credentials_by_prefix(content(ask("a")), mine) == {}
    own = content(ask("a"), torch="https://app:own@app.example/whl/cpu")
    assert credentials_by_prefix(own, mine) == {"https://app.example": Credentials("app", "own")}
    assert credentials_by_prefix(content(ask("a"), torch="https://app.example/whl/cpu"), mine) == {}
    assert "mine" not in repr(mine)


def test_the_channel_of_pytorch_moves_only_with_pytorch_itself() -> None:
    pinned = content(ask("torch==2.1.2", "https://torch.example/whl/cu121"))
    moved = Ask.understood(ask("torchvision", "https://torch.example/whl/cpu"))
    with pytest.raises(
        TorchConflictError, match="torchvision is asked from cpu, and PyTorch comes from cu121"
    ) as caught:
        pinned.merged(moved)
    assert (caught.value.pin, caught.value.requirement) == ("torch from cu121", "torchvision from cpu")
    same = Ask.understood(ask("torchvision", "https://torch.example/whl/cu121"))
    assert pinned.merged(same).torch == pinned.torch
    asked = Ask.understood(ask(["torch==2.6.0", "torchvision"], "https://torch.example/whl/cpu"))
    assert pinned.merged(asked).torch.channel == "cpu"
