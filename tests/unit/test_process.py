"""Commands: found in the environment first, never the host's Python, and handed on as subprocess would."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolated_environment.environ import make_mapping
from isolated_environment.errors import CommandNotFoundError
from isolated_environment.layout import PINS_NAME
from isolated_environment.process import find_command, popen, prepare, run

ECHO = "import sys, json; print(json.dumps(sys.argv[1:]))"


def test_the_mapping_follows_the_process_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = str(tmp_path / "prefix")
    monkeypatch.setenv("MINE", "1")
    first = make_mapping(prefix, None, {})
    assert first["MINE"] == "1"
    first["MINE"] = first["OTHER"] = "of the caller"
    again = make_mapping(prefix, None, {"ADDED": "2"})
    assert (again["MINE"], again["ADDED"], "OTHER" in again) == ("1", "2", False)
    monkeypatch.setenv("MINE", "3")
    assert make_mapping(prefix, None, {})["MINE"] == "3"
    monkeypatch.delenv("MINE")
    monkeypatch.setenv("PATH", "/somewhere")
    changed = make_mapping(prefix, None, {})
    assert "MINE" not in changed
    assert "ADDED" not in changed
    assert changed["PATH"].endswith(os.pathsep + "/somewhere")
    assert make_mapping(str(tmp_path / "other"), None, {})["VIRTUAL_ENV"] == str(tmp_path / "other")
    monkeypatch.setattr(os, "environ", {"MINE": "4"})
    assert make_mapping(prefix, None, {})["MINE"] == "4"


def test_a_pin_that_comes_into_the_same_prefix_is_seen(tmp_path: Path) -> None:
    """It was removed, and built anew with PyTorch."""
    prefix = tmp_path / "prefix"
    assert "PIP_CONSTRAINT" not in make_mapping(str(prefix), None, {"PIP_CONSTRAINT": None})
    prefix.mkdir()
    (prefix / PINS_NAME).touch()
    assert make_mapping(str(prefix), None, {})["PIP_CONSTRAINT"].endswith((prefix / PINS_NAME).as_uri())


def script(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """A prefix with a real interpreter and a few scripts."""
    directory = tmp_path / "prefix"
    (directory / "bin").mkdir(parents=True)
    (directory / "bin" / "python").symlink_to(sys.executable)
    for name in ("tool", "tool.py", "pip"):
        script(directory / "bin" / name)
    (directory / "bin" / "data").write_text("not executable")
    return str(directory)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The host's PATH: one directory with what a host has."""
    directory = tmp_path / "host"
    names = ("git", "python", "python3", "python3.12", "python3.13t", "pythonw", "pip", "pip3", "pip3.12", "data")
    for name in names:
        script(directory / name)
    monkeypatch.setenv("PATH", str(directory))
    return directory


@pytest.mark.parametrize(
    ("args", "command"),
    [
        (["tool", "x"], ["{bin}/tool", "x"]),
        (["python", "-V"], ["{bin}/python", "-V"]),
        (["pip", "list"], ["{bin}/pip", "list"]),
        (["tool.py"], ["{bin}/tool.py"]),
        (["other.py", "x"], ["{bin}/python", "other.py", "x"]),
        (["./x/other.py"], ["{bin}/python", "./x/other.py"]),
        ([Path("other.py"), Path("x")], ["{bin}/python", "other.py", "x"]),
        (["./tool"], ["./tool"]),
        (["/abs/tool"], ["/abs/tool"]),
        (["git", "log"], ["{host}/git", "log"]),
        (("tool", "x"), ["{bin}/tool", "x"]),
        ("tool", ["{bin}/tool"]),
        (Path("tool"), ["{bin}/tool"]),
        ([b"tool", b"\xff"], ["{bin}/tool", b"\xff"]),
        ([], []),
    ],
)
def test_the_first_word_is_found_in_the_environment(prefix: str, host: Path, args, command) -> None:
    places = {"bin": f"{prefix}/bin", "host": str(host)}
    expected = [word if isinstance(word, bytes) else word.format(**places) for word in command]
    assert prepare(prefix, args, {})[0] == expected


