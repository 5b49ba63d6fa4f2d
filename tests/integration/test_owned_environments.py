"""The library and an application in one virtual environment, both installed: what the user of it sees."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.demoapp import make_demo_project
from tests.support.installers import UV, run
from tests.support.rehearsal import Rehearsal, host_site


@pytest.fixture
def scene(tmp_path, demo_wheels, library, monkeypatch):
    """The library is there before the application; what it depends on comes from the tests' own site-packages."""
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_DATA_DIR", str(tmp_path / "data"))
    scene = Rehearsal(tmp_path, UV, demo_wheels)
    UV.install(scene.venv, library.parent, str(library), "--no-deps")
    (scene.site / "of-the-tests.pth").write_text(f"{host_site()}\n")
    scene.remember()
    return scene


def call(scene, program, *words):
    """Run a console script of the virtual environment."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [scene.venv / "bin" / program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=scene.venv)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(scene):
    return json.loads(call(scene, "isolated-environment", "list", "--json"))


def test_the_application_builds_it_is_listed_and_goes(scene):
    scene.install()
    assert listed(scene) == []
    assert call(scene, "demoapp") == "alpha 2.0\n"
    (found,) = listed(scene)
    assert found["owner"] == "demoapp"
    assert found["path"] == str(scene.path)
    assert found["root"] == str(scene.site / ".demoapp.isolated" / "whisper_env")
    assert (found["status"], found["placement"]) == ("ready", "owner")
    assert found["size"] > 0
    assert str(scene.path) in call(scene, "isolated-environment", "list")
    assert "healthy" in call(scene, "isolated-environment", "doctor").splitlines()
    assert scene.perform("uninstall") == []
    assert listed(scene) == []


def test_several_owners_and_one_in_the_users_directory(scene, tmp_path):
    scene.install()
    project = make_demo_project(tmp_path / "project")
    code = (
        "import sys; from isolated_environment import IsolatedEnvironment as E\n"
        "for path, owner in zip(sys.argv[1::2], sys.argv[2::2]): E(path, owner=owner, toolchain='uv').ensure()\n"
    )
    first, second, third = scene.path, scene.site / "stranger" / "env", project / "demoapp" / "env"
    call(scene, "python", "-c", code, first, "auto", second, "auto", third, "demoapp")
    (scene.site / "unowned").mkdir()
    call(scene, "python", "-W", "ignore", "-c", code, scene.site / "unowned" / "env", "auto")
    found = {(item["owner"], item["path"], item["placement"], item["status"]) for item in listed(scene)}
    assert found == {
        ("demoapp", str(first), "owner", "ready"),
        ("demoapp", str(third), "owner", "ready"),
        ("stranger", str(second), "owner", "ready"),
        (None, str(scene.site / "unowned" / "env"), "user", "ready"),
    }
    by_path = {item["path"]: item["root"] for item in listed(scene)}
    assert Path(by_path[str(third)]).parent == scene.site / ".demoapp.isolated"
    call(scene, "isolated-environment", "remove", by_path[str(third)])
    assert {item["path"] for item in listed(scene)} == set(by_path) - {str(third)}
    (scene.site / "unowned").rmdir()
    (orphan,) = json.loads(call(scene, "isolated-environment", "gc", "--json"))["orphans"]
    assert Path(orphan).parent == tmp_path / "data"
    call(scene, "isolated-environment", "remove", second)
    (record,) = scene.site.glob("stranger-*.dist-info/RECORD")
    assert scene.perform("uninstall") == ["changed: " + str(record.relative_to(scene.venv))], "rows alone are harmless"


def test_the_library_is_uninstalled_first_and_the_application_still_takes_all_with_it(scene):
    """Nothing of ours needs to run when the application goes."""
    before = scene.site / "isolated_environment"
    scene.install()
    assert call(scene, "demoapp") == "alpha 2.0\n"
    run("uv", "pip", "uninstall", "--quiet", "--python", scene.venv / "bin/python", "isolated_environment")
    assert not before.exists()
    scene.installer.uninstall(scene.venv)
    assert not (scene.site / ".demoapp.isolated").exists()
    assert not (scene.site / "demoapp").exists()
