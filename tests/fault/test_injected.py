"""System calls of the installer itself fail (strace injects the error): no silent success, nothing published."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from isolated_environment import errors
from isolated_environment.toolchains import uv
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers


def can_inject() -> bool:
    """Whether strace is here, may trace, and knows how to inject."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-qq", "-o", "/dev/null", "-e", "inject=getcwd:error=EIO", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def injecting(tmp_path, monkeypatch):
    """Let uv run under a strace that injects."""
    if not can_inject():
        pytest.skip("strace cannot inject errors here")
    real = uv.find()

    def inject(what: str) -> None:
        stub = tmp_path / "uv"
        words = ["exec", "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={what}", real.executable]
        stub.write_text(f'#!/bin/sh\ncase "$*" in *"pip sync"*) {shlex.join(words)} "$@";; esac\n')
        with stub.open("a") as script:
            script.write(f'exec {shlex.quote(real.executable)} "$@"\n')
        stub.chmod(0o755)
        monkeypatch.setattr(uv, "find", lambda **_: uv.Uv(str(stub), real.version))

    return inject


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("mkdir:error=ENOSPC:when=3+", errors.DiskFullError),
        pytest.param("/^link(at)?$:error=EIO:when=2+", None, marks=pytest.mark.slow),
        pytest.param("/^rename(at|at2)?$:error=EIO:when=2+", errors.BuildError, marks=pytest.mark.slow),
        pytest.param("/^open(at)?$:error=EMFILE:when=60+", errors.BuildError, marks=pytest.mark.slow),
        pytest.param("write:error=ENOSPC:when=30+", None, marks=pytest.mark.slow),
    ],
)
def test_row_6_8_a_failing_call_of_the_installer(make, injecting, what, kind):
    """``kind`` is the error; ``None``: an error, or an environment that is correct all the same."""
    env = make().pip_install("alpha==1.0")
    prefix = env.ensure()
    injecting(what)
    caught = None
    try:
        built = make(toolchain="uv").pip_install("delta").ensure()
    except errors.BuildError as error:
        caught = error
    if caught is None:
        assert kind is None, "no silent success"
        assert audit(built, {"alpha": "1.0", "delta": "1.0"}) == []
    else:
        assert kind in {None, type(caught)}
        assert caught.step == "install"
        assert make().ensure() == prefix
        assert generations(env.path) == ["g1"]
    assert audit(prefix, {"alpha": "1.0"}) == []
    env.gc(force=True)
    assert leftovers(env.path) == []
