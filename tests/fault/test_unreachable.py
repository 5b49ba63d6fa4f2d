"""The index: out of reach, breaking off, without what was asked for.  Each says what, where, and what to do."""

from __future__ import annotations

import shutil

import pytest

from isolated_environment import errors, events
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers


@pytest.fixture
def before(make):
    """A handle on an environment that must survive."""
    env = make().pip_install("alpha==1.0")
    env.ensure()
    return env


def assert_intact(before) -> None:
    prefix = before.path / "g1"
    assert before.ensure() == prefix
    assert audit(prefix, {"alpha": "1.0"}) == []
    assert generations(before.path) == ["g1"], "nothing is left of the attempt, even before a collection"
    before.gc(force=True)
    assert leftovers(before.path) == []


def test_an_unreachable_index_is_named(make, before, toolchain, monkeypatch, closed_port):
    url = f"http://127.0.0.1:{closed_port}/simple"
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", url)
    with pytest.raises(errors.IndexUnreachableError) as caught:
        make(toolchain=toolchain).pip_install("delta")
    assert isinstance(caught.value, ConnectionError)
    assert str(closed_port) in str(caught.value)
    assert "network" in (caught.value.hint or "")
    assert_intact(before)


@pytest.mark.parametrize(
    ("toolchain", "resolved"),
    [("uv", False), ("uv", True), ("pip", True), pytest.param("pip", False, marks=pytest.mark.slow)],
)
def test_row_16_a_connection_that_breaks_off_is_an_error(make, before, toolchain, monkeypatch, tmp_path, resolved):
    wheel = make_wheel(tmp_path / "wheels", "large", "1.0", files={"large.bin": bytes(range(256)) * 4000})
    make_wheel(tmp_path / "wheels", "alpha", "1.0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    with PackageIndex(tmp_path / "wheels").running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)

        def cut(event: events.Event) -> None:
            if isinstance(event, events.StepStarted) and event.step == ("install" if resolved else "resolve"):
                index.truncated[wheel.name] = 100_000
                shutil.rmtree(tmp_path / "cache", ignore_errors=True)

        with pytest.raises(errors.IndexUnreachableError) as caught:
            make(toolchain=toolchain, on_event=cut).pip_install("large")
        assert caught.value.step == ("install" if resolved else "resolve")
        assert "large" in str(caught.value)
        assert_intact(before)
        del index.truncated[wheel.name]
        env = make(toolchain=toolchain).pip_install("large")
        assert audit(env.ensure(), {"alpha": "1.0", "large": "1.0"}) == []


@pytest.mark.parametrize(
    ("toolchain", "requirement", "named"),
    [
        ("uv", "no-such-project", "no-such-project"),
        ("uv", "alpha==99", "alpha"),
        ("uv", "future", "future"),
        ("pip", "alpha==99", "alpha"),
        pytest.param("pip", "no-such-project", "no-such-project", marks=pytest.mark.slow),
        pytest.param("pip", "future", "future", marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_resolved_is_named(make, before, toolchain, requirement, named):
    with pytest.raises(errors.ResolutionError) as caught:
        make(toolchain=toolchain).pip_install(requirement)
    assert caught.value.step == "resolve"
    assert named in caught.value.message
    assert (caught.value.hint or "").startswith("check the ")
    assert_intact(before)
