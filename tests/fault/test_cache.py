"""The installer's cache is damaged, as a power cut leaves it: uv exits with 0 and a torn environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isolated_environment import errors, events
from isolated_environment.store import attempt
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers


@pytest.fixture
def cached(tmp_path, monkeypatch, make) -> Callable[..., int]:
    """Fills a cache of this test's own, and empties files in it; the environment built before has its own copies."""
    make_wheel(tmp_path / "wheels", "alpha", "1.0", scripts={"alpha": "alpha:main"})
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with PackageIndex(tmp_path / "wheels", immutable=True).running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        make(["alpha"], name="before").ensure()

        def empty(pattern: str) -> int:
            found = [path for path in Path(tmp_path, "cache", "archive-v0").rglob(pattern) if path.is_file()]
            for path in found:
                path.unlink()  # not through the link that the environment before has to it
                path.write_bytes(b"")
            return len(found)

        yield empty


@pytest.mark.parametrize(
    "torn",
    [
        *("alpha.py", "RECORD", "*"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("METADATA", "WHEEL", "entry_points.txt")),
    ],
)
def test_row_12_a_damaged_cache_is_noticed_and_built_around(make, cached, torn):
    assert cached(torn) > 0
    told: list[events.Event] = []
    env = make(["alpha"], on_event=told.append)
    assert audit(env.ensure(), {"alpha": "1.0"}) == []
    reasons = [event.reason for event in told if isinstance(event, events.BuildStarted)]
    assert reasons == ["there is no environment yet", "the installer's cache is damaged"]
    assert any("without the installer's cache" in event.text for event in told if isinstance(event, events.Notice))
    assert generations(env.path) == ["g2"], "nothing was repaired in place"
    env.gc(force=True)
    assert leftovers(env.path) == []


def test_without_verification_the_torn_environment_would_go_out(make, cached, monkeypatch):
    """The negative control of the test above."""
    cached("alpha.py")
    monkeypatch.setattr(attempt, "verify", lambda *_, **__: [])
    assert any("alpha.py has another hash" in line for line in audit(make(["alpha"]).ensure()))


def test_row_12_damage_that_stays_is_an_error_and_the_environment_before_stays_too(make, cached, monkeypatch, tmp_path):
    env = make(["alpha"], name="before")
    prefix = env.ensure()
    monkeypatch.setattr(attempt, "verify", lambda *_, **__: ["alpha: alpha.py has 0 bytes, not 66"])
    with pytest.raises(errors.VerificationError, match=r"alpha\.py has 0 bytes") as caught:
        make(["alpha", str(make_wheel(tmp_path / "local", "more", "1.0"))], name="before").ensure()
    assert caught.value.damage == ("alpha: alpha.py has 0 bytes, not 66",)
    assert caught.value.hint
    assert make(["alpha"], name="before").ensure() == prefix
    assert audit(prefix, {"alpha": "1.0"}) == []
    env.gc(force=True)
    assert leftovers(env.path) == []
