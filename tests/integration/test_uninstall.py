"""Uninstalling the application removes its environment and nothing else: with real uninstallers."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from isolated_environment import IsolatedEnvironment
from isolated_environment.ownership import registration
from isolated_environment.testing.wheels import make_wheel
from isolated_environment.toolchains.pip import bundled_wheels
from tests.support.demoapp import make_demo_project
from tests.support.installers import ALL, PIP, UV, Unavailable, run, site_of
from tests.support.listing import listing
from tests.support.rehearsal import OPERATIONS, Rehearsal, rehearse

#: Where what we did is judged rather than what an installer does; pip names the most.
UV_WHEN_SLOW = pytest.mark.parametrize(
    "installer", [PIP, pytest.param(UV, marks=pytest.mark.slow)], ids=str, indirect=True
)


@pytest.fixture(params=[PIP, UV], ids=str)
def installer(request):
    """The installers that are here."""
    return request.param


@pytest.fixture
def scene(tmp_path, installer, demo_wheels):
    """The application installed, not used yet."""
    scene = Rehearsal(tmp_path, installer, demo_wheels)
    scene.install()
    return scene


def test_row_26_nothing_is_left_by_the_installers_that_are_here(tmp_path, demo_wheels, installer):
    assert rehearse(tmp_path, installer, demo_wheels, "force-reinstall", "upgrade", "uninstall") == []


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_left_by_any_operation_alone(tmp_path, demo_wheels, installer, operation):
    assert rehearse(tmp_path, installer, demo_wheels, operation) == []


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("installer", [one for one in ALL if one.needs_network], ids=str)
def test_nothing_is_left_by_older_installers(tmp_path, demo_wheels, installer, operation, index, monkeypatch):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
    try:
        assert rehearse(tmp_path, installer, demo_wheels, operation) == []
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.network
def test_nothing_is_left_by_the_oldest_pip(tmp_path, demo_wheels, index, monkeypatch):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
    try:
        assert rehearse(tmp_path, ALL[0], demo_wheels, "uninstall") == []
    except Unavailable as reason:
        pytest.skip(str(reason))


@UV_WHEN_SLOW
def test_without_our_rows_the_rehearsal_sees_what_is_left(scene, monkeypatch):
    """The measuring instrument works."""
    monkeypatch.setattr(registration, "_add_rows", lambda *_: None)
    monkeypatch.setattr(registration, "_look_again", lambda *_: None)
    scene.use()
    assert any(".demoapp.isolated" in line for line in scene.perform("uninstall"))


@UV_WHEN_SLOW
def test_an_application_that_never_built_anything(scene):
    assert scene.perform("uninstall") == []


@UV_WHEN_SLOW
def test_an_environment_that_was_removed_before(scene):
    scene.use().remove()
    assert scene.unlisted() == []
    assert scene.perform("uninstall") == []


def test_several_environments_deep_in_the_package(scene):
    paths = [scene.site / "demoapp" / name for name in ("one", "core/two", "new/directory/three")]
    for path in paths:
        IsolatedEnvironment(path, ["alpha"], toolchain="uv").ensure()
    for path in paths:
        assert IsolatedEnvironment(path, ["alpha"]).installed()
        assert path.is_symlink()
    IsolatedEnvironment(paths[2]).remove()
    assert not (scene.site / "demoapp" / "new").exists()
    assert scene.perform("uninstall") == []


def test_environments_with_odd_names(scene):
    for name in ("with blank", "été Ω", "a,b", "#note", "line\u2028end"):
        IsolatedEnvironment(scene.site / "demoapp" / name, ["alpha"], toolchain="uv").ensure()
    assert scene.perform("uninstall") == []


def test_a_virtual_environment_that_holds_nothing_else_survives(tmp_path, demo_wheels, installer):
    """A row directly in site-packages made pip remove site-packages itself, when it was the last thing there."""
    venv = installer.make_venv(tmp_path / "venv")
    site = site_of(venv)
    if installer.tool == "pip":
        shutil.rmtree(site)
        site.mkdir()
    options = ["--python", venv / "bin/python"]
    run("uv", "pip", "install", "--quiet", *options, "--no-index", "--find-links", demo_wheels, "demoapp==1.0")
    IsolatedEnvironment(site / "demoapp" / "whisper_env", ["alpha"], toolchain="uv").ensure()
    if installer.tool == "pip":
        newest = max((bundled_wheels() or site).glob("pip-*.whl"))
        run(sys.executable, newest / "pip", *options, "uninstall", "-y", "demoapp")
    else:
        installer.uninstall(venv)
    assert site.is_dir()
    assert [path.name for path in site.iterdir() if path.name not in {"__pycache__", "_virtualenv.py"}] in (
        [],
        ["_virtualenv.pth"],
    )


@pytest.mark.parametrize("lost", ["owner.json", "whisper_env/CACHEDIR.TAG whisper_env/isolated-environment.json"])
def test_what_an_uninstall_that_was_cut_short_left_is_made_good(tmp_path, demo_wheels, lost):
    scene = Rehearsal(tmp_path, UV, demo_wheels)
    scene.install()
    scene.use()
    for name in lost.split():
        (scene.site / ".demoapp.isolated" / name).unlink()
    scene.use()
    assert scene.perform("uninstall") == []


def test_pip_asked_without_yes_answered_no_leaves_everything(tmp_path, demo_wheels):
    scene = Rehearsal(tmp_path, PIP, demo_wheels)
    scene.install()
    env = scene.use()
    before = listing(scene.venv)
    answer = run(*PIP.uninstall_command(scene.venv, yes=False), stdin="n\n")
    assert listing(scene.venv) == before
    assert env.installed()
    would_remove, _, would_not = answer.stdout.partition("Would not remove")
    assert str(scene.site / ".demoapp.isolated") in would_remove
    assert would_not == ""
    assert len(answer.stdout.splitlines()) < 15, "not a line for each file of the environment"
    run(*PIP.uninstall_command(scene.venv, yes=False), stdin="y\n")
    assert scene.left() == []


def test_an_upgrade_that_fails_gives_the_environment_back(tmp_path, demo_wheels):
    """pip undoes its uninstall; the environment is the very same, still registered."""
    scene = Rehearsal(tmp_path, PIP, demo_wheels)
    scene.install()
    prefix = scene.use().prefix
    before = listing(scene.venv)
    impossible = {"demoapp/__init__.py": "", "demoapp/__init__.py/x": "a file below a file"}
    wheel = make_wheel(tmp_path / "broken", "demoapp", "3.0", files=impossible)
    done = run(scene.venv / "bin/python", "-m", "pip", "install", "--no-index", wheel, check=False)
    assert done.returncode != 0
    assert "Uninstalling demoapp-1.0" in done.stdout
    after = listing(scene.venv)
    assert {path: after.get(path) for path in before} == before
    assert scene.use().prefix == prefix


def test_installing_the_same_version_over_it_only_loses_the_rows(tmp_path, demo_wheels):
    scene = Rehearsal(tmp_path, PIP, demo_wheels)
    scene.install()
    prefix = scene.use().prefix
    PIP.install(scene.venv, demo_wheels, "demoapp==1.0", "--ignore-installed")
    again = IsolatedEnvironment(scene.path, ["alpha"], toolchain="uv")
    assert "RECORD" in str(again.state().reason)
    assert again.ensure() == prefix, "nothing is built again"
    assert scene.perform("uninstall") == []


def test_an_editable_install_with_a_named_owner(tmp_path, installer, demo_wheels, monkeypatch):
    project = make_demo_project(tmp_path / "project")
    scene = Rehearsal(tmp_path, installer, demo_wheels)
    installer.install_editable(scene.venv, project)
    monkeypatch.syspath_prepend(scene.site)
    in_project = listing(project)
    env = IsolatedEnvironment(project / "demoapp" / "whisper_env", ["alpha"], toolchain="uv", owner="demoapp")
    assert env.run(["alpha"], capture_output=True, text=True, check=True).stdout == "alpha 2.0\n"
    assert env.root.parent == scene.site / ".demoapp.isolated"
    assert listing(project) == in_project, "no link is made outside site-packages"
    again = IsolatedEnvironment(project / "demoapp" / "whisper_env", ["alpha"], owner="demoapp")
    assert again.ensure() == env.prefix
    assert scene.perform("uninstall") == []
    assert listing(project) == in_project


def test_a_container_that_its_user_moved_to_another_disk_keeps_its_content(tmp_path, demo_wheels):
    """A row with a slash behind it, or through the link, would make uv empty the target."""
    for number, installer in enumerate((PIP, UV)):
        (tmp_path / str(number)).mkdir()
        scene = Rehearsal(tmp_path / str(number), installer, demo_wheels)
        scene.install()
        env = scene.use()
        elsewhere = tmp_path / str(number) / "elsewhere"
        (scene.site / ".demoapp.isolated").rename(elsewhere)
        (scene.site / ".demoapp.isolated").symlink_to(elsewhere)
        before = listing(elsewhere)
        assert IsolatedEnvironment(scene.path, ["alpha"]).ensure() == env.prefix
        assert scene.perform("uninstall") == []
        assert listing(elsewhere) == before


@pytest.mark.parametrize("upgrade", [False, True], ids=["uninstall", "upgrade"])
def test_uv_tool(tmp_path, demo_wheels, monkeypatch, upgrade):
    monkeypatch.setenv("UV_TOOL_DIR", str(tmp_path / "tools"))
    monkeypatch.setenv("UV_TOOL_BIN_DIR", str(tmp_path / "bin"))
    install = ["uv", "tool", "install", "--quiet", "--no-index", "--find-links", str(demo_wheels)]
    run(*install, "demoapp==1.0")
    path = site_of(tmp_path / "tools" / "demoapp") / "demoapp" / "whisper_env"
    prefix = IsolatedEnvironment(path, ["alpha"], toolchain="uv").ensure()
    if upgrade:
        run(*install, "demoapp==2.0")
        assert not os.path.lexists(path)
        assert not prefix.exists()
        IsolatedEnvironment(path, ["alpha"], toolchain="uv").ensure()
    run("uv", "tool", "uninstall", "demoapp")
    assert [entry.name for entry in (tmp_path / "tools").iterdir() if entry.name not in {".lock", ".gitignore"}] == []
    assert list((tmp_path / "bin").iterdir()) == []


@pytest.mark.network
@pytest.mark.slow
def test_pipx(tmp_path, demo_wheels, monkeypatch, index):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
    for name in ("PIPX_HOME", "PIPX_BIN_DIR", "PIPX_MAN_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    run("uv", "venv", "--quiet", tmp_path / "pipx")
    run("uv", "pip", "install", "--quiet", "--python", tmp_path / "pipx/bin/python", "pipx")
    pipx = tmp_path / "pipx" / "bin" / "pipx"
    options = ["--pip-args", f"--no-index --find-links {demo_wheels}"]
    run(pipx, "install", *options, "demoapp==1.0")
    path = site_of(tmp_path / "pipx_home" / "venvs" / "demoapp") / "demoapp" / "whisper_env"
    prefix = IsolatedEnvironment(path, ["alpha"], toolchain="uv").ensure()
    run(pipx, "install", "--force", *options, "demoapp==2.0")
    assert not prefix.exists()
    IsolatedEnvironment(path, ["alpha"], toolchain="uv").ensure()
    run(pipx, "uninstall", "demoapp")
    assert not (tmp_path / "pipx_home" / "venvs" / "demoapp").exists()
    assert list((tmp_path / "pipx_bin_dir").iterdir()) == []
