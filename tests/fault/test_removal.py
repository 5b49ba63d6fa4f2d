"""The environment is removed while others use it, begin to, or wait for its lock."""

from __future__ import annotations

import errno
import os
import threading

import pytest

from isolated_environment import errors, events
from isolated_environment.layout import Layout
from isolated_environment.store import removal, store
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


def test_what_cannot_be_deleted_is_named_and_removed_when_it_can(make, monkeypatch):
    make(["alpha"]).ensure()
    unlink = os.unlink

    def refuse(path, **kwargs):
        if os.path.basename(path) == "alpha.py":
            raise OSError(errno.EBUSY, "Device or resource busy", path)
        unlink(path, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(os, "unlink", refuse)
        with pytest.raises(errors.RemovalError, match=r"alpha\.py cannot be deleted") as caught:
            make().remove()
    assert [os.path.basename(path) for path in caught.value.left] == ["alpha.py"]
    assert make(["alpha"]).state().status == "absent"
    make(["alpha"]).ensure()
    make().remove()
    assert not make().path.exists()


def test_nobody_begins_to_use_what_is_being_removed(make, monkeypatch):
    """Between the look at the leases and the end of the removal."""
    make(["alpha"]).ensure()
    late = make(["alpha"], lock_timeout=0)
    caught = []

    def use_now() -> None:
        with pytest.raises(errors.LockTimeoutError) as error:
            late.ensure()
        caught.append(error)

    def meanwhile(layout: Layout) -> None:
        thread = threading.Thread(target=use_now)
        thread.start()
        thread.join()
        removal.delete(layout)

    monkeypatch.setattr(store, "delete", meanwhile)
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