@pytest.mark.parametrize(
    "name", ["python3", "python3.12", "python3.13t", "pythonw3", "pip3", "pip3.12", "PIP3", "pip3.12.exe"]
)
def test_the_host_s_python_and_pip_never_answer(prefix: str, host: Path, name: str) -> None:
    script(host / name)
    with pytest.raises(CommandNotFoundError) as caught:
        prepare(prefix, [name], {})
    assert caught.value.name == name
    assert caught.value.searched == (f"{prefix}/bin",)
    assert find_command(name, prefix) is None


@pytest.mark.parametrize("name", ["python", "pythonw", "python.exe", "pip"])
def test_not_even_when_the_environment_lost_its_own(prefix: str, host: Path, name: str) -> None:
    for own in ("python", "pip"):
        Path(prefix, "bin", own).unlink()
    with pytest.raises(CommandNotFoundError):
        prepare(prefix, [name], {})
    with pytest.raises(FileNotFoundError):
        run(prefix, ["other.py"])


def test_python_by_its_other_names_is_the_environment_s(prefix: str) -> None:
    assert find_command("pythonw", prefix) == f"{prefix}/bin/python"
    assert find_command("python.exe", prefix) == f"{prefix}/bin/python"
    script(Path(prefix, "bin", "python3"))
    assert find_command("python3", prefix) == f"{prefix}/bin/python3"


def test_a_command_that_is_nowhere(prefix: str, host: Path) -> None:
    for name in ("nowhere", "data-x", "pythonic"):
        with pytest.raises(CommandNotFoundError) as caught:
            prepare(prefix, [name], {})
        assert caught.value.searched == (f"{prefix}/bin", "PATH")
        assert f"pip_install('{name}')" in (caught.value.hint or "")
    assert prepare(prefix, ["data"], {})[0] == [str(host / "data")], "a file that cannot be run is no command"


def test_the_path_that_counts_is_the_command_s_own(prefix: str, host: Path, tmp_path: Path) -> None:
    script(tmp_path / "mine" / "special")
    env = {"PATH": str(tmp_path / "mine")}
    assert prepare(prefix, ["special"], {"env": env})[0] == [str(tmp_path / "mine" / "special")]
    with pytest.raises(CommandNotFoundError):
        prepare(prefix, ["git"], {"env": env})
    script(host / "onlyhere")
    with pytest.raises(CommandNotFoundError):
        prepare(prefix, ["onlyhere"], {"env": {"PATH": None}})


def test_the_environment_is_an_overlay_over_the_mapping(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("DROPPED", "1")
    monkeypatch.setenv("PYTHONPATH", "/x")
    given = {"ADDED": "2", "DROPPED": None, "DIRECTORY": Path("/d")}
    before = dict(given)
    env = prepare(prefix, ["python"], {"env": given})[1]["env"]
    assert given == before
    assert (env["KEPT"], env["ADDED"], env["DIRECTORY"], env["VIRTUAL_ENV"]) == ("1", "2", "/d", prefix)
    assert "DROPPED" not in env
    assert "PYTHONPATH" not in env
    mine = prepare(prefix, ["python"], {"env": {"PYTHONPATH": "/mine"}})[1]["env"]
    assert mine["PYTHONPATH"] == "/mine", "what the caller asks for is not scrubbed"
    assert make_mapping(prefix, {"A": "1"}, {})["A"] == "1"
    assert "KEPT" not in make_mapping(prefix, {"A": "1"}, {}), "base= replaces the process's environment"


def test_inputs_are_never_changed(prefix: str) -> None:
    args, kwargs = ["python", "-c", "pass"], {"env": {"A": "1"}, "check": True, "cwd": "/"}
    copies = list(args), {**kwargs, "env": dict(kwargs["env"])}
    run(prefix, args, **kwargs)
    popen(prefix, args, env=kwargs["env"]).wait()
    prepare(prefix, args, kwargs)
    assert (args, kwargs) == copies


@pytest.mark.parametrize(
    "words",
    [
        ["two words", "quote's", 'double "quotes"', "(parentheses)", "$HOME", "`id`", "a;b", "a&b|c>d"],
        ["été Ω 漢字 🙂", "", " ", "\t", "new\nline", "back\\slash", "*", "~", "#x", "--", "-", "!x", "%PATH%"],
    ],
)
@pytest.mark.parametrize("shell", [False, True])
def test_arguments_arrive_as_they_were(prefix: str, words: list[str], shell: bool) -> None:
    import json

    done = run(prefix, ["python", "-c", ECHO, *words], shell=shell, capture_output=True, text=True, encoding="utf-8")
    assert json.loads(done.stdout) == words


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))), min_size=1))
def test_a_list_for_a_shell_is_quoted_for_it(words: list[str]) -> None:
    command, _ = prepare("/p", words, {"shell": True})
    assert shlex.split(command) == words


