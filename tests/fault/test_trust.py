"""Root and other users: root executes nothing that somebody else can write; no umask gives rights to everybody."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.ownership import trust
from tests.support.audit import audit

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
NOBODY = 65534

DISTRUST = {
    "belongs to user 65534": lambda path: os.chown(path, NOBODY, -1),
    "everybody can write": lambda path: path.chmod(0o777),
    "group 65534 can write": lambda path: (os.chown(path, -1, NOBODY), path.chmod(0o775)),
}


@needs_root
@pytest.mark.parametrize("which", ["root", "generation"])
@pytest.mark.parametrize("words", DISTRUST)
def test_row_28_root_uses_nothing_that_others_can_write(make, words, which):
    env = make(["alpha==1.0"])
    prefix = env.ensure()
    del env
    DISTRUST[words](prefix.parent if which == "root" else prefix)
    again = make(["alpha==1.0"])
    assert words in (again.state().reason or "")
    if which == "generation":
        assert again.ensure() != prefix, "a new one is built"
        assert audit(again.ensure(), {"alpha": "1.0"}) == []
        return
    before = sorted(os.listdir(prefix.parent))
    for refused in (again.ensure, again.environment, make(["delta"]).ensure, again.rollback, again.lock().__enter__):
        with pytest.raises(errors.UntrustedRootError, match=words) as caught:
            refused()
        assert caught.value.path == str(prefix.parent)
        assert caught.value.hint
    assert sorted(os.listdir(prefix.parent)) == before, "nothing was touched"
    again.remove()
    assert not prefix.parent.exists()


@needs_root
def test_row_28_a_root_that_somebody_planted_is_refused(make, tmp_path):
    planted = make(["alpha"]).ensure().parent
    for directory, names, files in os.walk(planted):
        for path in (directory, *(os.path.join(directory, name) for name in (*names, *files))):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    elsewhere = tmp_path / "theirs"
    planted.rename(elsewhere)
    planted.symlink_to(elsewhere)
    with pytest.raises(errors.NotOurDirectoryError):
        make(["alpha"]).ensure()


@needs_root
def test_row_28_who_owns_this_library_need_not_be_distrusted(make, monkeypatch):
    """Root runs that user's code already, as in a virtual environment of theirs."""
    prefix = make(["alpha"]).ensure()
    os.chown(prefix.parent, NOBODY, NOBODY)
    monkeypatch.setattr(trust, "_HERE", str(prefix.parent))
    assert make(["alpha"]).ensure() == prefix


def test_row_28_other_users_decide_for_themselves(tmp_path, monkeypatch):
    (tmp_path / "shared").mkdir(0o777)
    (tmp_path / "shared").chmod(0o777)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert trust.why_distrusted(str(tmp_path / "shared")) is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "everybody" in str(trust.why_distrusted(str(tmp_path / "shared")))
    assert trust.why_distrusted(str(tmp_path / "missing")) is None


BUILD = """
import os, sys
os.umask(int(sys.argv[2], 8))
from isolated_environment import IsolatedEnvironment
for version in ("1.0", "2.0"):
    env = IsolatedEnvironment(sys.argv[1], ["alpha==" + version], owner=None)
    print(env.run(["alpha"], capture_output=True, text=True, check=True).stdout, end="")
print(oct(os.umask(0)))
"""


@pytest.mark.parametrize("mask", ["077", "000"])
def test_row_30_with_any_umask_it_works_and_not_everybody_may_write(tmp_path, monkeypatch, mask):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))  # files in a prefix are links into it
    command = [sys.executable, "-c", BUILD, str(tmp_path / "env"), mask]
    checkout = Path(__file__).parent.parent.parent
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["alpha 1.0", "alpha 2.0", oct(int(mask, 8))], "and it is the caller's again"
    paths = [tmp_path / "env", *(tmp_path / "env").rglob("*")]
    forbidden = stat.S_IWOTH if mask == "000" else stat.S_IRWXG | stat.S_IRWXO
    modes = {str(path): path.stat().st_mode for path in paths if not path.is_symlink()}
    directories = [name for name, mode in modes.items() if mode & forbidden and stat.S_ISDIR(mode)]
    programs = [name for name, mode in modes.items() if mode & forbidden and name.endswith((".py", ".pyc", "/alpha"))]
    assert directories == []
    if mask == "000":
        assert programs == []
