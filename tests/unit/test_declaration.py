"""What was declared, frozen when it was said, and compared with what was built."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolated_environment import Index
from isolated_environment.ask_input import AskInput, is_requirements_file, raw_index, words_of
from isolated_environment.declaration import Declaration, content_of, host_minor


def declared(requirements: object = None, **changes: object) -> Declaration:
    settings: dict[str, object] = {
        "python": None,
        "indexes": (),
        "constraints": (),
        "pylock": None,
        "system_site_packages": False,
    }
    return Declaration(requirements, **{**settings, **changes})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, ()),
        ("", ()),
        ("  ", ()),
        ("\n\n", ()),
        ([], ()),
        ("six", ("six",)),
        (" six ", ("six",)),
        (["six", "numpy<2"], ("six", "numpy<2")),
        (("b", ["a", ("c",)]), ("b", "a", "c")),
        ("a\nb", ("a\nb",)),
        ({"a": 1}, ("a",)),
        ("six @ https://h/x.whl", ("six @ https://h/x.whl",)),
        ("https://h/x.whl", ("https://h/x.whl",)),
        ("six; os_name == 'a/b'", ("six; os_name == 'a/b'",)),
        ("-r sub/base.txt", ("-r sub/base.txt",)),
        ("six --find-links ./x", ("six --find-links ./x",)),
        ("six-1.0.zip", ("six-1.0.zip",)),
    ],
)
def test_requirements_as_given(given: object, words: tuple[str, ...]) -> None:
    assert words_of(given) == words


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (".", ""),
        (".[dev]", ".[dev]"),
        ("./x.whl", "x.whl"),
        ("../x", "../x"),
        ("~/x.whl", "x.whl"),
        ("x.whl", "x.whl"),
        ("dist/x.whl[a]", "dist/x.whl[a]"),
        ("sub/project", "sub/project"),
        ("sub/requirements.txt", "sub/requirements.txt"),
        (Path("x.whl"), "x.whl"),
        (Path("~/x.whl"), "x.whl"),
        (Path("requirements.txt"), "requirements.txt"),
        ([Path("x.whl")], "x.whl"),
    ],
)
def test_paths_are_absolute_when_they_are_said(here: Path, given: object, path: str) -> None:
    words = words_of(given)
    os.chdir("/")
    assert words == (os.path.normpath(here / path),)


@pytest.mark.parametrize("given", [3, 1.5, b"six", [None], [["six", None]], object()])
def test_what_is_no_requirement_at_all_is_a_type_error(given: object) -> None:
    with pytest.raises(TypeError, match="strings, paths or lists"):
        words_of(given)


def test_inputs_are_not_changed_and_generators_are_read_once() -> None:
    given = ["b", Path("x.whl"), "a"]
    before = list(given)
    ask = AskInput(given, options=(word for word in ["--pre"]))
    given.append("c")
    assert given[:-1] == before
    assert len(ask.requirements) == 3
    assert ask.options == ("--pre",)
    assert ask.raw() == ask.raw()


def test_requirements_files_are_told_by_path_and_ending() -> None:
    assert is_requirements_file("/x/requirements.txt")
    assert is_requirements_file("/x/requirements.in")
    for word in ("requirements.txt", "/x/one.whl", "/x/y", "/x/a.txt\nb", "six"):
        assert not is_requirements_file(word)


def test_the_order_inside_an_ask_means_nothing() -> None:
    assert AskInput(["a", "b"], constraints=["c", "d"]).raw() == AskInput(["b", "a"], constraints=["d", "c"]).raw()
    assert AskInput(["a"]).raw() != AskInput(["a", "b"]).raw()
    assert AskInput(["a"], options=["--pre"]).raw() != AskInput(["a"]).raw(), "options count"
    words = ["--no-binary", "a", "--only-binary", "b"]
    swapped = ["--no-binary", "b", "--only-binary", "a"]
    assert AskInput(["a"], options=words).raw() != AskInput(["a"], options=swapped).raw(), "a value has its option"
    assert AskInput(["a"], "https://h").raw() != AskInput(["a"]).raw()
    assert AskInput(["a"], constraints=["b"]).raw() != AskInput(["a"]).raw()


def test_raw_forms_hold_no_credentials() -> None:
    ask = AskInput(
        ["a @ https://u:word1@h/x"],
        "https://u:word2@h",
        ["b @ https://u:word3@h/x"],
        ["--find-links", "https://u:word4@h/x"],
    )
    declaration = declared(["a"], indexes=[Index("https://u:word5@h", ["a"]), "https://u:word6@h"])
    text = json.dumps([ask.raw(), declaration.raw()])
    assert "word" not in text
    assert "****@h" in text


def test_a_requirements_file_counts_with_its_content(here: Path) -> None:
    file = here / "requirements.txt"
    file.write_text("a")
    before = AskInput(file).raw()
    assert AskInput(file).raw() == before
    file.write_text("b")
    assert AskInput(file).raw() != before
    file.unlink()
    assert "cannot be read" in str(AskInput(file).raw())


def test_directories_as_indexes_are_absolute_when_they_are_said(here: Path) -> None:
    (here / "simple").mkdir()
    for named in ("simple", "./simple", "~/simple", Path("simple")):
        assert AskInput(["a"], named).index == str(here / "simple")
    index = Index("https://h")
    assert AskInput(["a"], index).index is index
    assert AskInput(["a"], "https://h").index == "https://h"


def test_raw_indexes() -> None:
    assert raw_index(None) is None
    assert raw_index("https://h") == "https://h"
    assert raw_index(Index("https://h", ["b", "a"], default=True)) == {
        "url": "https://h",
        "projects": ["a", "b"],
        "default": True,
    }


def test_the_content_of_files_and_projects_is_told_by_size_and_time(here: Path) -> None:
    wheel = here / "x.whl"
    wheel.write_text("one")
    before = content_of(str(wheel))
    assert before == [3, wheel.stat().st_mtime_ns]
    wheel.write_text("other")
    assert content_of(str(wheel)) != before
    assert content_of(str(here / "gone")) == [-1, -1]
    (here / "project").mkdir()
    assert content_of(str(here / "project")) == [-1] * 6
    (here / "project" / "setup.py").write_text("x")
    changed = content_of(str(here / "project"))
    assert changed[:2] + changed[4:] == [-1] * 4
    (here / "project" / "data").write_text("other files are what the build makes of them")
    assert content_of(str(here / "project")) == changed


def test_stated_content_must_be_what_was_built() -> None:
    built = json.loads(json.dumps(declared(["b", "a"]).raw()))
    assert declared(["a", "b"]).mismatch(built) is None
    assert declared(["a"]).mismatch(built) == "the declared content changed"
    assert declared(["a", "b"]).mismatch(built, AskInput("c")) == "the declared content changed"
    for change in (
        {"python": "3.9"},
        {"indexes": [Index("https://h", ["a"])]},
        {"constraints": ["x<2"]},
        {"pylock": "/x/pylock.toml"},
        {"system_site_packages": True},
    ):
        assert declared(["a", "b"], **change).mismatch(built) is not None, change


def test_stated_content_names_the_host_s_python_when_it_names_none() -> None:
    assert declared(["a"]).settings()["python"] == f"host {host_minor()}"
    assert declared().settings()["python"] is None
    assert declared(["a"], python="3.9").settings()["python"] == "3.9"


def test_an_adding_handle_takes_what_is_there() -> None:
    built = declared(["a"], python="3.9", constraints=["x<2"], system_site_packages=True).raw()
    assert declared().mismatch(built) is None
    assert declared(python="3.9").mismatch(built) is None
    assert declared(python="3.10").mismatch(built) == "python= differs"
    assert declared(constraints=["y"]).mismatch(built) == "constraints= differs"
    assert declared(indexes=[Index("https://h", ["a"])]).mismatch(built) == "indexes= differs"
    assert declared().mismatch(built, AskInput("a")) is None, "asked for before"
    assert declared().mismatch(built, AskInput("b")) == "more was asked for"
    assert declared().mismatch({"asks": "nonsense"}, AskInput("b")) == "more was asked for"


def test_what_counts_as_stated() -> None:
    assert not declared().stated
    assert declared([]).stated, "an empty list states an empty environment"
    assert declared(pylock="/x/pylock.toml").stated
    assert declared([]).asks[0].requirements == ()


def test_asks_are_added_once() -> None:
    declaration = declared(["a"])
    ask = AskInput(["c", "b"])
    assert not declaration.has(ask)
    declaration.add(ask)
    assert declaration.has(AskInput(["b", "c"]))
    assert [given["requirements"] for given in declaration.raw()["asks"]] == [["a"], ["b", "c"]]


def test_one_index_alone_is_a_list_of_one() -> None:
    index = Index("https://h", ["a"])
    assert declared(indexes=index).indexes == (index,)
    assert declared(indexes="https://h").indexes == ("https://h",)
    assert declared(indexes=(each for each in [index])).indexes == (index,)


@given(st.permutations(["a", "b<2", "c[x]", "d @ https://h/d.zip", "e ; os_name == 'nt'"]))
def test_any_order_of_one_ask_compares_equal(words: list[str]) -> None:
    built = declared(["a", "b<2", "c[x]", "d @ https://h/d.zip", "e ; os_name == 'nt'"]).raw()
    assert declared(words).mismatch(built) is None
