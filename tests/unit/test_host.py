"""Interpreters: what python= may say, and which one is taken."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from isolated_environment import host
from isolated_environment.errors import InterpreterNotFoundError, InvalidPythonError
from isolated_environment.host import Interpreter, find_interpreter, host_interpreter, markers_of, parse_python

FULL = ".".join(map(str, sys.version_info[:3]))
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing found by one test is known to the next."""
    monkeypatch.setattr(host, "_discovered", {})
    host_interpreter.cache_clear()


@pytest.mark.parametrize(
    ("request_", "specifier"),
    [
        ("3", "==3.*"),
        ("3.11", "==3.11.*"),
        (" 3.11 ", "==3.11.*"),
        ("3.11.4", "==3.11.4"),
        ("python3.11", "==3.11.*"),
        ("Python 3.11", "==3.11.*"),
        ("cpython3.11", "==3.11.*"),
        ("3.13t", "==3.13.*"),
        (">=3.10,<3.13", ">=3.10,<3.13"),
        (" >=3.10, <3.13 ", ">=3.10,<3.13"),
        ("==3.11.*", "==3.11.*"),
        ("~=3.10", "~=3.10"),
        ("!=3.9.*,>3.8", "!=3.9.*,>3.8"),
        ("===3.11.4", "===3.11.4"),
    ],
)
def test_versions_and_specifiers(request_: str, specifier: str) -> None:
    assert parse_python(request_) == SpecifierSet(specifier)


@pytest.mark.parametrize(
    "request_", ["", " ", "three", "3.x", "3.11.4.5", "py311", "python", ">=", ">=3.10 <3.13", "pypy3", "-3"]
)
def test_what_is_neither_is_refused(request_: str) -> None:
    with pytest.raises(InvalidPythonError, match="neither a version, a specifier nor a path") as caught:
        parse_python(request_)
    assert caught.value.request == request_


def test_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_python("/usr/bin/python3") == Path("/usr/bin/python3")
    assert parse_python("~/bin/python") == tmp_path / "bin" / "python"
    assert parse_python("./python") == tmp_path / "python"


def test_the_host_s_own_interpreter_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_search", lambda *_: pytest.fail("nothing has to be searched"))
    for request in (MINOR, FULL, f">={MINOR}", "3", f"python{MINOR}"):
        found = find_interpreter(request)
        assert found == host_interpreter()
        assert found.version == FULL
    assert Path(found.executable).is_file()
    assert Path(found.executable).is_absolute()


def test_it_is_a_base_interpreter_and_no_virtual_environment() -> None:
    own = host_interpreter()
    assert own is not None
    assert own == find_interpreter(sys.executable), "asked through the virtual environment that runs the tests"
    assert not (Path(own.executable).parent.parent / "pyvenv.cfg").exists()


def test_what_nothing_serves_says_where_was_looked() -> None:
    with pytest.raises(InterpreterNotFoundError) as caught:
        find_interpreter("3.7.1")
    assert caught.value.request == "3.7.1"
    assert caught.value.searched == ("this interpreter", "pyenv", "PATH", "uv's interpreters")
    assert caught.value.hint == "ask for a newer one: environments have CPython 3.8 or newer", (
        "installing it is no help"
    )
    with pytest.raises(InterpreterNotFoundError, match=r"`uv python install '>=3\.98,<3\.99'`"):
        find_interpreter(">=3.98,<3.99")


def test_an_answer_is_remembered_as_long_as_its_file_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    searches = []
    executable = tmp_path / "python"

    def search(request: str, wanted: object) -> Interpreter | None:
        searches.append(request)
        executable.touch()
        return Interpreter(str(executable), "3.99.0")

    monkeypatch.setattr(host, "_search", search)
    assert find_interpreter("3.99").version == "3.99.0"
    assert find_interpreter("3.99").version == "3.99.0"
    assert searches == ["3.99"]
    executable.unlink()
    find_interpreter("3.99")
    assert searches == ["3.99", "3.99"]


def test_what_is_not_found_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[str] = []
    monkeypatch.setattr(host, "_search", lambda request, _: searches.append(request))
    for _ in range(2):
        with pytest.raises(InterpreterNotFoundError):
            find_interpreter("3.99")
    assert searches == ["3.99", "3.99"]


@pytest.mark.parametrize("form", ["executable", "prefix", "link"])
def test_a_path_of_an_interpreter_or_of_a_prefix(tmp_path: Path, form: str) -> None:
    own = host_interpreter()
    assert own is not None
    link = tmp_path / "my python"
    link.symlink_to(own.executable)
    given = {"executable": sys.executable, "prefix": sys.prefix, "link": str(link)}[form]
    found = find_interpreter(given)
    assert found.version == FULL
    assert found.markers["python_full_version"] == FULL


