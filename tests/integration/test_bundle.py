"""What an author ships: a lock, or a bundle of wheels with their lock, from which a first run needs no network."""

from __future__ import annotations

import json
import shutil

import pytest

from isolated_environment import Index, errors
from isolated_environment.cli import main
from isolated_environment.testing import assert_has
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel, make_wheels
from tests.support.demoapp import make_demo_project
from tests.support.far import HERE, present
from tests.support.listing import listing
from tests.support.toolchains import PIP_WHEN_SLOW


@pytest.fixture
def no_network(monkeypatch, tmp_path, closed_port):
    """Nothing answers from now on, and no installer has seen anything."""

    def cut():
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", f"http://127.0.0.1:{closed_port}/simple")
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_OFFLINE", "1")
        for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR"):
            monkeypatch.setenv(name, str(tmp_path / "empty" / name))

    return cut


@PIP_WHEN_SLOW
def test_an_environment_is_built_from_a_bundle_without_a_network(make, toolchain, tmp_path, no_network):
    """Wheels of an index, a wheel of this machine, and a project that has to be built."""
    local = make_wheel(tmp_path / "local", "local", "1.0")
    env = make(["beta", "alpha==1.0", str(local), str(make_demo_project(tmp_path / "project"))], toolchain=toolchain)
    lock = env.bundle(tmp_path / "bundle")
    assert sorted(path.name for path in lock.parent.iterdir()) == [
        *("alpha-1.0-py3-none-any.whl", "beta-1.0-py3-none-any.whl", "demoapp-1.0-py3-none-any.whl"),
        *("local-1.0-py3-none-any.whl", "pylock.toml"),
    ]
    assert str(tmp_path) not in lock.read_text(), "nothing of this machine is in it"
    no_network()
    env.remove()
    shutil.rmtree(tmp_path / "local")
    shutil.rmtree(tmp_path / "project")
    shipped = shutil.move(lock.parent, tmp_path / "elsewhere") / "pylock.toml"
    there = make(name="there", pylock=shipped, toolchain=toolchain)
    there.ensure()
    assert_has(there, "alpha==1.0", "beta==1.0", "demoapp==1.0", "local==1.0")


def test_a_later_bundle_takes_the_place_of_an_earlier_one_and_of_nothing_else(make, tmp_path):
    directory = tmp_path / "bundle"
    make(["alpha==1.0", "delta"]).bundle(directory)
    (directory / "README").write_text("mine")
    (directory / ".partial-killed").mkdir()
    make(["alpha==2.0"]).bundle(directory)
    assert sorted(path.name for path in directory.iterdir()) == [
        *("README", "alpha-2.0-py3-none-any.whl", "pylock.toml"),
    ]


def test_a_file_that_is_not_what_the_lock_says_leaves_the_earlier_bundle(make, tmp_path, monkeypatch):
    files = make_wheels(tmp_path / "files", {"alpha": "9.0"})
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
    directory = tmp_path / "bundle"
    with PackageIndex(files).running() as index:
        env = make(["alpha"], indexes=[Index(index.url, default=True)])
        env.bundle(directory)
        before = listing(directory)
        monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "another"))
        index.tampered["alpha-9.0-py3-none-any.whl"] = b"something else"
        with pytest.raises(errors.VerificationError, match="collect: a file is not what the lock says") as caught:
            env.bundle(directory)
    assert caught.value.log_path == str(directory / "bundle.log")
    assert "alpha" in (directory / "bundle.log").read_text(), "the log that the error names is there"
    (directory / "bundle.log").unlink()
    assert listing(directory) == before


def test_what_pip_did_not_leave_is_missed(make, tmp_path, monkeypatch):
    from isolated_environment.store import bundle

    env = make(["alpha==1.0", "delta"])
    packaged = bundle._packaged
    monkeypatch.setattr(bundle, "_packaged", lambda wheel: packaged(wheel.rename(wheel.with_name(OTHER[wheel.name]))))
    with pytest.raises(errors.VerificationError, match=r"no wheel of alpha 1\.0") as caught:
        env.bundle(tmp_path / "bundle")
    assert caught.value.damage == ("alpha 1.0",)
    assert [path.name for path in (tmp_path / "bundle").iterdir()] == ["bundle.log"]


OTHER = {
    "alpha-1.0-py3-none-any.whl": "alpha-1.1-py3-none-any.whl",
    "delta-1.0-py3-none-any.whl": "delta-1.0-py3-none-any.whl",
}


@PIP_WHEN_SLOW
def test_a_bundle_that_was_shipped_in_part_or_changed_is_an_error_that_says_so(make, tmp_path, toolchain):
    lock = make(["alpha==1.0", "delta"]).bundle(tmp_path / "bundle")
    there = make(name="there", pylock=lock, toolchain=toolchain)
    wheel = lock.parent / "alpha-1.0-py3-none-any.whl"
    whole = wheel.read_bytes()
    wheel.unlink()
    with pytest.raises(errors.InvalidLockError, match=r"alpha-1\.0-py3-none-any\.whl, which is not there") as caught:
        there.ensure()
    assert "package data" in caught.value.hint
    wheel.write_bytes(whole + b"more")
    with pytest.raises(errors.VerificationError):
        there.ensure()
    wheel.write_bytes(whole)
    there.ensure()
    assert_has(there, "alpha", "delta")


