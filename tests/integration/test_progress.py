"""How far a build is, for an application that shows it: sizes before the first byte, then each download."""

from __future__ import annotations

import io
import sys

import pytest

from isolated_environment.events import Downloading, Resolved
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel


def test_both_installers_tell_the_application(make, toolchain, tmp_path, monkeypatch):
    """A real download of a megabyte and a half, from a server that takes its time."""
    monkeypatch.delenv("TERM", raising=False)  # as in services: uv then draws nothing on its own
    for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    wheel = make_wheel(tmp_path / "files", "big", "1.0", files={"big.bin": bytes(3 << 19)})
    size = wheel.stat().st_size
    seen = []
    with PackageIndex(tmp_path / "files", duration=0.5).running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        env = make(["big"], toolchain=toolchain, on_event=seen.append)
        env.ensure()
    downloading = [event for event in seen if isinstance(event, Downloading)]
    assert {(event.name, event.step) for event in downloading} == {("big", "install")}
    assert {abs(event.total - size) < size / 100 for event in downloading} == {True}
    assert 0 <= downloading[0].done < size
    log = (env.path / "log" / "g1.log").read_text()
    assert "Progress" not in log
    assert "---" not in log
    (resolved,) = (event for event in seen if isinstance(event, Resolved))
    assert (resolved.count, resolved.size, resolved.unsized) == (1, size, 0), "a HEAD told what the page did not"
    assert seen.index(resolved) < seen.index(downloading[0])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("how", ["argument", "variable", "not at all"])
def test_a_terminal_is_left_alone_where_that_is_asked_for(make, monkeypatch, capsys, how):
    if how == "variable":
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_QUIET", "1")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    make(["alpha"], quiet=how == "argument").ensure()
    assert ("installing 1 distribution" in terminal.getvalue()) == (how == "not at all")
    assert (terminal.getvalue() == "") == (how != "not at all")
    assert capsys.readouterr().out == ""
