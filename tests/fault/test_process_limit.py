"""No process can be started any more: a clear error, the environment before stays, and nothing leaks (row 62)."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from isolated_environment import errors
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers
from tests.support.programs import descriptors


@pytest.fixture
def refusing(monkeypatch):
    """A context in which the kernel starts no process for this one; root has no such limit, so it is played."""

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def begin(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(subprocess.Popen, "_execute_child", refuse)

    return begin


def test_row_62_a_worker_that_cannot_be_started_says_so_and_leaks_nothing(beyond, refusing, monkeypatch):
    with beyond.worker() as alive, beyond.workers(1) as pool:
        alive.call("beyond:echo", 0)
        before = descriptors().keys()
        with monkeypatch.context() as patch:
            refusing(patch)
            for ask in (beyond.call, pool.call, lambda *_: beyond.worker()):
                with pytest.raises(errors.WorkerStartError, match="temporarily unavailable") as caught:
                    ask("beyond:echo", 1)
                assert "raise the limit" in caught.value.hint
            assert alive.call("beyond:echo", 2) == 2
        assert descriptors().keys() == before
        assert pool.call("beyond:echo", 3) == 3
    assert beyond.call("beyond:echo", 4) == 4


def test_row_62_a_build_whose_installer_cannot_be_started_says_so(make, refusing, monkeypatch):
    env = make().pip_install("alpha==1.0")
    prefix = env.ensure()
    with monkeypatch.context() as patch:
        refusing(patch)
        with pytest.raises(errors.BuildError, match="temporarily unavailable") as caught:
            make().pip_install("delta")
    assert caught.value.hint
    assert make().ensure() == prefix
    assert audit(prefix, {"alpha": "1.0"}) == []
    assert generations(env.path) == ["g1"]
    env.gc(force=True)
    assert leftovers(env.path) == []
