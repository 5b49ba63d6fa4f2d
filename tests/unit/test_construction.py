"""Making a handle: no I/O, paths frozen, arguments judged, inputs left alone."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isolated_environment import Index, IsolatedEnvironment, errors
from tests.support.house import CHECKOUT


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("env", "env"),
        ("./a/../env", "env"),
        (Path("env"), "env"),
        ("~/env", "home/env"),
        (Path("~/env"), "home/env"),
        ("with blank/été Ω", "with blank/été Ω"),
        ("env/", "env"),
    ],
)
def test_the_path_is_made_absolute_once(here: Path, given: str | Path, path: str) -> None:
    env = IsolatedEnvironment(given)
    os.chdir("/")
    assert env.path == here / path
    assert env.root == here / path
    assert repr(env) == f"IsolatedEnvironment({str(here / path)!r})"


def test_an_absolute_path_stays_and_links_in_it_are_kept(here: Path) -> None:
    (here / "real").mkdir()
    (here / "link").symlink_to("real")
    assert IsolatedEnvironment(here / "link" / "env").path == here / "link" / "env"


@pytest.mark.parametrize("given", ["", "  ", "a\0b", "caf\udce9/env", f"a{os.pathsep}b", "two\nlines", "tab\there"])
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(errors.RequestError, match="no path for an environment"):
        IsolatedEnvironment(given)


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [("toolchain", "conda", "'auto', 'uv', 'pip'"), ("if_read_only", "rise", "'user', 'raise'")],
)
def test_a_word_that_is_unknown_is_refused_with_the_known_ones(name: str, value: str, known: str) -> None:
    with pytest.raises(errors.RequestError, match=f"{name}='{value}' is unknown") as caught:
        IsolatedEnvironment("env", **{name: value})  # type: ignore[arg-type]
    assert known in (caught.value.hint or "")


@pytest.mark.parametrize("python", [3.11, "", " "])
def test_a_python_that_is_a_number_or_nothing_is_refused(python: object) -> None:
    with pytest.raises(errors.InvalidPythonError, match="is no version") as caught:
        IsolatedEnvironment("env", python=python)  # type: ignore[arg-type]
    assert "string" in (caught.value.hint or "")


@pytest.mark.parametrize("seconds", [-1, "1", float("nan")])
def test_a_timeout_that_is_no_number_of_seconds_is_refused(seconds: object) -> None:
    with pytest.raises(errors.RequestError, match="lock_timeout="):
        IsolatedEnvironment("env", lock_timeout=seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [3, None, object()])
def test_a_path_of_another_type_is_a_type_error(given: object) -> None:
    with pytest.raises(TypeError, match="path takes strings and paths, not"):
        IsolatedEnvironment(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["pylock", "owner", "on_event"])
def test_an_argument_of_another_type_is_named(name: str) -> None:
    with pytest.raises(TypeError, match=f"^{name}= takes .*, not int$"):
        IsolatedEnvironment("env", **{name: 5})  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [5, [5]])
def test_options_of_another_type_are_named(options: object) -> None:
    with pytest.raises(TypeError, match=r"^options= takes .*, not int$"):
        IsolatedEnvironment("env").pip_install("six", options=options)  # type: ignore[arg-type]


def test_a_relative_path_in_a_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(errors.RequestError, match="the working directory is gone"):
        IsolatedEnvironment("env")
    assert IsolatedEnvironment(tmp_path / "env").path == tmp_path / "env"


def everything() -> IsolatedEnvironment:
    return IsolatedEnvironment(
        "env",
        ["six", "./x.whl", Path("requirements.txt"), "a @ https://u:w@h/a.zip"],
        python="./python",
        indexes=[Index("https://h", ["six"])],
        constraints=["a<2", Path("limits.txt")],
        pylock="pylock.toml",
        system_site_packages=True,
        toolchain="pip",
        owner="somebody",
        if_read_only="raise",
        lock_timeout=3.5,
        on_event=print,
    )


def test_construction_touches_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything()  # whatever is imported on first use

    def touched(*args: object, **kwargs: object) -> None:
        raise AssertionError(f"the constructor touched {args}")

    with monkeypatch.context() as patch:
        for name in ("stat", "lstat", "open", "mkdir", "listdir", "scandir", "readlink", "access"):
            patch.setattr(os, name, touched)
        patch.setattr(builtins, "open", touched)
        patch.setattr(subprocess, "Popen", touched)
        everything()
    assert list(here.iterdir()) == []


def test_construction_opens_nothing_in_a_new_process() -> None:
    script = (
        "import sys\nfrom isolated_environment import IsolatedEnvironment, Index\nseen = []\n"
        "IsolatedEnvironment('x', indexes=[Index('https://h', ['a'])])\n"
        "sys.addaudithook(lambda name, args: seen.append(name))\n"
        "IsolatedEnvironment('/nowhere/x', ['six', './y.whl'], python='3.11', constraints=['a<2'])\n"
        "told = {'open', 'os', 'subprocess', 'socket', 'import'}\n"
        "sys.exit(' '.join(name for name in seen if name.split('.')[0] in told) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_construction_takes_less_than_a_millisecond() -> None:
    everything()
    durations = []
    for _ in range(200):
        started = time.perf_counter()
        everything()
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.001


def test_a_new_handle_has_nothing_and_makes_nothing(here: Path) -> None:
    env = IsolatedEnvironment(here / "env", owner=None)
    assert not env.installed()
    assert env.installed_requirements() == []
    assert env.pip_has("six") is False
    assert (env.state().status, env.state().placement) == ("absent", "path")
    assert (env.size().total, env.size().files) == (0, 0)
    assert env.gc() == []
    assert env.doctor().is_healthy is False
    for name in ("prefix", "python", "bin"):
        with pytest.raises(errors.NotBuiltError):
            getattr(env, name)
    assert list(here.iterdir()) == []


def test_inputs_stay_the_caller_s() -> None:
    requirements, constraints, indexes = ["b", "a"], ["c"], [Index("https://h", ["a"])]
    env = IsolatedEnvironment("env", requirements, constraints=constraints, indexes=indexes)
    before = env.plan().requirements
    requirements.append("z")
    constraints.clear()
    indexes.clear()
    assert env.plan().requirements == before == ("a", "b")


def test_a_relative_interpreter_and_lock_are_frozen_too(here: Path) -> None:
    declaration = everything()._handle.declaration
    os.chdir("/")
    assert declaration.python == str(here / "python")
    assert declaration.pylock == str(here / "pylock.toml")
    assert declaration.constraints == ("a<2", str(here / "limits.txt"))
    assert IsolatedEnvironment("env", python=">=3.10").plan().reason == "there is no environment yet"
