"""The compiled copy of the child program: of these very sources, complete, and run only when it is."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from isolated_environment.bridge import spawn
from isolated_environment.child import program
from isolated_environment.layout import PROGRAM

CHILD = Path(program.__file__).parent


def run(prefix: str, target: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", program.__file__, prefix, str(target)]
    return subprocess.run(argv, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("compiled")
    before = sorted(CHILD.rglob("*"))
    assert run(sys.prefix, prefix / PROGRAM).returncode == 0
    assert sorted(CHILD.rglob("*")) == before, "nothing is written beside the sources"
    return prefix


def test_it_holds_every_module_of_the_program_for_this_interpreter(compiled):
    (directory,) = (compiled / PROGRAM).glob("*/")
    assert directory.name == program.digest_of(program.sources())
    files = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert files.pop("always.bin")
    assert set(files) == {f"{name}c" for name in program.sources()}
    assert {data[:4] for data in files.values()} == {MAGIC_NUMBER}


def test_what_is_always_needed_is_among_the_sources():
    assert set(program.sources()) > program._ALWAYS
    assert {"serve.py", "session.py", "memory.py"} < set(program.sources())
    assert not {"run_pip.py", "program.py", "__init__.py"} & set(program.sources())


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.__setitem__("wire.py", files["wire.py"] + b"#"),
        lambda files: files.__setitem__("new.py", b""),
        lambda files: files.pop("tensors.py"),
        lambda files: files.__setitem__("wires.py", files.pop("wire.py")),
    ],
)
def test_any_change_of_the_sources_is_another_digest(change):
    files = program.sources()
    before = program.digest_of(files)
    change(files)
    assert program.digest_of(files) != before


def test_the_copy_of_these_very_sources_is_run(compiled):
    expected = compiled / PROGRAM / program.digest_of(program.sources()) / "serve.pyc"
    assert spawn._program_in(str(compiled)) == str(expected)


def test_the_sources_are_run_where_there_is_a_copy_of_others_or_none(tmp_path):
    other = tmp_path / PROGRAM / ("0" * 32)
    other.mkdir(parents=True)
    (other / "serve.pyc").touch()
    for prefix in (tmp_path, tmp_path / "nowhere"):
        assert spawn._program_in(str(prefix)) == str(CHILD / "serve.py")


def test_an_interpreter_of_another_prefix_compiles_nothing(tmp_path):
    (tmp_path / "other").mkdir()
    done = run(str(tmp_path / "other"), tmp_path / PROGRAM)
    assert (done.returncode, done.stderr.strip()) == (1, f"sys.prefix is {sys.prefix}")
    assert not os.path.exists(tmp_path / PROGRAM)
