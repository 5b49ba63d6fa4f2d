"""The command line on environments that installed applications own, and on those in the user's data directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isolated_environment import IsolatedEnvironment
from isolated_environment.errors import IsolatedEnvironmentWarning
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.demoapp import make_demo_wheels
from tests.support.hosts import Host


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


RUNTIME = """
from pathlib import Path
from isolated_environment import IsolatedEnvironment

HERE = Path(__file__).parent
tools = IsolatedEnvironment(HERE / "tools_env", ["alpha<2"])
more = IsolatedEnvironment(HERE / "more_env", ["delta"])
number = 7
"""
POINTS = "[isolated_environment.environments]\ntools = herd.runtime:tools\nmore = herd.runtime:more\n"
WRONG = {"number": "herd.runtime:number", "gone": "herd.no_such_module:env", "lacking": "herd.runtime:nothing"}


@pytest.fixture
def herd(tmp_path: Path, index: PackageIndex) -> Host:
    """A host with an application that declares two environments, and one that declares none that are there."""
    host = Host(tmp_path / "host", index)
    info = {"herd-1.0.dist-info/entry_points.txt": POINTS}
    host.install(
        make_wheel(tmp_path, "herd", "1.0", files={"herd/__init__.py": "", "herd/runtime.py": RUNTIME, **info})
    )
    lines = "".join(f"{name} = {value}\n" for name, value in WRONG.items())
    wrong = {"wrong_herd-1.0.dist-info/entry_points.txt": f"[isolated_environment.environments]\n{lines}"}
    host.install(make_wheel(tmp_path, "wrong-herd", "1.0", files={"wrong_herd.py": "", **wrong}))
    return host


def told(host: Host, *words: object) -> Any:
    done = host.call("-m", "isolated_environment", *words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_an_application_s_environments_go_by_its_name(herd: Host, tmp_path: Path) -> None:
    listed = {item["owner"]: item["status"] for item in told(herd, "list")}
    assert listed == {"herd": "absent", "wrong-herd": "invalid-declaration"}
    assert set(told(herd, "plan", "herd")) == {"herd:more", "herd:tools"}
    assert told(herd, "plan", "Herd:tools")["herd:tools"]["requirements"] == ["alpha<2"]
    built = told(herd, "build", "herd")
    assert set(built) == {"herd:more", "herd:tools"}
    assert all(Path(prefix, "pyvenv.cfg").is_file() for prefix in built.values())
    assert told(herd, "build", "herd:tools") == {"herd:tools": built["herd:tools"]}, "it is there"
    assert told(herd, "show", "herd:tools")["distributions"] == {"alpha": "1.0"}
    assert {item["status"] for item in told(herd, "list") if item["owner"] == "herd"} == {"ready"}
    assert [each["healthy"] for each in told(herd, "doctor", "herd")["environments"]] == [True, True]
    target = tmp_path / "pylock.toml"
    told(herd, "lock", "herd:tools", "--output", target)
    assert 'name = "alpha"' in target.read_text("utf-8")
    removed = told(herd, "remove", "herd")
    assert [item["removed"] for item in removed] == [True, True]
    assert not any(Path(prefix).exists() for prefix in built.values())


@pytest.mark.parametrize("name", WRONG)
def test_a_declaration_that_leads_nowhere_says_whose_it_is(herd: Host, name: str) -> None:
    done = herd.call("-m", "isolated_environment", "build", f"wrong-herd:{name}")
    assert done.returncode == 125
    assert WRONG[name] in done.stderr
    assert "tell the authors of wrong-herd" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_is_to_be_named_where_one_is_needed(herd: Host) -> None:
    for verb in ("lock", "show"):
        done = herd.call("-m", "isolated_environment", verb, "herd")
        assert done.returncode == 125
        assert "herd:more, herd:tools" in done.stderr


def test_a_directory_of_that_name_is_in_nobody_s_way_and_an_environment_comes_first(herd: Host) -> None:
    (herd.prefix / "herd").mkdir()  # commands run there, as authors do in their projects
    assert set(told(herd, "plan", "herd")) == {"herd:more", "herd:tools"}
    assert set(told(herd, "plan", "./herd")) == {"./herd"}
    assert herd.call("-m", "isolated_environment", "run", "herd", "--", "python", "-c", "").returncode == 0
    assert set(told(herd, "plan", "herd")) == {"herd"}
