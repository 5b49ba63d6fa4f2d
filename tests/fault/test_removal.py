"""The environment is removed while others use it, begin to, or wait for its lock."""

from __future__ import annotations

import threading

import pytest

from isolated_environment import errors, events
from isolated_environment.store.store import Store
from tests.support.audit import audit
from tests.support.crowd import crowd, said
from tests.support.leftovers import leftovers


def test_what_somebody_uses_is_not_removed(make):
    user, other = make(["alpha"]), make()
    prefix = user.ensure()
    with pytest.raises(errors.InUseError, match="g1") as caught:
        other.remove()
    assert caught.value.generations == ("g1",)
    assert audit(prefix, {"alpha": "2.0"}) == []
    del user
    other.remove()
    assert not other.path.exists()


def test_nobody_begins_to_use_what_is_being_removed(make, monkeypatch):
    """Between the look at the leases and the end of the removal."""
    make(["alpha"]).ensure()
    late = make(["alpha"], lock_timeout=0)
    caught = []

    def use_now() -> None:
        with pytest.raises(errors.LockTimeoutError) as error:
            late.ensure()
        caught.append(error)

    delete = Store._delete

    def meanwhile(self: Store) -> None:
        thread = threading.Thread(target=use_now)
        thread.start()
        thread.join()
        delete(self)

    monkeypatch.setattr(Store, "_delete", meanwhile)
    make().remove()
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("how", "others"), [("removed", 1), ("moved away", 0), pytest.param("moved away", 1, marks=pytest.mark.slow)]
)
def test_who_waits_while_it_is_removed_builds_it_again(make, how, others):
    waiting = threading.Event()
    prefixes = []

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.WaitingForLock):
            waiting.set()

    def ask() -> None:
        prefixes.append(make(["alpha"], on_event=on_event).ensure())

    env = make()
    thread = threading.Thread(target=ask)
    with crowd(env.path, ask=others) as other:
        with env.lock():
            thread.start()
            assert waiting.wait(20)
            if how == "removed":
                env.remove()
            else:
                env.path.rename(env.path.with_name("elsewhere"))
        answers = said(other)
        thread.join()
    assert [answer["problems"] for answer in answers] == [[]] * others
    assert prefixes == [env.path / "g1"]
    assert [answer["prefix"] for answer in answers] == [str(env.path / "g1")] * others
    assert audit(prefixes[0], {"alpha": "2.0"}) == []
    env.gc(force=True)
    assert leftovers(env.path) == []
