"""The environment's directory was moved or copied: what is there is built anew, and the original is not touched."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers
from tests.support.listing import listing


def says(script) -> str:
    return subprocess.run([script], capture_output=True, text=True, check=True).stdout


def test_row_25_a_moved_environment_is_built_anew(make):
    old = make(["alpha==1.0"], name="old").ensure().parent
    new = old.with_name("new")
    old.rename(new)
    env = make(["alpha==1.0"], name="new")
    assert "moved here" in str(env.state().reason)
    prefix = env.ensure()
    assert prefix == new / "g2"
    assert audit(prefix, {"alpha": "1.0"}) == []
    assert says(prefix / "bin" / "alpha") == says(new / "bin" / "alpha") == "alpha 1.0\n"
    assert str(prefix) in (prefix / "bin" / "alpha").read_text()
    activated = f'. "{new}/activate" && command -v alpha && printf %s "$VIRTUAL_ENV"'
    shell = subprocess.run(["bash", "-c", activated], capture_output=True, text=True, check=True)
    assert shell.stdout.split() == [str(prefix / "bin" / "alpha"), str(prefix)]
    assert generations(new) == ["g2"], "what was moved here serves nobody"
    assert leftovers(new) == []


def test_row_25_a_copied_environment_is_built_anew_and_the_original_stays(make):
    handle = make(["alpha==1.0"], name="old")
    prefix = handle.ensure()
    new = prefix.parent.with_name("new")
    subprocess.run(["cp", "-a", str(prefix.parent), str(new)], check=True)
    before = listing(prefix.parent, ignore=())
    env = make(name="new").pip_install("delta")
    assert audit(env.ensure(), {"alpha": "1.0", "delta": "1.0"}) == []
    assert says(env.bin / "alpha") == "alpha 1.0\n"
    assert str(env.prefix) in (env.bin / "alpha").read_text()
    assert generations(new) == ["g2"]
    assert listing(prefix.parent, ignore=()) == before
    assert make(["alpha==1.0"], name="old").ensure() == prefix
    assert says(prefix / "bin" / "alpha") == "alpha 1.0\n"
    shutil.rmtree(new)
    assert handle.run(["alpha"], capture_output=True, text=True).stdout == "alpha 1.0\n"


def test_row_25_moved_under_a_live_handle(make, tmp_path):
    env = make(["alpha==1.0"], name="old")
    env.ensure()
    (tmp_path / "old").rename(tmp_path / "new")
    answer = env.run(["python", "-c", "import sys, alpha; print(sys.prefix)"], capture_output=True, text=True)
    assert answer.stdout == f"{tmp_path / 'old' / 'g1'}\n", "built again where the handle looks"
    assert os.path.isdir(tmp_path / "new" / "g1")