@pytest.mark.parametrize("content", [None, "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho nonsense\n", "not a program"])
def test_a_path_at_which_nothing_works(tmp_path: Path, content: str | None) -> None:
    given = tmp_path / "bin" / "python"
    if content is not None:
        given.parent.mkdir()
        given.write_text(content)
        given.chmod(0o755)
    with pytest.raises(InterpreterNotFoundError, match=r"no working CPython 3\.8 or newer there") as caught:
        find_interpreter(str(given))
    assert str(given) in caught.value.searched


def test_an_interpreter_that_is_too_old_is_no_base(tmp_path: Path) -> None:
    old = next((found for name in ("python3.7", "python3.6", "python2.7") if (found := shutil.which(name))), None)
    if old is None:
        pytest.skip("no such interpreter on this machine")
    with pytest.raises(InterpreterNotFoundError):
        find_interpreter(old)


@pytest.mark.parametrize("says", ["exit 1", "echo 3.99.1", "no program"])
def test_a_broken_interpreter_of_pyenv_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    broken = tmp_path / "versions" / "3.99.1" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.write_text(says if says == "no program" else f"#!/bin/sh\n{says}\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert host._pyenv_candidates(SpecifierSet("==3.99.*"), {"PYENV_ROOT": str(tmp_path)}) == [str(broken)]
    with pytest.raises(InterpreterNotFoundError, match=r"no Python 3\.99"):
        find_interpreter("3.99")


def test_what_is_too_old_is_no_candidate(tmp_path: Path) -> None:
    for version in ("2.7.18", "3.7.16"):
        python = tmp_path / "versions" / version / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()
    assert host._pyenv_candidates(SpecifierSet(">=2"), {"PYENV_ROOT": str(tmp_path)}) == []


def test_pyenv_s_interpreters_are_candidates_the_newest_first(tmp_path: Path) -> None:
    for name in ("3.9.1", "3.10.2", "3.10.11", "3.12-dev", "miniconda3", "3.10.99"):
        directory = tmp_path / "versions" / name / "bin"
        directory.mkdir(parents=True)
        if name != "3.10.99":
            (directory / "python").touch()
    env = {"PYENV_ROOT": str(tmp_path)}
    found = host._pyenv_candidates(SpecifierSet(">=3.9"), env)
    assert [Path(path).parent.parent.name for path in found] == ["3.12-dev", "3.10.11", "3.10.2", "3.9.1"]
    assert host._pyenv_candidates(SpecifierSet("==3.11.*"), env) == []
    assert host._pyenv_candidates(SpecifierSet(">=3"), {"PYENV_ROOT": str(tmp_path / "none")}) == []


def test_interpreters_are_asked_without_the_host_s_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_PYTHON", "CONDA_PREFIX"):
        monkeypatch.setenv(name, "/x")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", "/pythons")
    env = host._discovery_environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_PYTHON", "CONDA_PREFIX"} & env.keys()
    assert env["UV_PYTHON_INSTALL_DIR"] == "/pythons", "where uv keeps interpreters is no setting of an installation"


@pytest.mark.parametrize("way", ["frozen", "no executable", "another implementation"])
def test_a_host_that_is_no_interpreter_has_none_of_its_own(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    elif way == "no executable":
        monkeypatch.setattr(sys, "_base_executable", "/nowhere/blender", raising=False)
    else:
        monkeypatch.setattr(sys.implementation, "name", "pypy")
    assert host_interpreter() is None
    host_interpreter.cache_clear()


def test_markers_of_another_version() -> None:
    markers = markers_of("3.9.7")
    assert (markers["python_version"], markers["python_full_version"]) == ("3.9", "3.9.7")
    assert markers["sys_platform"] == sys.platform
    assert markers_of("3.10.1")["python_version"] == "3.10"


@pytest.mark.parametrize(("version", "threaded", "minor"), [("3.11.4", False, "3.11"), ("3.13.0", True, "3.13t")])
def test_the_target_of_an_interpreter(version: str, threaded: bool, minor: str) -> None:
    interpreter = Interpreter("/p", version, threaded, markers_of(version))
    assert interpreter.minor == minor
    tags = [str(tag) for tag in interpreter.target().tags]
    digits = minor.replace(".", "")
    assert tags[0].startswith(f"cp{digits.rstrip('t')}-cp{digits}-")
    assert tags[-1] == "py30-none-any"
    assert f"py{digits.rstrip('t')}-none-any" in tags
    assert not [tag for tag in tags if "cp39" in tag and "abi3" not in tag]
    assert interpreter.target().markers["python_full_version"] == version
