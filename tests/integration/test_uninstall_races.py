"""An uninstall while the environment is being built: nothing of ours stays behind, whatever the moment."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import time
import warnings

import pytest

from isolated_environment import IsolatedEnvironment, errors
from isolated_environment.events import BuildStarted, Event, Ready, StepFinished, StepStarted
from isolated_environment.ownership.placement import Placement, find_placements
from isolated_environment.ownership.registration import register
from isolated_environment.ownership.stamp import is_registered
from tests.support.installers import PIP, UV, run
from tests.support.rehearsal import Rehearsal

INSTALLERS = {"pip": PIP, "uv": UV}
MOMENTS = [
    "build started",
    *(f"{step} {what}" for step in ("resolve", "create", "check", "install") for what in ("started", "finished")),
    "ready",
]


def moment_of(event: Event) -> str | None:
    if isinstance(event, BuildStarted):
        return "build started"
    if isinstance(event, StepStarted):
        return f"{event.step} started"
    if isinstance(event, StepFinished):
        return f"{event.step} finished"
    return "ready" if isinstance(event, Ready) else None


class At:
    """Does something at a moment of a build, once."""

    def __init__(self, moment, action):
        self.moment = moment
        self.action = action
        self.seen = []

    def __call__(self, event):
        moment = moment_of(event)
        if moment == self.moment and moment not in self.seen:
            self.seen.append(moment)
            self.action()
        self.seen.append(moment)


def build(scene, on_event=None):
    return IsolatedEnvironment(scene.path, ["alpha"], toolchain="uv", on_event=on_event)


@pytest.fixture
def scene_of(tmp_path, demo_wheels):
    def make(name: str) -> Rehearsal:
        directory = tmp_path / name
        directory.mkdir()
        scene = Rehearsal(directory, INSTALLERS[name], demo_wheels)
        scene.install()
        return scene

    return make


def uninstalled_at(scene: Rehearsal, moment: str) -> None:
    at = At(moment, lambda: scene.installer.uninstall(scene.venv))
    with pytest.raises(errors.OwnerGoneError):
        build(scene, at).ensure()
    assert moment in at.seen
    assert scene.left() == []


def replaced_at(scene: Rehearsal, moment: str, operation: str) -> None:
    at = At(moment, lambda: scene.perform(operation))
    env = build(scene, at)
    assert env.run(["alpha"], capture_output=True, text=True, check=True).stdout == "alpha 2.0\n"
    assert moment in at.seen
    assert env.state().placement == "owner"
    assert scene.perform("uninstall") == []


@pytest.mark.parametrize(
    ("tool", "moment"), [("uv", "build started"), ("pip", "install started"), ("uv", "install finished")]
)
def test_an_uninstall_during_a_build_leaves_nothing(scene_of, tool, moment):
    uninstalled_at(scene_of(tool), moment)


@pytest.mark.parametrize("operation", ["upgrade", "force-reinstall"])
def test_a_build_is_repeated_for_an_application_that_was_installed_anew(scene_of, operation):
    replaced_at(scene_of("uv"), "install finished", operation)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_an_uninstall_at_every_moment_leaves_nothing(scene_of, tool, moment):
    if moment != "ready":
        uninstalled_at(scene_of(tool), moment)
        return
    scene = scene_of(tool)
    build(scene, At(moment, lambda: scene.installer.uninstall(scene.venv))).ensure()
    assert scene.left() == [], "it was ready; then it was uninstalled"


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["upgrade", "force-reinstall"])
@pytest.mark.parametrize("moment", MOMENTS[:-1])
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_build_is_repeated_whenever_it_was_installed_anew(scene_of, tool, moment, operation):
    replaced_at(scene_of(tool), moment, operation)


def test_an_application_that_runs_on_after_its_uninstall_brings_nothing_back(scene_of):
    scene = scene_of("uv")
    env, unused = scene.use(), build(scene)
    scene.installer.uninstall(scene.venv)
    for handle in (env, unused):
        with pytest.raises(errors.OwnerGoneError):
            handle.run(["alpha"])
    (scene.site / "demoapp").mkdir()  # what the application itself left: data, say
    with pytest.raises(errors.OwnerGoneError):
        env.run(["alpha"])
    (scene.site / "demoapp").rmdir()
    assert scene.left() == []
    scene.install()
    assert env.run(["alpha"], capture_output=True, text=True, check=True).stdout == "alpha 2.0\n"
    assert scene.perform("uninstall") == []


def use_during_an_uninstall(scene: Rehearsal, delay: float, *, warm: bool) -> str:
    """Use the application while the uninstaller runs; return what came of it."""
    if warm:
        build(scene).ensure()
    command = scene.installer.uninstall_command(scene.venv)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        time.sleep(delay)
        came = use(scene)
        said = process.communicate()[1]
    if process.returncode != 0:
        # uv met a directory that filled again while it emptied it, and gave up: the application must still be there
        assert list(scene.site.glob("demoapp-*.dist-info/RECORD")), said
        scene.installer.uninstall(scene.venv)
        came += ", uninstall repeated"
    return came


def use(scene: Rehearsal) -> str:
    env = build(scene)
    try:
        with warnings.catch_warnings():
            # RECORD is gone, the package is not yet: to us an application that nobody installed
            warnings.simplefilter("ignore", errors.IsolatedEnvironmentWarning)
            prefix = env.ensure()
    except errors.OwnerGoneError:
        return "gone"
    return "beside" if scene.venv in prefix.parents else "in the user's directory"


@pytest.mark.slow
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_use_at_a_random_moment_of_an_uninstall_leaves_nothing(scene_of, tool, warm):
    scene = scene_of(tool)
    if warm:
        build(scene).ensure()
    started = time.monotonic()
    scene.installer.uninstall(scene.venv)
    takes = time.monotonic() - started
    seed = random.randrange(10**6)
    dice, came = random.Random(seed), []
    for _ in range(20):
        scene.install()
        came.append(use_during_an_uninstall(scene, dice.uniform(0, takes), warm=warm))
        assert scene.left() == [], f"seed {seed}: {came}"
    print(f"{tool}: {sorted(came)}")


@pytest.mark.slow
def test_an_uninstall_that_is_killed_can_be_repeated(scene_of):
    """uv goes by the order in RECORD, and ours come first: while any of ours is left, RECORD is there."""
    scene = scene_of("uv")
    build(scene).ensure()
    started = time.monotonic()
    scene.installer.uninstall(scene.venv)
    takes = time.monotonic() - started
    for _ in range(20):
        scene.install()
        scene.use()
        command = scene.installer.uninstall_command(scene.venv)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(random.uniform(0, takes))
            process.kill()
        run(*command, check=False)
        assert not os.path.lexists(scene.path)
        assert not os.path.lexists(scene.site / ".demoapp.isolated")
        assert scene.outside_changes() == []
        for rest in scene.site.glob("demoapp*"):  # an application without RECORD, which uv cannot uninstall any more
            shutil.rmtree(rest)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_registering_over_and_over_during_an_uninstall_leaves_nothing(scene_of, tool):
    scene, registered = scene_of(tool), 0
    for round_ in range(20):
        if round_:
            scene.install()
        place = place_beside(scene)
        with subprocess.Popen(scene.installer.uninstall_command(scene.venv), stderr=subprocess.PIPE) as process:
            with contextlib.suppress(errors.OwnerGoneError):
                while process.poll() is None and is_registered(register(place)):
                    registered += 1
            said = process.communicate()[1]
        if process.returncode != 0:
            assert list(scene.site.glob("demoapp-*.dist-info/RECORD")), said
            scene.installer.uninstall(scene.venv)
        with pytest.raises(errors.OwnerGoneError):
            register(place)  # as a build looks again before it publishes
        assert scene.left() == [], f"round {round_}"
    assert registered


def place_beside(scene: Rehearsal) -> Placement:
    return find_placements(scene.path, "auto", if_read_only="user", data_dir=None)[-1]
