"""The command line by itself: words, exit codes, what goes where."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import pytest

from isolated_environment import cli, errors
from isolated_environment.cli import commands

VERBS = ["run", "show", "list", "remove", "gc", "doctor"]
Replace = Callable[..., list[argparse.Namespace]]


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Put something in the place of a command; what it was called with."""

    def replace(name: str, answer: object = None, error: BaseException | None = None) -> list[argparse.Namespace]:
        seen: list[argparse.Namespace] = []

        def command(arguments: argparse.Namespace) -> object:
            seen.append(arguments)
            if error is not None:
                raise error
            return answer or ({"a": 1}, "text", 0)

        monkeypatch.setattr(commands, name, command)
        return seen

    return replace


def test_the_words_of_run(replaced: Replace) -> None:
    seen = replaced("run")
    words = [
        "run",
        "--with",
        "a",
        "p",
        "--with=b<2",
        "--index",
        "https://h",
        "--python",
        "3.11",
        "--toolchain",
        "pip",
        "--torch",
        "cu126",
    ]
    assert cli.main([*words, "--owner", "me", "--", "tool", "--json", "--", "x"]) == 0
    (given,) = seen
    assert (given.path, given.requirements, given.index, given.python) == ("p", ["a", "b<2"], "https://h", "3.11")
    assert (given.toolchain, given.owner, given.json, given.torch) == ("pip", "me", False, "cu126")
    assert given.words == ["tool", "--json", "--", "x"], "what follows the first -- is the command's own"


def test_the_words_of_the_others(replaced: Replace) -> None:
    for verb, name, words, expected in [
        ("show", "show", ["p"], {"path": "p"}),
        ("show", "show", ["--", "-p"], {"path": "-p"}),
        ("list", "list_all", [], {}),
        ("remove", "remove", ["p"], {"path": "p"}),
        ("gc", "gc", [], {"path": None, "force": False}),
        ("gc", "gc", ["p", "--force"], {"path": "p", "force": True}),
        ("doctor", "doctor", [], {"path": None, "deep": False}),
        ("doctor", "doctor", ["--deep", "p"], {"path": "p", "deep": True}),
    ]:
        seen = replaced(name)
        assert cli.main([verb, *words]) == 0
        assert expected.items() <= vars(seen[0]).items()


def test_the_process_s_words_are_the_default(replaced: Replace, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = replaced("show")
    monkeypatch.setattr("sys.argv", ["isolated-environment", "show", "p"])
    assert cli.main() == 0
    assert seen[0].path == "p"


@pytest.mark.parametrize(
    "words", [[], ["unknown"], ["show"], ["run"], ["run", "p", "tool"], ["run", "p", "--toolchain", "x"], ["list", "p"]]
)
def test_wrong_words_end_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("usage: isolated-environment")


@pytest.mark.parametrize("words", [["--help"], *([verb, "--help"] for verb in VERBS)], ids=" ".join)
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 0
    told = capsys.readouterr()
    assert told.err == ""
    named = VERBS if words == ["--help"] else ["--json"]
    assert [word for word in named if word not in told.out] == []


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("isolated-environment 3.")


def test_an_answer_is_a_text_or_one_json_value(replaced: Replace, capsys: pytest.CaptureFixture[str]) -> None:
    replaced("show", ({"a": ["é"]}, "for people", 3))
    assert cli.main(["show", "p"]) == 3
    assert capsys.readouterr() == ("for people\n", "")
    assert cli.main(["show", "p", "--json"]) == 3
    told = capsys.readouterr()
    assert json.loads(told.out) == {"a": ["é"]}
    assert told.err == ""
    replaced("show", ({}, "", 0))
    cli.main(["show", "p"])
    assert capsys.readouterr() == ("", ""), "no text is no line"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RequestError("what", hint="do this"), 125),
        (errors.ResolutionError("what", hint="do this"), 125),
        (errors.ProcessError("what", hint="do this"), 126),
        (errors.CommandNotFoundError("what", hint="do this", name="x", searched=()), 127),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_our_errors_go_to_stderr_with_their_hint(
    replaced: Replace, capsys: pytest.CaptureFixture[str], error: Any, code: int, as_json: bool
) -> None:
    replaced("show", error=error)
    assert cli.main(["show", "p", *(["--json"] if as_json else [])]) == code
    told = capsys.readouterr()
    assert told.err == "isolated-environment: what\nhint: do this\n"
    if as_json:
        assert json.loads(told.out) == {"error": error.code, "message": "what", "hint": "do this"}
    else:
        assert told.out == ""


def test_control_c(replaced: Replace, capsys: pytest.CaptureFixture[str]) -> None:
    replaced("show", error=KeyboardInterrupt())
    assert cli.main(["show", "p"]) == 130
    assert capsys.readouterr() == ("", "\nisolated-environment: interrupted\n")


def test_an_error_that_is_not_ours_is_not_hidden(replaced: Replace) -> None:
    replaced("show", error=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        cli.main(["show", "p"])
