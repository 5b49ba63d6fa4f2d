"""Where the application is installed for all, and the user may not write: what is built is used, else theirs is."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.installers import UV
from tests.support.listing import listing
from tests.support.rehearsal import Rehearsal
from tests.support.visitors import as_nobody, make_read_only, on_a_read_only_mount, visit, without_privileges

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes mean something else here")


@pytest.fixture
def scene(tmp_path, demo_wheels, monkeypatch):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_DATA_DIR", str(tmp_path / "data"))
    scene = Rehearsal(tmp_path, UV, demo_wheels)
    scene.install()
    return scene


#: The kernel refuses either; which error it gives is seen by the tests that take both.
MOUNT_WHEN_SLOW = pytest.mark.parametrize(
    "lock_up", ["modes", pytest.param("mount", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture(params=["modes", "mount"])
def lock_up(request, scene):
    """Make the application's place read-only; return what to put before a command."""

    def lock() -> list[str]:
        words = without_privileges() if request.param == "modes" else on_a_read_only_mount(scene.venv)
        if words is None:
            pytest.skip(f"this machine cannot make it read-only by {request.param}")
        if request.param == "modes":
            make_read_only(scene.venv)
        return words

    return lock


def test_row_27_29_what_root_built_a_plain_user_runs(scene, lock_up):
    root = scene.use().root
    words, before = lock_up(), listing(scene.venv)
    answer = visit(words, scene.path)
    assert answer == {"out": "alpha 2.0\n", "root": str(root), "placement": "owner", "warnings": []}
    assert listing(scene.venv) == before


@MOUNT_WHEN_SLOW
def test_row_27_29_other_content_goes_to_the_users_directory_with_one_warning(scene, lock_up, tmp_path):
    scene.use()
    words, before = lock_up(), listing(scene.venv)
    answer = visit(words, scene.path, "alpha<2")
    assert (answer["out"], answer["placement"]) == ("alpha 1.0\n", "user")
    assert answer["root"].startswith(str(tmp_path / "data"))
    assert len(answer["warnings"]) == 1
    assert answer["root"] in answer["warnings"][0]
    assert listing(scene.venv) == before
    assert visit(words, scene.path, "alpha<2")["warnings"] == [], "once it is there, there is nothing to warn of"
    assert visit(words, scene.path)["placement"] == "owner", "what root built still serves who wants that"


def test_row_27_29_where_nothing_was_built_the_users_directory_takes_it(scene, lock_up):
    words, before = lock_up(), listing(scene.venv)
    answer = visit(words, scene.path)
    assert (answer["out"], answer["placement"], len(answer["warnings"])) == ("alpha 2.0\n", "user", 1)
    assert listing(scene.venv) == before


@MOUNT_WHEN_SLOW
def test_the_author_may_refuse_that(scene, lock_up, tmp_path):
    words, before = lock_up(), listing(scene.venv)
    answer = visit(words, scene.path, mode="raise")
    assert (answer["error"], answer["warnings"]) == ("read-only-location", [])
    assert str(scene.path) in answer["text"]
    assert listing(scene.venv) == before
    assert not (tmp_path / "data").exists()


@MOUNT_WHEN_SLOW
def test_raising_is_for_building_only(scene, lock_up):
    scene.use()
    assert visit(lock_up(), scene.path, mode="raise")["out"] == "alpha 2.0\n"


@MOUNT_WHEN_SLOW
def test_rows_that_were_lost_cannot_be_written_again_by_a_plain_user(scene, lock_up):
    """A reinstallation by root lost them: the environment would not be removed, so it is not used."""
    scene.use()
    (record,) = scene.site.glob("demoapp-*.dist-info/RECORD")
    record.write_bytes(record.read_bytes().partition(b"demoapp/whisper_env,,\r\n")[2] or b"demoapp/__init__.py,,\n")
    assert visit(lock_up(), scene.path)["placement"] == "user"


def test_row_27_another_user_altogether(demo_wheels, monkeypatch):
    python = next(
        (found for name in ("python3", "python") if (found := shutil.which(name, path="/usr/bin:/usr/local/bin"))), None
    )
    words = None if python is None else as_nobody(python)
    if python is None or words is None:
        pytest.skip("no other user, or no interpreter of this version that another user can reach")
    with tempfile.TemporaryDirectory() as name:  # pytest's own directories are for one user
        Path(name).chmod(0o755)
        scene = Rehearsal(Path(name), UV, demo_wheels, python=python)
        scene.install()
        assert visit([], scene.path, python=python)["placement"] == "owner"
        before = listing(scene.venv)
        home = Path(name, "home")
        home.mkdir()
        home.chmod(0o777)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("UV_CACHE_DIR", str(home / "cache"))
        monkeypatch.delenv("ISOLATED_ENVIRONMENT_DATA_DIR")
        answer = visit(words, scene.path, python=python)
        assert (answer["out"], answer["placement"], answer["warnings"]) == ("alpha 2.0\n", "owner", [])
        answer = visit(words, scene.path, "alpha<2", python=python)
        assert (answer["out"], answer["placement"], len(answer["warnings"])) == ("alpha 1.0\n", "user", 1)
        assert answer["root"].startswith(str(home / ".local" / "share" / "isolated_environment"))
        assert listing(scene.venv) == before
