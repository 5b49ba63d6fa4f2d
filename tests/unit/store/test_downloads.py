"""How far downloads are, from what uv and pip say: pieces of their real output (uv 0.13, pip 26.3)."""

from __future__ import annotations

import pytest

from isolated_environment.store import downloads
from isolated_environment.store.downloads import Downloads, is_raw

BAR = (
    "\x1b[2m{:<20}\x1b[0m \x1b[32m-----\x1b[30m\x1b[2m-------------------------\x1b[0m\x1b[0m {}/{}   \x1b[1A\r\x1b[2K"
)


def told(reader: Downloads, text: str) -> list[tuple[str, int, int]]:
    return [(event.name, event.done, event.total) for event in reader.read(text.encode())]


def test_uvs_bars() -> None:
    reader = Downloads("/r", "install")
    chunk = BAR.format("tzdata", "64.00 KiB", "340.05 KiB") + BAR.format("scipy", "    0 B", "33.71 MiB")
    assert told(reader, chunk) == [("tzdata", 65536, 348211), ("scipy", 0, 35347496)]
    assert reader.read(b"Resolved 5 packages in 251ms\r\n + numpy==2.0\r\n") == []


def test_pips_raw_progress() -> None:
    reader = Downloads("/r", "install")
    said = (
        "Collecting scikit-learn==1.0\n  Downloading scikit_learn-1.0-cp311-cp311-manylinux.whl (16.9 MB)\n"
        "Progress 0 of 16918164\n"
    )
    assert told(reader, said) == [("scikit-learn", 0, 16918164)]
    assert told(reader, "Progress 16918164 of 16918164\r\n") == [("scikit-learn", 16918164, 16918164)]
    assert told(reader, "  Downloading https://h/x/torch-2.0%2Bcu121-cp311.whl (2 GB)\nProgress 5 of 0\n") == [
        ("torch", 5, 0)
    ]


def test_what_is_said_again_and_again_is_told_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(downloads.time, "monotonic", lambda: now[0])
    reader = Downloads("/r", "install")

    def say(done: int) -> bool:
        return bool(reader.read(f"Progress {done} of 10\n".encode()))

    assert say(1)
    assert not say(2), "too soon"
    now[0] += 2 * downloads._PAUSE
    assert not say(1), "nothing new"
    assert say(2)
    assert say(10), "the end is always told"
    assert not say(10)


def test_a_line_that_only_says_how_far_it_is() -> None:
    assert is_raw("Progress 5 of 10")
    assert not is_raw("Progress was made")
