"""options=: what both toolchains can honour, and the right parameter for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from isolated_environment.errors import InvalidOptionError
from isolated_environment.options import NO_OPTIONS, PARAMETERS, InstallOptions, advice_for, parameter_for


@pytest.mark.parametrize(
    ("words", "canonical"),
    [
        ([], ()),
        (["--pre"], ("--pre",)),
        (["--no-index", "--pre", "--pre"], ("--no-index", "--pre")),
        (["--no-build-isolation"], ("--no-build-isolation",)),
        (["--no-binary", "Foo.Bar"], ("--no-binary=foo-bar",)),
        (["--no-binary=a, B,a"], ("--no-binary=a", "--no-binary=b")),
        (["--only-binary", ":all:"], ("--only-binary=:all:",)),
        (["--find-links", "https://host/x"], ("--find-links=https://host/x",)),
        (["-f", "/srv/wheels"], ("--find-links=/srv/wheels",)),
        (["--config-settings=a=b=c"], ("--config-settings=a=b=c",)),
        (["-C", "a=b"], ("--config-settings=a=b",)),
        (["--config-setting", "a=two words"], ("--config-settings=a=two words",)),
    ],
)
def test_known_options_in_every_spelling(words: list[str], canonical: tuple[str, ...]) -> None:
    before = list(words)
    assert InstallOptions.parse(words).words == canonical
    assert words == before, "the caller's list is the caller's"


def test_directories_are_absolute_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("wheels", "./wheels", "~/wheels"):
        assert InstallOptions.parse(["--find-links", given]).values("--find-links") == (str(tmp_path / "wheels"),)


@pytest.mark.parametrize(
    ("word", "parameter"),
    [
        ("-r", "requirements=Path(...)"),
        ("-rfile.txt", "requirements=Path(...)"),
        ("-c", "constraints="),
        ("--constraint=x", "constraints="),
        ("-e", "requirements= (a text with a line `-e PATH`)"),
        ("-i", "index="),
        ("--index-url=https://host", "index="),
        ("--extra-index-url", "index="),
        ("--default-index", "index=Index(url, default=True)"),
        ("-U", "upgrade=True"),
        ("--python", "python="),
        ("--target=/x", "path"),
        ("--user", "path"),
        ("--trusted-host", "PIP_TRUSTED_HOST"),
    ],
)
def test_an_option_with_a_parameter_of_its_own_names_it(word: str, parameter: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        InstallOptions.parse([word, "value"])
    assert caught.value.parameter == parameter
    assert caught.value.option == word
    assert parameter in str(caught.value)


@pytest.mark.parametrize("word", ["--no-deps", "--verbose", "pre", "", "-", "--", "--pre=1", "--no-index=", "six"])
def test_an_unknown_word_is_refused_with_what_is_known(word: str) -> None:
    with pytest.raises(InvalidOptionError, match="does not take") as caught:
        InstallOptions.parse([word])
    assert caught.value.parameter is None
    assert "--find-links" in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ["--no-binary"],
        ["--no-binary", ""],
        ["--no-binary", "--index-url"],
        ["--no-binary=--index-url=https://evil"],
        ["--find-links", "-x"],
        ["--find-links", "/a\n--index-url https://evil"],
        ["--find-links", "/a\0"],
        ["--config-settings", "--global-option"],
        ["--only-binary", "a==1"],
        ["--only-binary", ":none:"],
        ["--no-binary", "a,"],
    ],
)
def test_values_that_are_none_are_refused(words: list[str]) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        InstallOptions.parse(words)
    assert caught.value.option == words[0].partition("=")[0]


def test_a_string_is_not_torn_into_words() -> None:
    with pytest.raises(InvalidOptionError, match="list of words") as caught:
        InstallOptions.parse("--find-links '/my wheels'")
    assert caught.value.hint == "write options=['--find-links', \"'/my\", \"wheels'\"]"


def test_credentials_in_a_word_are_not_shown() -> None:
    with pytest.raises(InvalidOptionError) as caught:
        InstallOptions.parse(["https://user:word@host"])
    assert "word@" not in caught.value.diagnostics()


def test_questions() -> None:
    options = InstallOptions.parse(["--pre", "--no-binary", "b", "--no-binary", "a"])
    assert (options.flag("--pre"), options.flag("--no-index")) == (True, False)
    assert options.values("--no-binary") == ("a", "b")
    assert options.values("--only-binary") == ()
    assert options.merged(InstallOptions.parse(["--no-index", "--pre"])).words == (
        "--no-binary=a",
        "--no-binary=b",
        "--no-index",
        "--pre",
    )
    assert NO_OPTIONS.merged(NO_OPTIONS) == NO_OPTIONS


@pytest.mark.parametrize("option", sorted(PARAMETERS))
def test_no_option_is_both_known_and_refused(option: str) -> None:
    assert parameter_for(option) == PARAMETERS[option]
    with pytest.raises(InvalidOptionError):
        InstallOptions.parse([option, "value"])


def test_what_has_no_parameter_is_said_to_have_none() -> None:
    assert parameter_for("--pre") == "options="
    assert parameter_for("--no-binary=x") == "options="
    assert parameter_for("-fx") == "options="
    assert parameter_for("--prefer-binary") is None
    assert advice_for(None) == "leave it out: there is no parameter for it"
    assert advice_for("index=") == "use index="
