"""Credentials never reach what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolated_environment.redaction import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:word@host/simple", "https://****@host/simple"),
        ("https://token@host", "https://****@host"),
        ("https://us@er:wo@rd@host/x", "https://****@host/x"),
        ("git+https://user:word@host/r.git@v1", "git+https://****@host/r.git@v1"),
        ("https://user:wo'r\"d@host/x", "https://****@host/x"),
        ("https://:word@host", "https://****@host"),
        ("a https://u:w@h and http://v:x@g:80/y b", "a https://****@h and http://****@g:80/y b"),
        ("'https://u:w@h'", "'https://****@h'"),
    ],
)
def test_the_user_part_of_a_url_is_masked(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(shown) == shown, "once is enough"


@pytest.mark.parametrize(
    "text",
    [
        "https://host/@scope/x",
        "https://host/x?mail=a@b",
        "a@b",
        "numpy @ https://host/x",
        "see https://host for a@b",
        "",
    ],
)
def test_what_is_no_user_part_stays(text: str) -> None:
    assert redact(text) == text


def test_known_secrets_are_masked_anywhere() -> None:
    assert redact("token=abc, abc!", ("abc",)) == "token=****, ****!"
    assert redact("text", ("",)) == "text", "an empty secret is in every text"


@given(st.text(st.characters(exclude_characters="/?#", exclude_categories=("Cs", "Cc", "Z")), min_size=4))
def test_no_password_survives(password: str) -> None:
    assert redact(f"got https://user:{password}@host.example/simple") == "got https://****@host.example/simple"
