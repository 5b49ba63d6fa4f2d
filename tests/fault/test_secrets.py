"""Credentials in every kind of URL, and a public index that offers more: rows 72 and 73 of the fault matrix."""

from __future__ import annotations

import hashlib
import pickle
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isolated_environment import Index, IsolatedEnvironmentError, errors
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.toolchains import PIP_WHEN_SLOW
from tests.support.watcher import Watcher, files_that_hold
from tests.support.wheels import make_project

SECRET = "s3cr3t-t0ken"
WRONG = "wr0ng-t0ken"


@pytest.fixture
def private(tmp_path: Path, monkeypatch) -> Iterator[PackageIndex]:
    """An index that wants credentials, and a cache of this test's own: nothing can be taken from elsewhere."""
    make_wheel(tmp_path / "private", "hidden", "1.0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))
    with PackageIndex(tmp_path / "private", credentials=f"user:{SECRET}").running() as running:
        yield running


class Way:
    """One way to say where a private project is, with a password in it."""

    def __init__(self, index: PackageIndex, password: str, directory: Path, monkeypatch: Any) -> None:
        self.index = index
        self.password = password
        self.directory = directory
        self.monkeypatch = monkeypatch

    def url(self, path: str) -> str:
        return self.index.origin.replace("//", f"//user:{self.password}@") + path

    def explicit(self) -> dict[str, Any]:
        return {"requirements": ["hidden"], "indexes": [Index(self.url("/simple"), ["hidden"])]}

    def direct(self) -> dict[str, Any]:
        return {"requirements": [f"hidden @ {self.url('/files/hidden-1.0-py3-none-any.whl')}"]}

    def lock(self) -> dict[str, Any]:
        path = self.directory / "pylock.toml"
        url = self.index.origin + "/files/hidden-1.0-py3-none-any.whl"
        path.write_text(LOCK.replace("URL", url).replace("HASH", sha256(self.index.directory)))
        return {"pylock": path, "indexes": [Index(self.url("/simple"), ["hidden"])]}

    def netrc(self) -> dict[str, Any]:
        path = self.directory / ".netrc"
        path.write_text(f"machine 127.0.0.1 login user password {self.password}\n")
        path.chmod(0o600)
        self.monkeypatch.setenv("NETRC", str(path))
        return {"requirements": ["hidden"], "indexes": [Index(self.index.url, ["hidden"])]}

    def default(self) -> dict[str, Any]:
        self.monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", self.url("/simple"))
        return {"requirements": ["hidden"]}


LOCK = """
lock-version = "1.0"
created-by = "tests"
[[packages]]
name = "hidden"
version = "1.0"
wheels = [{ url = "URL", hashes = { sha256 = "HASH" } }]
"""
WAYS: dict[str, Callable[[Way], dict[str, Any]]] = {
    "explicit index": Way.explicit,
    "direct URL": Way.direct,
    "lock": Way.lock,
    "netrc": Way.netrc,
    "default index": Way.default,
}


def links_in_text(url: str) -> dict[str, Any]:
    return {"requirements": f"--find-links {url}\nhidden\n"}


def links_in_options(url: str) -> dict[str, Any]:
    return {"requirements": ["hidden"], "options": ["--find-links", url]}


def sha256(directory: Path) -> str:
    return hashlib.sha256((directory / "hidden-1.0-py3-none-any.whl").read_bytes()).hexdigest()


def assert_hidden(secret: str, env, shown: str, private: PackageIndex) -> None:
    assert secret not in shown
    assert files_that_hold(secret, env.path) == []
    assert secret not in repr(env.__dict__) + str(env.plan()) + str(env.doctor()) + str(env.state())


@PIP_WHEN_SLOW
@pytest.mark.parametrize("way", WAYS)
def test_row_72_a_password_works_and_shows_nowhere(make, toolchain, private, way, tmp_path, monkeypatch, caplog, capfd):
    caplog.set_level("DEBUG")
    told: list[object] = []
    words = WAYS[way](Way(private, SECRET, tmp_path, monkeypatch))
    env = make(toolchain=toolchain, on_event=told.append, **words)
    with Watcher() as watcher:
        env.ensure()
    assert env.pip_has("hidden==1.0")
    assert private.asked_for("hidden")
    assert [line for line in watcher.seen if str(env.path) in line], "the watcher saw the installer"
    shown = "\n".join([*watcher.seen, *map(repr, told), caplog.text, *capfd.readouterr(), env.freeze()])
    assert_hidden(SECRET, env, shown, private)


@PIP_WHEN_SLOW
@pytest.mark.parametrize("way", WAYS)
def test_row_72_a_wrong_password_is_an_error_that_does_not_show_it(
    make, toolchain, private, way, tmp_path, monkeypatch, caplog, capfd
):
    caplog.set_level("DEBUG")
    told: list[object] = []
    words = WAYS[way](Way(private, WRONG, tmp_path, monkeypatch))
    env = make(toolchain=toolchain, on_event=told.append, **words)
    with pytest.raises(IsolatedEnvironmentError) as caught, Watcher() as watcher:
        env.ensure()
    error = caught.value
    parts = [str(error), repr(error), error.diagnostics(), repr(vars(error)), repr(pickle.dumps(error))]
    shown = "\n".join([*watcher.seen, *map(repr, told), caplog.text, *capfd.readouterr(), *parts])
    assert_hidden(WRONG, env, shown, private)


@pytest.mark.parametrize("words", [{"requirements": ["git+http://user:wr0ng-t0ken@127.0.0.1:9/x.git#egg=x"]}, None])
def test_row_72_a_repository_and_a_proxy_that_cannot_be_reached(make, words, monkeypatch, closed_port):
    if words is None:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:{WRONG}@127.0.0.1:{closed_port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", "http://index.invalid/simple")
        words = {"requirements": ["delta"]}
    env = make(toolchain="uv", **words)
    with pytest.raises(errors.BuildError) as caught, Watcher() as watcher:
        env.ensure()
    error = caught.value
    shown = "\n".join([*watcher.seen, str(error), error.diagnostics(), repr(vars(error))])
    assert_hidden(WRONG, env, shown, None)


@pytest.mark.parametrize("said", [links_in_text, links_in_options])
def test_row_72_a_password_that_could_only_travel_in_a_command_line_is_refused(make, said):
    words = said(f"http://user:{SECRET}@127.0.0.1:9/links/")
    with pytest.raises(IsolatedEnvironmentError) as caught:
        make().pip_install(**words)
    assert "--find-links" in str(caught.value)
    parts = [str(caught.value), repr(caught.value), repr(vars(caught.value)), repr(pickle.dumps(caught.value))]
    assert SECRET not in "\n".join(parts)


def test_row_72_a_password_in_the_url_of_a_lock_is_taken_out(make, private, tmp_path):
    """What is locked is written down, so it is not the place of a password; an index beside it is."""
    way = Way(private, SECRET, tmp_path, None)
    words = way.lock()
    words["pylock"].write_text(words["pylock"].read_text().replace("http://", f"http://user:{SECRET}@"))
    env = make(toolchain="uv", **words)
    env.ensure()
    assert env.pip_has("hidden==1.0")
    assert_hidden(SECRET, env, env.freeze(), private)


@PIP_WHEN_SLOW
def test_row_73_a_public_index_that_offers_a_higher_version_is_not_asked(
    make, toolchain, private, tmp_path, monkeypatch
):
    """Also for a project that only a dependency names, and when nothing but sources is wanted."""
    make_wheel(private.directory, "secret-part", "1.0")
    make_wheel(private.directory, "hidden", "1.1", requires=["secret-part", "alpha"])
    for name in ("hidden", "secret-part"):
        make_wheel(tmp_path / "public", name, "99.0")
    make_wheel(tmp_path / "public", "alpha", "2.0")
    with PackageIndex(tmp_path / "public").running() as public:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", public.url)
        index = Index(private.url_with_credentials, ["hidden", "secret-part"])
        env = make(["hidden"], indexes=[index], toolchain=toolchain)
        found = {item.name: item.version for item in env.pip_list()}
        asked = public.asked_for("hidden") + public.asked_for("secret")
    assert found == {"hidden": "1.1", "secret-part": "1.0", "alpha": "2.0"}
    assert asked == []


@PIP_WHEN_SLOW
def test_row_73_a_source_distribution_of_a_public_index_is_not_run(make, toolchain, private, tmp_path, monkeypatch):
    """Metadata of a source distribution is had by running it: to ask is to be taken over."""
    make_wheel(private.directory, "part", "1.0")
    make_wheel(private.directory, "hidden", "1.1", requires=["part>=1"])
    tree = make_project(tmp_path / "part-99.0", "part", "99.0")
    with (tree / "backend.py").open("a") as backend:
        backend.write(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    (tmp_path / "public").mkdir()
    with tarfile.open(tmp_path / "public" / "part-99.0.tar.gz", "w:gz") as archive:
        archive.add(tree, tree.name)
    with PackageIndex(tmp_path / "public").running() as public:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", public.url)
        index = Index(private.url_with_credentials, ["hidden", "part"])
        env = make(["hidden"], indexes=[index], toolchain=toolchain, constraints=["part<2"])
        env.ensure()
        assert env.pip_has("part==1.0")
        assert env.pip_install("hidden==1.1").pip_has("part==1.0")
    assert not (tmp_path / "ran").exists()


@PIP_WHEN_SLOW
def test_a_private_project_keeps_its_version_as_others_do(make, toolchain, private):
    """Named, or brought by a dependency."""
    make_wheel(private.directory, "part", "1.0")
    make_wheel(private.directory, "hidden", "1.1", requires=["part"])
    index = Index(private.url_with_credentials, ["hidden", "part"])
    env = make(["hidden"], indexes=[index], toolchain=toolchain).pip_install("alpha==1.0")
    make_wheel(private.directory, "part", "1.1")
    make_wheel(private.directory, "hidden", "1.2", requires=["part"])
    env.pip_install("alpha==2.0")
    assert {item.name: item.version for item in env.pip_list()} == {"alpha": "2.0", "hidden": "1.1", "part": "1.0"}
    env.pip_install("hidden", upgrade=True)
    assert env.pip_has("hidden==1.2")
