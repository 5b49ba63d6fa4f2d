"""``plan(resolve=True)``: what would be installed is said, and nothing is written, started or fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from isolated_environment import Index, errors
from isolated_environment.plan import Plan, Planned
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel

WHEEL = "alpha-1.0-py3-none-any.whl"


def test_it_says_what_would_be_installed_and_keeps_nothing(make, toolchain, tmp_path, monkeypatch):
    make_wheel(tmp_path / "files", "alpha", "1.0")
    make_wheel(tmp_path / "files", "beta", "1.0", requires=["alpha"])
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with PackageIndex(tmp_path / "files").running() as server:
        env = make(["beta"], toolchain=toolchain, indexes=[Index(server.url, default=True)])
        plan = env.plan(resolve=True)
        assert [(each.name, each.version) for each in plan.distributions] == [("alpha", "1.0"), ("beta", "1.0")]
        assert env.plan().distributions is None, "that was not asked for"
    assert not env.path.exists()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert plan.free > 0
    assert "to install: 2 distributions" in str(plan)


def test_what_is_there_needs_nothing_and_what_is_known_needs_no_index(make, tmp_path):
    make_wheel(tmp_path / "files", "alpha", "1.0")
    with PackageIndex(tmp_path / "files").running() as server:
        env = make(["alpha"], indexes=[Index(server.url, default=True)])
        env.ensure()
        assert env.plan(resolve=True).reason is None
        env.python.unlink()
        server.requests.clear()
        again = make(["alpha"], indexes=[Index(server.url, default=True)]).plan(resolve=True)
        assert [each.version for each in again.distributions] == ["1.0"]
        assert [each.size for each in again.distributions] == [(tmp_path / "files" / WHEEL).stat().st_size]
        assert server.requests == [f"HEAD /files/{WHEEL}"], "its lock is known; the page told no size"


def test_what_cannot_be_resolved_is_the_same_error_as_the_build_s(make, toolchain):
    env = make(["alpha<0.1"], toolchain=toolchain)
    with pytest.raises(errors.ResolutionError, match=r"alpha<0\.1") as caught:
        env.plan(resolve=True)
    assert caught.value.tail, "the last lines that matter"
    assert caught.value.log_path is None, "nothing is kept, so no log is named"
    assert "log: " not in str(caught.value)
    assert not env.path.exists()


def test_a_lock_that_is_given_is_what_would_be_installed(make, tmp_path):
    first = make(["alpha<2"], name="first")
    first.ensure()
    given = Path(shutil.copy(first.root / "pylock.toml", tmp_path / "given.toml"))
    plan = make(name="second", pylock=given).plan(resolve=True)
    assert [(each.name, each.version) for each in plan.distributions] == [("alpha", "1.0")]


def test_sizes_are_added_as_far_as_they_are_known():
    found = (Planned("numpy", "2.0", 16_100_000), Planned("six", "1.17.0", None))
    plan = Plan("/r", "there is none", "path", "uv", "3.11", ("numpy",), free=40_000_000_000, distributions=found)
    assert plan.download == 16_100_000
    assert str(plan).splitlines()[5:] == [
        "free: 40.0 GB",
        "to install: 2 distributions, 16.1 MB to download at most",
        "  numpy 2.0  16.1 MB",
        "  six 1.17.0",
    ]
    assert Plan("/r", None, "path", "uv", "3.11", ()).download is None
