"""Which index a locked project is said to come from: uv looks a file up in its cache by that."""

from __future__ import annotations

from pathlib import Path

import pytest

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.index import Credentials
from isolated_environment.plan import PAGES
from isolated_environment.settings import Settings
from isolated_environment.toolchains.uv_files import MAIN_INDEX, attributed, must_ask_for_main_index
from tests.support.orders import locked, order

OURS = Settings(index_url="https://h/simple", index_credentials=Credentials("u", "s3cret"))


def indexes(of, *names: str) -> dict[str, str | None]:
    return {package.name: package.index for package in attributed(of, locked(*names)).packages}


def test_the_setting_is_the_main_index_and_its_password_is_not_told() -> None:
    found = attributed(order(AskInput("a"), settings=OURS), locked("a", "b"))
    assert {package.index for package in found.packages} == {"https://h/simple"}
    assert "s3cret" not in found.text
    assert found.digest == locked("a", "b").digest, "it is the same lock"


def test_what_the_application_says_comes_before_the_setting() -> None:
    main = Index("https://u:s3cret@mine/simple", default=True)
    assert indexes(order(AskInput("a"), indexes=[main], settings=OURS), "a") == {"a": "https://mine/simple"}


def test_a_project_of_an_explicit_index_comes_from_there() -> None:
    of = order(AskInput("a"), indexes=[Index("https://t/x", ["a"])], settings=OURS)
    assert indexes(of, "a", "b") == {"a": "https://t/x", "b": "https://h/simple"}


def test_pages_that_were_written_for_a_directory_are_no_index(tmp_path: Path) -> None:
    index = Index(tmp_path.as_uri(), ["a"])
    of = order(AskInput("a"), indexes=[index], settings=OURS, pages={f"{PAGES}/{index.label}/a/index.html": ""})
    assert indexes(of, "a") == {"a": None}


@pytest.mark.parametrize("options", [["--find-links", "/x"], ["--no-index", "--find-links", "/x"]])
def test_what_may_be_a_file_of_a_directory_is_said_to_be_of_no_index(options: list[str]) -> None:
    """Else uv would keep it as that index's file, for everybody who asks that index without a hash."""
    assert indexes(order(AskInput("a", options=options), settings=OURS), "a") == {"a": None}


def test_a_project_that_is_held_by_a_stand_in_is_of_no_index() -> None:
    assert indexes(order(AskInput("b"), settings=OURS, unbound=("a",)), "a", "b") == {
        "a": None,
        "b": "https://h/simple",
    }


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("--index-url https://d/simple\n", "https://d/simple"),
        ("", None),
        ("# nothing\n", None),
        ("--index-url\n", None),
        (None, None),
    ],
)
def test_else_it_is_what_uv_says_of_itself(tmp_path: Path, said: str | None, known: str | None) -> None:
    of = order(AskInput("a"), prefix=tmp_path)
    of.work.mkdir()
    if said is not None:
        (of.work / MAIN_INDEX).write_text(said)
    assert indexes(of, "a") == {"a": known}


def test_uv_is_asked_only_where_its_own_default_counts() -> None:
    assert must_ask_for_main_index(order(AskInput("a")))
    assert not must_ask_for_main_index(order())
    assert not must_ask_for_main_index(order(AskInput("a"), settings=OURS))
    assert not must_ask_for_main_index(order(AskInput("a"), indexes=[Index("https://mine", default=True)]))
    assert not must_ask_for_main_index(order(AskInput("a", options=["--find-links", "/x"]))), "nothing is attributed"


def test_what_an_earlier_lock_says_is_no_reason_not_to_ask() -> None:
    """It may be of another setting; and what comes new would be said to be of no index."""
    known = locked("a").with_indexes({"a": "https://d/simple"})
    assert must_ask_for_main_index(order(AskInput("a"), preferences=known))
