"""From what is wanted to what is to be done: contents, plans, explicit indexes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.declaration import Declaration, host_minor
from isolated_environment.errors import (
    IndexUnreachableError,
    InterpreterNotFoundError,
    InvalidRequirementError,
)
from isolated_environment.planner import (
    Wanted,
    ask_index_for_missing,
    make_plan,
    names_in,
)
from isolated_environment.receipt import Receipt
from isolated_environment.settings import Settings, read_settings
from isolated_environment.testing.indexes import PackageIndex
from tests.support.listing import listing
from tests.support.orders import content, locked, order


def declared(requirements: object = None, **changes: Any) -> Declaration:
    words: dict[str, Any] = {
        "python": None,
        "indexes": (),
        "constraints": (),
        "pylock": None,
        "system_site_packages": False,
    }
    return Declaration(requirements, **{**words, **changes})


def receipt(*asks: AskInput, **words: Any) -> Receipt:
    built = content(*asks, **words)
    return Receipt(
        {
            "schema": 1,
            "generation": "g1",
            "root": "/r",
            "base": {},
            "declaration": {},
            "content": built.record(),
            "local": {},
            "handed_out": True,
        }
    )


def texts(wanted: Wanted, current: Receipt | None) -> list[list[str]]:
    return [[item.text for item in ask.requirements] for ask in wanted.content(current).asks]


def test_an_adding_handle_adds_to_what_is_there() -> None:
    there = receipt(AskInput(["a==1", "b"]), python="3.9", constraints=["z<1"], system_site_packages=True)
    wanted = Wanted(declared(), AskInput("c"))
    assert texts(wanted, there) == [["a==1", "b"], ["c"]]
    merged = wanted.content(there)
    assert (merged.python, merged.system_site_packages) == ("3.9", True)
    assert [item.text for item in merged.constraints] == ["z<1"]
    assert texts(Wanted(declared(), AskInput("A==2")), there) == [["b"], ["a==2"]]
    assert texts(Wanted(declared()), there) == [["a==1", "b"]]
    assert texts(wanted, None) == [["c"]]


def test_what_the_handle_names_itself_counts() -> None:
    there = receipt(AskInput("a"), python="3.9", constraints=["z<1"])
    own = Wanted(declared(python="3.10", constraints=["y<1"], indexes=[Index("https://h", ["a"])])).content(there)
    assert own.python == "3.10"
    assert [item.text for item in own.constraints] == ["y<1"]
    assert own.indexes == (Index("https://h", ["a"]),)


def test_a_stating_handle_takes_nothing_over() -> None:
    there = receipt(AskInput(["a", "b"]), python="3.9")
    wanted = Wanted(declared(["c"]), AskInput("d"))
    assert texts(wanted, there) == [["c"], ["d"]]
    assert wanted.content(there).python == host_minor()


def test_a_receipt_whose_content_cannot_be_read_is_none() -> None:
    broken = receipt().replaced(content={"asks": "nonsense"})
    assert texts(Wanted(declared(), AskInput("c")), broken) == [["c"]]


def test_the_record_is_what_a_later_handle_is_compared_with() -> None:
    stated = Wanted(declared(["a"]), AskInput("b"))
    assert [ask["requirements"] for ask in stated.record(stated.content(None))["asks"]] == [["a"], ["b"]]
    assert declared(["a"]).mismatch(stated.record(stated.content(None)), AskInput("b")) is None
    there = receipt(AskInput(["a", "b"]), AskInput("c"))
    added = Wanted(declared(), AskInput("b==2"))
    record = added.record(added.content(there))
    assert [ask["requirements"] for ask in record["asks"]] == [["c"], ["b==2"]], "what was replaced was asked by nobody"
    assert declared().mismatch(record, AskInput("b==2")) is None
    assert declared().mismatch(record, AskInput(["a", "b"])) is not None


@pytest.mark.parametrize(("upgrade", "upgrades"), [(frozenset(), False), (frozenset({"a"}), True), (None, True)])
def test_whether_anything_is_resolved_anew(upgrade: frozenset[str] | None, upgrades: bool) -> None:
    assert Wanted(declared(), upgrade=upgrade).upgrades is upgrades


def test_a_plan_says_everything_and_writes_nothing(tmp_path: Path, toolchain: str) -> None:
    before = listing(tmp_path)
    root = str(tmp_path / "env")
    plan = make_plan(root, "path", Wanted(declared(["Six", "a<2"])), "there is none", Settings(), toolchain)
    assert listing(tmp_path) == before
    assert (plan.root, plan.reason, plan.placement, plan.toolchain) == (root, "there is none", "path", toolchain)
    assert plan.requirements == ("a<2", "six")
    names = [step.name for step in plan.steps]
    assert names[:2] == ["resolve", "create"]
    text = str(plan)
    for words in (
        "reason: there is none",
        "requirements: a<2, six",
        f"toolchain: {toolchain}",
        f"create: {plan.steps[1].argv[0]}",
    ):
        assert words in text
    assert dataclasses.replace(plan) == plan


def test_a_plan_of_what_is_ready_has_no_steps(tmp_path: Path) -> None:
    plan = make_plan(str(tmp_path), "path", Wanted(declared([])), None, Settings(), "auto")
    assert plan.steps == ()
    assert str(plan).splitlines()[-1] == "ready: nothing to do"


def test_a_plan_with_a_given_lock_resolves_nothing(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text("x")
    wanted = Wanted(declared(pylock=str(tmp_path / "pylock.toml")))
    plan = make_plan(str(tmp_path / "env"), "path", wanted, "none", Settings(toolchain="uv"), "auto")
    assert [step.name for step in plan.steps] == ["create", "install"]


def test_the_setting_chooses_where_the_application_says_auto(tmp_path: Path) -> None:
    for said, chosen in (("auto", "pip"), ("uv", "uv")):
        plan = make_plan(str(tmp_path), "path", Wanted(declared([])), "x", Settings(toolchain="pip"), said)
        assert plan.toolchain == chosen


def test_a_plan_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    for wanted, error in [
        (Wanted(declared(["-r x"])), InvalidRequirementError),
        (Wanted(declared([], python="3.7.1")), InterpreterNotFoundError),
    ]:
        with pytest.raises(error):
            make_plan(str(tmp_path), "path", wanted, "x", Settings(), "auto")


UV_SAYS = "  Because hidden was not found in the\n  package registry and you require hidden"


def test_the_index_itself_is_asked_for_what_uv_did_not_find(closed_port: int, index: PackageIndex) -> None:
    nobody = Index(f"http://127.0.0.1:{closed_port}/simple", ["hidden"])
    with pytest.raises(IndexUnreachableError):
        ask_index_for_missing(order(AskInput("hidden"), indexes=[nobody]), UV_SAYS)
    default = Index(nobody.url, default=True)
    with pytest.raises(IndexUnreachableError):
        ask_index_for_missing(order(AskInput("hidden"), indexes=[default]), UV_SAYS)
    settings = read_settings({"PIP_INDEX_URL": index.url})
    ask_index_for_missing(order(AskInput("hidden"), settings=settings), UV_SAYS)
    assert index.requests[-1] == "GET /simple/hidden/", "it does not have it, as uv said"
    ask_index_for_missing(order(AskInput("hidden"), settings=settings), "another error")
    ask_index_for_missing(order(AskInput("hidden")), UV_SAYS)


def test_names_to_upgrade() -> None:
    assert names_in(AskInput(["Six", "a[x]<2", "https://h/x"])) == {"six", "a"}
    for nothing in ("https://h/x", [], "# x\n"):
        with pytest.raises(InvalidRequirementError) as caught:
            names_in(AskInput(nothing))
        assert caught.value.parameter == "upgrade="


def test_versions_that_are_kept() -> None:
    assert order(preferences=locked("a", "b")).kept_versions == {"a": "1.0", "b": "1.0"}
    assert order(preferences=locked("a", "b"), upgrade=frozenset({"a"})).kept_versions == {"b": "1.0"}
    assert order(preferences=locked("a"), upgrade=None).kept_versions == {}
    assert order().kept_versions == {}
