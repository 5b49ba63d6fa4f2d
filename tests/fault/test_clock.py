"""The clock is set a year back or forth: who waits waits no longer, and nothing in use goes (row 31)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from isolated_environment import errors, events
from tests.support.audit import audit
from tests.support.holder import holding
from tests.support.leftovers import generations, leftovers

YEAR = 365 * 24 * 3600.0


@pytest.fixture(params=[-YEAR, YEAR], ids=["back", "forth"])
def set_clock(request, monkeypatch) -> Callable[[], None]:
    """What sets the clock of this process; files go by that of the machine."""
    works = time.time
    return lambda: monkeypatch.setattr(time, "time", lambda: works() + request.param)


def test_row_31_a_clock_set_during_a_build_takes_nothing_away(make, set_clock):
    user = make(["alpha==1.0"])
    prefix = user.ensure()

    def at_the_install(event: events.Event) -> None:
        if isinstance(event, events.StepStarted) and event.step == "install":
            set_clock()

    for version in ("2.0", "1.0", "2.0"):
        env = make([f"alpha=={version}"], on_event=at_the_install)
        assert audit(env.ensure(), {"alpha": version}) == []
        env.gc()
        assert audit(prefix, {"alpha": "1.0"}) == [], "it is in use"
    env.gc(force=True)
    assert audit(prefix, {"alpha": "1.0"}) == []
    del user
    assert env.gc(force=True) == ["g1"]
    assert generations(env.path) == ["g3", "g4"]
    assert leftovers(env.path) == []


@pytest.mark.timeout(30)
def test_row_31_a_clock_set_while_somebody_waits_changes_no_deadline(make, set_clock):
    told: list[events.Event] = []

    def on_event(event: events.Event) -> None:
        told.append(event)
        set_clock()

    with holding(make().path) as holder:
        started = time.monotonic()
        with pytest.raises(errors.LockTimeoutError) as caught:
            make(["alpha"], lock_timeout=1.3, on_event=on_event).ensure()
        assert 1.3 <= time.monotonic() - started < 5
        assert holder.poll() is None
    assert [type(event) for event in told] == [events.WaitingForLock], "it was set in the middle"
    assert 1.3 <= caught.value.waited < 5
    assert f"pid {holder.pid} " in caught.value.holder
    assert make(["alpha"]).ensure().is_dir()
