"""The host's packages are the same before and after every public call, also one that fails.

The host is a virtual environment made for this test; the calls are made by its interpreter.  Its whole prefix is
compared around each call, file by file; ``pip list`` says the same once before and once after all of them.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import isolated_environment
from isolated_environment import IsolatedEnvironment
from isolated_environment.testing.indexes import PackageIndex
from tests.support.host_calls import CALLS, METHODS, ROOT, differences
from tests.support.hosts import Host
from tests.support.house import CHECKOUT
from tests.support.listing import listing

pytestmark = pytest.mark.xdist_group("one host for all")


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, list[str]]]:
    """What was found so far, by toolchain."""
    return {}


@pytest.fixture(params=["uv", pytest.param("pip", marks=pytest.mark.slow)])
def changes(
    request: pytest.FixtureRequest,
    results: dict[str, dict[str, list[str]]],
    tmp_path_factory: pytest.TempPathFactory,
    index: PackageIndex,
) -> dict[str, list[str]]:
    """What every call changed, by its name; all of them made by one process of a new host, for all tests."""
    if request.param not in results:
        results[request.param] = watched(tmp_path_factory.mktemp("host-unchanged"), index, request.param)
    return results[request.param]


def watched(directory: Path, index: PackageIndex, toolchain: str) -> dict[str, list[str]]:
    host = Host(directory / "host", index)
    before = host.pip_list()
    assert "filelock==" in before, "the list sees what the host can import"
    done = subprocess.run(
        [str(host.python), "-W", "error", "-m", "tests.support.host_calls", str(directory), toolchain],
        cwd=CHECKOUT,
        env=host.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    found["pip list"] = [] if host.pip_list() == before else ["another list"]
    return found


@pytest.mark.parametrize("name", [*CALLS, "pip list"])
def test_a_public_call_leaves_the_host_as_it_was(changes: dict[str, list[str]], name: str) -> None:
    assert changes[name] == []


def test_every_public_name_is_exercised() -> None:
    """A public name that is added without an entry in ``host_calls`` fails here."""
    assert set(METHODS) == {name for name in dir(IsolatedEnvironment) if not name.startswith("_")}
    assert set(ROOT) == set(isolated_environment.__all__)


def test_the_watch_sees_a_file_that_comes_goes_or_changes(tmp_path: Path) -> None:
    for name in ("kept", "gone", "changed"):
        (tmp_path / name).write_text("x")
    before = listing(tmp_path)
    (tmp_path / "gone").unlink()
    (tmp_path / "changed").write_text("y")
    (tmp_path / "new").mkdir()
    assert differences(before, listing(tmp_path)) == ["changed", "gone", "new"]