def test_a_string_for_a_shell_is_the_caller_s(prefix: str) -> None:
    done = run(prefix, "echo $((1 + 2)); exit 3", shell=True, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("3\n", 3)
    command, _ = prepare("/p", Path("/x y"), {"shell": True})
    assert command == "/x y"
    done = run(prefix, ["python", "-c", "import sys; print(sys.argv[0])"], shell=True, capture_output=True, text=True)
    assert done.stdout == "-c\n", "the shell finds the environment's commands by PATH"


def test_every_keyword_of_subprocess_is_accepted(prefix: str, tmp_path: Path) -> None:
    done = run(
        prefix,
        ["python", "-c", "import os, sys; print(os.getcwd(), sys.stdin.read(), os.environ['A'])"],
        bufsize=-1,
        executable=None,
        input="in",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=None,
        close_fds=True,
        shell=False,
        cwd=tmp_path,
        env={"A": "1"},
        universal_newlines=None,
        startupinfo=None,
        creationflags=0,
        restore_signals=True,
        start_new_session=True,
        pass_fds=(),
        user=None,
        group=None,
        extra_groups=None,
        encoding="utf-8",
        errors="strict",
        text=True,
        umask=-1,
        pipesize=-1,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == [str(tmp_path.resolve()), "in", "1"]


def test_another_executable_is_taken_as_it_is(prefix: str) -> None:
    done = run(prefix, ["any name", "-c", ECHO, "x"], executable=sys.executable, capture_output=True, text=True)
    assert done.stdout == '["x"]\n'


def test_it_fails_as_subprocess_fails(prefix: str) -> None:
    fail = ["python", "-c", "import sys; sys.exit('words')"]
    assert run(prefix, fail, stderr=subprocess.DEVNULL).returncode == 1, "check is False, as there"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(prefix, fail, check=True, capture_output=True, text=True)
    assert caught.value.stderr == "words\n"
    with pytest.raises(subprocess.TimeoutExpired):
        run(prefix, ["python", "-c", "import time; time.sleep(60)"], timeout=0.2)
    with pytest.raises(TypeError):
        run(prefix, ["python"], no_such_keyword=1)
    with pytest.raises(ValueError, match="capture_output"):
        run(prefix, ["python"], capture_output=True, stdout=subprocess.PIPE)
    with pytest.raises(TypeError, match="environment variable A"):
        run(prefix, ["python"], env={"A": 1})


def test_popen_is_a_popen(prefix: str) -> None:
    with popen(prefix, ["python", "-c", ECHO, "x"], stdout=subprocess.PIPE, text=True) as process:
        assert isinstance(process, subprocess.Popen)
        assert process.communicate()[0] == '["x"]\n'
    assert process.args[0] == f"{prefix}/bin/python"


def test_the_host_s_environment_stays_as_it_is(prefix: str) -> None:
    before = dict(os.environ)
    run(prefix, ["python", "-c", "pass"], env={"A": "1", "HOME": None})
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("no-such", "env.pip_install('no-such')"),
        ("alpha --help", "a list of words, ['alpha', '--help']"),
        ("python2.6", "python= of the environment"),
        ("pip2", "python= of the environment"),
    ],
)
def test_a_command_that_is_not_there_comes_with_what_to_do(prefix: str, word: str, hint: str) -> None:
    with pytest.raises(CommandNotFoundError) as caught:
        prepare(prefix, [word], {})
    assert hint in (caught.value.hint or "")
