"""Credentials reach the index, and nothing else: no argv, log, error, receipt or file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from isolated_environment import Index, errors
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.toolchains import PIP_WHEN_SLOW
from tests.support.watcher import Watcher, files_that_hold

SECRET = "s3cr3t-t0ken"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[PackageIndex]:
    make_wheel(tmp_path / "private", "hidden", "1.0", requires=["alpha"])
    with PackageIndex(tmp_path / "private", credentials=f"user:{SECRET}").running() as running:
        yield running


def build(env, watcher_cls=Watcher) -> set[str]:
    with watcher_cls() as watcher:
        env.ensure()
    assert any("install" in line or "pip sync" in line for line in watcher.seen), "the watcher saw the installer"
    return watcher.seen


@pytest.mark.parametrize("way", ["explicit index", "direct URL", "default index"])
def test_credentials_work_and_stay_hidden(make, toolchain, private, way, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    lines = []
    if way == "explicit index":
        env = make(
            ["hidden"],
            indexes=[Index(private.url_with_credentials, ["hidden"])],
            toolchain=toolchain,
            on_event=lines.append,
        )
    elif way == "direct URL":
        url = f"{private.origin}/files/hidden-1.0-py3-none-any.whl".replace("//", f"//user:{SECRET}@")
        env = make([f"hidden @ {url}"], toolchain=toolchain, on_event=lines.append)
    else:
        make_wheel(private.directory, "alpha", "1.5")
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", private.url_with_credentials)
        env = make(["hidden"], toolchain=toolchain, on_event=lines.append)
    commands = build(env)
    assert {item.name for item in env.pip_list()} == {"alpha", "hidden"}
    assert not [line for line in commands if SECRET in line]
    assert SECRET not in "".join(map(repr, lines))
    assert SECRET not in caplog.text
    assert files_that_hold(SECRET, env.root) == []
    assert SECRET not in repr(env.__dict__) + str(env.plan()) + str(env.doctor()) + env.freeze()


def test_wrong_credentials_are_an_error_that_does_not_show_them(make, toolchain, private):
    url = private.url.replace("http://", "http://user:wr0ng-t0ken@")
    env = make(["hidden"], indexes=[Index(url, ["hidden"])], toolchain=toolchain)
    with pytest.raises(errors.IndexUnreachableError) as caught:
        env.ensure()
    assert "wr0ng-t0ken" not in caught.value.diagnostics() + repr(caught.value)
    assert "credentials" in (caught.value.hint or "")


@PIP_WHEN_SLOW
def test_a_rebuild_in_a_new_process_takes_the_credentials_of_the_new_handle(make, toolchain, private):
    index = Index(private.url_with_credentials, ["hidden"])
    make(["hidden"], indexes=[index], toolchain=toolchain).ensure()
    env = make(["hidden", "delta"], indexes=[index], toolchain=toolchain)
    assert {item.name for item in env.pip_list()} == {"alpha", "delta", "hidden"}
