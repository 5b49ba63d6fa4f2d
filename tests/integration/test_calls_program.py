"""Which program a worker runs: the copy that was compiled for its interpreter, or the sources; both answer alike."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.bridge import spawn
from isolated_environment.child import program
from isolated_environment.layout import PROGRAM

SOURCE = str(Path(program.__file__).with_name("serve.py"))


def said(path: str) -> list[str]:
    return os.listdir(path)


def test_a_new_environment_has_a_copy_and_runs_it(beyond):
    expected = os.path.join(beyond.prefix, PROGRAM, program.digest_of(program.sources()), "serve.pyc")
    assert expected in beyond.call("builtins:eval", "__import__('sys').orig_argv")
    assert beyond.call("builtins:eval", "__import__('sys').argv") == [""]


@pytest.mark.parametrize("is_compiled", [True, False])
def test_both_answer_alike(beyond, monkeypatch, is_compiled):
    if not is_compiled:
        monkeypatch.setattr(spawn, "_program_in", lambda _: SOURCE)
    with beyond.worker() as worker:
        assert (SOURCE in worker.call("builtins:eval", "__import__('sys').orig_argv")) is not is_compiled
        assert worker.call("builtins:eval", "__import__('sys').dont_write_bytecode") is False
        assert worker.call("beyond:echo", 1, ["x"]) == (1, ["x"])
        assert worker.call(said, beyond.prefix) == os.listdir(beyond.prefix)
        assert worker.call("beyond:echo", bytearray(1 << 20)) == bytearray(1 << 20)
        assert list(worker.call("beyond:count", 3)) == [0, 1, 2]
        with pytest.raises(ZeroDivisionError) as caught:
            worker.call("operator:truediv", 1, 0)
        assert isinstance(caught.value.__cause__, errors.RemoteError)
        assert "isolated_environment" not in caught.value.__cause__.traceback
        with pytest.raises(errors.SerializationError, match="lock"):
            worker.call("threading:Lock")


def test_no_bytecode_is_written_beside_the_sources(beyond, monkeypatch, tmp_path):
    """They are the host's installation: another Python leaves nothing there."""
    copy = shutil.copytree(Path(SOURCE).parent, tmp_path / "child", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(spawn, "_program_in", lambda _: str(copy / "serve.py"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    with beyond.worker() as worker:
        assert str(copy / "serve.py") in worker.call("builtins:eval", "__import__('sys').orig_argv")
        assert worker.call(lambda: 1) == 1
        assert worker.call("beyond:echo", bytearray(1 << 20)) == bytearray(1 << 20)
        assert list(worker.call("beyond:count", 3)) == [0, 1, 2]
        for target in ("threading:Lock", "no.such:module"):
            with pytest.raises((errors.SerializationError, ModuleNotFoundError)):
                worker.call(target)
    assert not (copy / "__pycache__").exists()
