"""Environments in the user's data directory: no uninstall removes them, so `gc` does, at the right time."""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment, errors
from isolated_environment.layout import Layout
from isolated_environment.leases import share
from isolated_environment.store import orphans
from isolated_environment.store.orphans import collect_orphans
from tests.support.installers import UV, run
from tests.support.listing import listing
from tests.support.rehearsal import Rehearsal
from tests.support.sites import put_distribution


@pytest.fixture
def data(tmp_path, monkeypatch):
    path = tmp_path / "data"
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_DATA_DIR", str(path))
    return path


@pytest.fixture
def application(tmp_path):
    """As a system's package manager installs it: our rows would mean nothing to it."""
    site = tmp_path / "lib" / "site-packages"
    put_distribution(site, "systemapp", installer=None)
    return site / "systemapp"


def built(path, *requirements):
    env = IsolatedEnvironment(path, requirements or ["alpha"], toolchain="uv")
    with pytest.warns(errors.IsolatedEnvironmentWarning):
        env.ensure()
    assert env.state().placement == "user"
    return env


def gc():
    done = run(sys.executable, "-W", "error", "-m", "isolated_environment", "gc", "--json")
    assert done.stderr == ""
    return [Path(path) for path in json.loads(done.stdout)["orphans"]]


def test_it_works_and_says_once_where_it_is(application, data):
    before = listing(application.parent)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        env = IsolatedEnvironment(application / "env", ["alpha"], toolchain="uv")
        assert env.run(["alpha"], capture_output=True, text=True).stdout == "alpha 2.0\n"
        env.pip_install("delta")
        IsolatedEnvironment(application / "env", toolchain="uv").pip_install("beta")
    assert len(seen) == 1
    text = str(seen[0].message)
    assert str(application / "env") in text
    assert str(env.root) in text
    assert "`isolated-environment gc`" in text
    assert seen[0].filename == __file__, "the warning points at the application"
    assert env.root.is_relative_to(data)
    assert listing(application.parent) == before
    assert any("uninstalling does not remove it" in finding.text for finding in env.doctor().findings)


def test_gc_removes_it_when_the_application_is_gone_and_not_before(application, data):
    built(application / "env")
    (data / "notes").mkdir()
    (data / "notes" / "owner.json").write_text('{"tool": "another", "application": "/nowhere"}')
    assert gc() == []
    shutil.rmtree(application)
    (container,) = gc()
    assert container.parent == data
    assert not container.exists()
    assert (data / "notes").exists(), "not ours"
    assert gc() == []


def test_gc_leaves_what_is_in_use(application):
    env = built(application / "env")
    lease = share(Layout(str(env.root)).lease(env.prefix.name))
    shutil.rmtree(application)
    assert gc() == []
    assert env.run(["alpha"], capture_output=True, text=True).stdout == "alpha 2.0\n"
    lease.release()
    assert gc() == [], "the handle holds its own"
    env._handle.release()
    assert len(gc()) == 1


def test_gc_leaves_what_it_does_not_know(application, data):
    built(application / "env")._handle.release()
    (container,) = [path for path in data.iterdir() if path.is_dir()]
    (container / "notes").mkdir()
    (container / "notes" / "mine").touch()
    shutil.rmtree(application)
    assert gc() == []
    (container / "notes" / "mine").unlink()
    assert gc() == [container]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes mean something else here")
def test_an_application_that_cannot_be_looked_at_is_not_gone(application, data, monkeypatch):
    built(application / "env")._handle.release()
    shutil.rmtree(application)
    stat = Path.stat

    def denied(path, **kwargs):
        if path == application:
            raise PermissionError(13, "Permission denied")
        return stat(path, **kwargs)

    monkeypatch.setattr(Path, "stat", denied)
    assert collect_orphans(str(data)) == []
    monkeypatch.undo()
    assert len(collect_orphans(str(data))) == 1


