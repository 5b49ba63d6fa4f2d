"""The command line on environments that installed applications own, and on those in the user's data directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isolated_environment import IsolatedEnvironment
from isolated_environment.errors import IsolatedEnvironmentWarning
from tests.support.demoapp import make_demo_wheels
from tests.support.hosts import Host
from tests.support.indexes import PackageIndex


class Application:
    """A host with the demonstration application, whose environment is built."""

    def __init__(self, directory: Path, index: PackageIndex) -> None:
        self.host = Host(directory / "host", index)
        wheels = make_demo_wheels(directory / "wheels")
        self.host.install(wheels / "demoapp-1.0-py3-none-any.whl")
        self.site_packages = next(self.host.prefix.glob("lib/python*/site-packages"))
        self.path = self.site_packages / "demoapp" / "whisper_env"
        self.root = self.site_packages / ".demoapp.isolated" / "whisper_env"

    def told(self, *words: object) -> Any:
        """The JSON that a command of the host prints."""
        done = self.host.call("-m", "isolated_environment", *words, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)


@pytest.fixture
def application(tmp_path: Path, index: PackageIndex) -> Application:
    made = Application(tmp_path, index)
    done = made.host.call("-c", "import demoapp; demoapp.main()")
    assert (done.stdout, done.stderr, done.returncode) == ("alpha 2.0\n", "", 0)
    return made


def test_a_life_by_path_and_by_root(application: Application) -> None:
    (listed,) = application.told("list")
    assert (listed["owner"], listed["status"], listed["placement"]) == ("demoapp", "ready", "owner")
    assert (listed["path"], listed["root"]) == (str(application.path), str(application.root))
    for name in (application.path, application.root):
        shown = application.told("show", name)
        assert (shown["path"], shown["root"]) == (str(application.path), str(application.root))
        assert shown["distributions"] == {"alpha": "2.0"}
        (report,) = application.told("doctor", name)["environments"]
        assert report["healthy"] is True
        done = application.host.call("-m", "isolated_environment", "run", name, "--", "alpha")
        assert (done.stdout, done.returncode) == ("alpha 2.0\n", 0)
    assert [report["healthy"] for report in application.told("doctor")["environments"]] == [True]
    assert application.told("gc") == {"generations": {str(application.root): []}, "orphans": []}
    text = application.host.call("-m", "isolated_environment", "list").stdout
    assert text.split("\t")[0::3] == ["demoapp", f"{application.path}\n"]
    assert application.told("remove", application.root) == {"root": str(application.root), "removed": True}
    assert not application.path.is_symlink()
    assert application.told("list") == []
    assert not application.root.parent.exists(), "the container goes with its last root"


def test_in_the_user_s_data_directory_it_is_listed_and_collected_with_its_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isolated_environment.cli import commands

    data = tmp_path / "data"
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_DATA_DIR", str(data))
    application = tmp_path / "application.zip"
    application.write_text("a zipapp: nothing can be made in it")
    with pytest.warns(IsolatedEnvironmentWarning, match="uninstalling the application will not remove it"):
        root = IsolatedEnvironment(application / "env", []).install_environment().root
    assert root.is_relative_to(data)
    monkeypatch.setattr(commands, "list_owners", list)
    ((listed,), _, _) = commands.list_all(None)
    assert (listed["owner"], listed["placement"], listed["status"]) == (None, "user", "ready")
    application.unlink()
    arguments = type("Arguments", (), {"path": None, "force": False})
    value, text, code = commands.gc(arguments)
    assert code == 0
    assert not root.exists()
    assert [Path(orphan).name for orphan in value["orphans"]] == [root.parent.name]
    assert "its application is gone" in text
