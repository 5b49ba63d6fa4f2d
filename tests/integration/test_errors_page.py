"""Every error is provoked as its user would, and ``docs/reference/errors.md`` shows what is said then."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from isolated_environment import errors
from tests.support.error_scenes import NEVER_RAISED, SCENES, Stage, installers_lines
from tests.support.errors_page import PAGE, TEXTS, rewritten, shown
from tests.support.torch_world import main_directory, main_index, pages, pages_directory  # noqa: F401 -- fixtures

BY_CODE = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, errors.IsolatedEnvironmentError)
}


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    (tmp_path / "app").mkdir()
    with monkeypatch.context() as patch:
        made = Stage(tmp_path / "app", request, patch)
        with made.at_the_end:
            yield made


def provoked(code: str, stage: Stage) -> errors.IsolatedEnvironmentError:
    with pytest.raises(BY_CODE[code]) as caught:
        SCENES[code](stage)
    assert type(caught.value) is BY_CODE[code]
    stage.patch.undo()
    return caught.value


def test_what_is_written_is_read_and_another_word_is_seen() -> None:
    page = PAGE.read_text("utf-8")
    assert rewritten(page, shown(page)) == page
    changed = rewritten(page, {"not-built": "another text", "lock-lost": "$1\n\\1"})
    assert shown(changed) == shown(page) | {"not-built": "another text", "lock-lost": "$1\n\\1"}
    assert without_installers_lines("one\n    two\nlog: three", 1) == "one\nlog: three"
    assert without_installers_lines("one\n    two", 0) == "one\n    two"


def test_there_is_a_scene_and_a_text_for_each_code(request: pytest.FixtureRequest) -> None:
    assert {*SCENES, *NEVER_RAISED} == set(BY_CODE)
    assert not SCENES.keys() & set(NEVER_RAISED)
    if TEXTS not in request.config.stash:
        assert sorted(shown(PAGE.read_text("utf-8"))) == sorted(SCENES)


@pytest.mark.parametrize("code", sorted(SCENES))
def test_the_page_shows_what_is_said(code: str, stage: Stage, request: pytest.FixtureRequest) -> None:
    error = provoked(code, stage)
    text = stage.shown(error)
    check(error, text)
    if TEXTS in request.config.stash:
        request.config.stash[TEXTS][code] = text
        return
    page = shown(PAGE.read_text("utf-8")).get(code, "")
    count = installers_lines(error)
    assert without_installers_lines(page, count) == without_installers_lines(text, count), (
        f"write it with `python -m tests.support.errors_page`; the section {code} must read:\n{text}"
    )


def check(error: errors.IsolatedEnvironmentError, text: str) -> None:
    """What every text keeps: one thing to do, at the end; the log's path, and it is there; nobody's own paths."""
    assert error.hint
    assert text.splitlines()[-1].startswith("hint: ")
    assert [line[:6] for line in text.splitlines()].count("hint: ") == 1
    log = getattr(error, "log_path", None)
    assert log is None or os.path.getsize(log) > 0
    assert ("\nlog: " in text) == (log is not None)
    assert not re.search(r"/tmp/|127\.0\.0\.1|/root/", text), text
    assert "None" not in error.message
    assert len(text.splitlines()) < 20


def without_installers_lines(text: str, count: int) -> str:
    """The text without what an installer printed, in whatever version it is."""
    lines = text.splitlines()
    return "\n".join(line for line in lines if not (count and line.startswith("    ")))