def test_what_is_gone_is_collected_once_a_day_by_whoever_builds(application, data, monkeypatch):
    first = built(application / "env")
    first._handle.release()
    other = put_distribution(application.parent, "otherapp", installer=None).site_packages / "otherapp"
    built(other / "env")
    shutil.rmtree(application)
    built(other / "second")
    assert first.root.exists(), "it was looked for today"
    os.utime(data / "collected", (1, 1))
    built(other / "third")
    assert not first.root.exists()
    assert not [path for path in data.iterdir() if "systemapp" in path.name]


def test_a_deletion_that_was_killed_is_finished_later(application, data, monkeypatch):
    built(application / "env")._handle.release()
    shutil.rmtree(application)
    monkeypatch.setattr("isolated_environment.ownership.container.delete_tree", lambda _: sys.exit("killed"))
    with pytest.raises(SystemExit):
        collect_orphans(str(data))
    monkeypatch.undo()
    assert len(collect_orphans(str(data))) == 1
    assert list(data.iterdir()) == []


def test_removing_it_takes_its_container_too(application, data):
    env = built(application / "env")
    env.remove()
    assert list(data.iterdir()) == []
    env.ensure()


def test_a_zip_application(tmp_path, data):
    """Its environment is collected when the file is gone, not because no directory can be in it."""
    path = tmp_path / "app.pyz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demoapp/__init__.py", "")
    env = built(path / "demoapp" / "env")
    env._handle.release()
    assert gc() == []
    path.unlink()
    assert len(gc()) == 1


def test_the_author_may_refuse_it(application, data):
    env = IsolatedEnvironment(application / "env", ["alpha"], if_read_only="raise", toolchain="uv")
    with pytest.raises(errors.ReadOnlyLocationError, match="not installed by a Python installer"):
        env.ensure()
    assert not env.installed()
    assert env.state().status == "absent"
    assert not data.exists()


def test_without_the_setting_the_platforms_directory_is_used(application, tmp_path, monkeypatch):
    monkeypatch.delenv("ISOLATED_ENVIRONMENT_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "xdg"))
    env = built(application / "env")
    if sys.platform == "linux":
        assert env.root.is_relative_to(tmp_path / "xdg" / "isolated_environment")
    shutil.rmtree(application)
    env._handle.release()
    assert len(gc()) == 1


def test_a_data_directory_that_cannot_be_made_is_a_clear_error(application, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(errors.StoreError, match="file"):
        IsolatedEnvironment(application / "env", ["alpha"], toolchain="uv").ensure()


def test_no_owner_at_all(tmp_path, demo_wheels):
    """The author says so: the path itself is the root, and no RECORD is edited."""
    scene = Rehearsal(tmp_path, UV, demo_wheels)
    scene.install()
    (record,) = scene.site.glob("demoapp-*.dist-info/RECORD")
    before = record.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = IsolatedEnvironment(scene.path, ["alpha"], toolchain="uv", owner=None)
        env.ensure()
        assert IsolatedEnvironment(scene.path, ["alpha"], owner=None).ensure() == env.prefix
    assert env.root == scene.path
    assert (env.state().placement, env.state().owner) == ("path", None)
    assert record.read_bytes() == before
    assert not (scene.site / ".demoapp.isolated").exists()
    env.remove()
    assert scene.perform("uninstall") == []


def test_an_application_that_goes_at_this_moment_gets_none(application):
    shutil.rmtree(application)
    with pytest.raises(errors.OwnerGoneError, match="uninstalled"):
        IsolatedEnvironment(application / "env", ["alpha"], toolchain="uv").ensure()


def test_the_collection_is_due_once_a_day(tmp_path):
    assert not orphans._is_due(tmp_path / "missing" / "collected")
    assert orphans._is_due(tmp_path / "collected")
    (tmp_path / "collected").touch()
    assert not orphans._is_due(tmp_path / "collected")
    os.utime(tmp_path / "collected", (1, 1))
    assert orphans._is_due(tmp_path / "collected")