@pytest.mark.parametrize("ship", ["bundle", "export_lock"])
def test_what_is_shipped_serves_the_python_that_it_was_made_for(make, tmp_path, ship):
    target = tmp_path / ("pylock.toml" if ship == "export_lock" else "bundle")
    lock = getattr(make(["alpha"]), ship)(target)
    with pytest.raises(errors.InvalidLockError, match="does not satisfy the Python version"):
        make(name="other", pylock=lock, python="3.8").ensure()
    text = lock.read_text()
    lock.write_text(text.replace("sys_platform == ", "sys_platform != "))
    with pytest.raises(errors.InvalidLockError, match="environment"):
        make(name="other", pylock=lock).ensure()
    lock.write_text(text)
    make(name="other", pylock=lock).ensure()


def test_a_lock_that_was_shipped_finds_the_files_in_uvs_cache(make, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    with PackageIndex(make_wheels(tmp_path / "files", {"alpha": "1.0"}), immutable=True).running() as index:
        env = make(["alpha"], toolchain="uv", indexes=[Index(index.url, default=True)])
        lock = env.export_lock(tmp_path / "pylock.toml")
        index.requests.clear()
        make(name="there", pylock=lock, toolchain="uv").ensure()
        assert index.asked_for(".whl") == []


def test_a_lock_for_every_platform_serves_others_and_other_pythons(make, tmp_path, monkeypatch):
    """With the versions that the environment has, and what only others need."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    packages = {
        "alpha": {"version": "1.0", "requires": ["delta; sys_platform == 'win32'", "gamma; python_version > '3.12'"]},
        "delta": "1.0",
        "gamma": "1.0",
    }
    files = make_wheels(tmp_path / "files", packages)
    with PackageIndex(files, credentials="me:secret").running() as index:
        private = Index(index.url_with_credentials, default=True)
        env = make(["alpha"], toolchain="uv", indexes=[private])
        env.ensure()
        make_wheels(files, {"alpha": "2.0"})
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "another"))
        lock = env.export_lock(tmp_path / "pylock.toml", universal=True)
        text = lock.read_text()
        assert [text.count(f'name = "{name}"') for name in ("alpha", "delta", "gamma")] == [1, 1, 1]
        assert "secret" not in text
        assert 'version = "1.0"' in text
        here = make(name="here", pylock=lock, toolchain="uv", indexes=[private], python=HERE)
        here.ensure()
        assert_has(here, "alpha==1.0")
        if HERE != "3.13" and "3.13" in present():
            there = make(name="there", pylock=lock, toolchain="uv", indexes=[private], python="3.13")
            there.ensure()
            assert {each.name for each in there.pip_list()} == {"alpha", "gamma"}


def test_a_lock_for_every_platform_is_not_to_be_had_of_everything(make, tmp_path):
    target = tmp_path / "pylock.toml"
    with pytest.raises(errors.RequestError, match="only uv"):
        make(["alpha"], toolchain="pip").export_lock(target, universal=True)
    local = make_wheel(tmp_path / "local", "local", "1.0")
    with pytest.raises(errors.InvalidLockError, match="others do not have"):
        make([str(local)], name="other", toolchain="uv").export_lock(target, universal=True)
    assert not target.exists()
    make([], name="empty", toolchain="uv").export_lock(target, universal=True)
    assert make(name="again", pylock=target).ensure()


def test_passwords_travel_to_the_index_and_not_into_the_bundle(make, tmp_path):
    with PackageIndex(make_wheels(tmp_path / "files", {"alpha": "1.0"}), credentials="me:secret").running() as index:
        lock = make(["alpha"], indexes=[Index(index.url_with_credentials, default=True)]).bundle(tmp_path / "bundle")
    assert lock.with_name("alpha-1.0-py3-none-any.whl").is_file()
    assert "secret" not in lock.read_text()


def test_a_place_that_cannot_be_written_is_said(make, tmp_path):
    env = make(["alpha"])
    (tmp_path / "file").touch()
    with pytest.raises(errors.RequestError, match="file cannot be written"):
        env.bundle(tmp_path / "file")
    with pytest.raises(errors.RequestError, match="cannot be written: No such file"):
        env.export_lock(tmp_path / "nowhere" / "pylock.toml")
    (tmp_path / "env" / "pylock.toml").unlink()
    (tmp_path / "env" / "g1" / "pylock.toml").unlink()
    with pytest.raises(errors.NotBuiltError, match="the lock of"):
        env.bundle(tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_on_the_command_line(make, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make(["alpha==1.0"]).ensure()
    assert main(["bundle", "env"]) == 0
    assert "bundle/pylock.toml and 1 wheel, 0.0 MB, for this platform and this Python" in capsys.readouterr().out
    assert main(["bundle", "env", "--output", "other", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["wheels"] == ["alpha-1.0-py3-none-any.whl"]
    assert main(["lock", "env", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"lock": str(tmp_path / "pylock.toml")}
