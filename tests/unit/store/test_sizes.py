"""How much is to be downloaded: what the lock tells, and what a server is asked for."""

from __future__ import annotations

import socket
import time

import pytest
from packaging.pylock import Package, PackageDirectory, PackageVcs, PackageWheel
from packaging.version import Version

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.lockfile import lock_of
from isolated_environment.settings import Settings, read_settings
from isolated_environment.store import sizes
from isolated_environment.store.sizes import ask_sizes
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.orders import order


def package(name, **where):
    wheel = PackageWheel(name=f"{name}-1.0-py3-none-any.whl", hashes={"sha256": "0" * 64}, **where)
    return Package(name=name, version=Version("1.0"), wheels=[wheel])


@pytest.fixture
def served(tmp_path):
    make_wheel(tmp_path / "files", "alpha", "1.0")
    with PackageIndex(tmp_path / "files", credentials="me:secret").running() as index:
        yield index


def test_only_what_nobody_told_is_asked_for(served):
    alpha = f"{served.origin}/files/alpha-1.0-py3-none-any.whl"
    lock = lock_of(
        [
            package("alpha", url=alpha),
            package("told", url=f"{served.origin}/files/told-1.0-py3-none-any.whl", size=7),
            package("gone", url=f"{served.origin}/files/gone-1.0-py3-none-any.whl"),
            package("local", path="/x/local-1.0-py3-none-any.whl"),
            Package(name="tree", directory=PackageDirectory(path="/x/tree")),
            Package(name="checkout", vcs=PackageVcs(type="git", url="https://h/r.git", commit_id="c" * 40)),
        ]
    )
    size = (served.directory / "alpha-1.0-py3-none-any.whl").stat().st_size
    private = order(AskInput(["alpha"]), indexes=[Index(served.url_with_credentials, default=True)])
    assert ask_sizes(lock, private) == {
        "alpha": size,
        "told": 7,
        "gone": None,
        "local": 0,
        "tree": 0,
        "checkout": None,
    }
    assert sorted(served.requests) == [f"HEAD /files/{name}-1.0-py3-none-any.whl" for name in ("alpha", "gone")]


def test_the_users_index_is_asked_with_the_users_password(served):
    lock = lock_of([package("alpha", url=f"{served.origin}/files/alpha-1.0-py3-none-any.whl")])
    settings = read_settings({"ISOLATED_ENVIRONMENT_INDEX_URL": served.url_with_credentials})
    assert ask_sizes(lock, order(settings=settings))["alpha"] > 0
    assert ask_sizes(lock, order(settings=Settings(index_url=served.url))) == {"alpha": None}, "it needs one"


def test_offline_nobody_is_asked_and_a_server_that_is_gone_tells_nothing(closed_port):
    lock = lock_of([package("alpha", url=f"http://127.0.0.1:{closed_port}/alpha-1.0-py3-none-any.whl")])
    assert ask_sizes(lock, order()) == {"alpha": None}
    assert ask_sizes(lock, order(settings=Settings(offline=True))) == {"alpha": None}


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch, tmp_path):
    monkeypatch.setattr(sizes, "_PATIENCE", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/alpha-1.0-py3-none-any.whl"
        started = time.monotonic()
        assert ask_sizes(lock_of([package("alpha", url=url)]), order()) == {"alpha": None}
        assert time.monotonic() - started < 20
