"""The command line as a program: exit codes, JSON, people's text, on real environments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from isolated_environment import IsolatedEnvironment

pytestmark = pytest.mark.xdist_group("one environment for the command line")

PROGRAM = str(Path(sys.executable).with_name("isolated-environment"))


def call(*words: object, program: tuple[str, ...] = (PROGRAM,), **kwargs: Any) -> subprocess.CompletedProcess[str]:
    argv = [*program, *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, **kwargs)


def told(*words: object) -> Any:
    """The JSON that a command that succeeds prints, and nothing else."""
    done = call(*words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "the env"


@pytest.fixture
def env(place: Path) -> Path:
    """One environment with alpha in it; no test changes it."""
    IsolatedEnvironment(place).pip_install("alpha<2")
    return place


def test_run_builds_and_runs_and_then_runs_at_once(tmp_path: Path) -> None:
    words = ("run", tmp_path / "env", "--with", "alpha<2", "--with", "delta", "--", "alpha")
    done = call(*words)
    assert (done.stdout, done.returncode) == ("alpha 1.0\n", 0)
    generation = IsolatedEnvironment(tmp_path / "env").prefix
    done = call(*words)
    assert (done.stdout, done.stderr, done.returncode) == ("alpha 1.0\n", "", 0)
    assert IsolatedEnvironment(tmp_path / "env").prefix == generation
    assert told("show", tmp_path / "env")["distributions"] == {"alpha": "1.0", "delta": "1.0"}


def test_the_module_is_the_same_program(env: Path) -> None:
    done = call("run", env, "--", "alpha", program=(sys.executable, "-m", "isolated_environment"))
    assert (done.stdout, done.returncode) == ("alpha 1.0\n", 0)


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 3", 3), ("exit 125", 125), ("kill -TERM $$", 143), ("kill -KILL $$", 137)],
)
def test_the_exit_code_is_the_command_s_own(env: Path, script: str, code: int) -> None:
    if code in {3, 137}:
        assert call("run", env, "--", "sh", "-c", script).returncode == code
    done = call("run", env, "--json", "--", "sh", "-c", f"echo out; echo err >&2; {script}")
    assert done.returncode == code
    value = json.loads(done.stdout)
    assert (value["stdout"], value["stderr"]) == ("out\n", "err\n")
    assert value["returncode"] == (code if code < 128 else 128 - code)


def test_the_command_has_the_terminal_s_streams(env: Path) -> None:
    script = "import sys; print(sys.stdin.read(), end=''); print('err', file=sys.stderr)"
    done = call("run", env, "--", "python", "-c", script, input="typed\n")
    assert (done.stdout, done.stderr) == ("typed\n", "err\n")


def test_what_is_no_text_is_told_as_well_as_can_be(env: Path) -> None:
    value = told_of_run(env, "python", "-c", "import sys; sys.stdout.buffer.write(b'\\xff\\xc3\\xa9')")
    assert value["stdout"] == "\N{REPLACEMENT CHARACTER}é"


def told_of_run(env: Path, *command: str) -> Any:
    done = call("run", env, "--json", "--", *command)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["no-such-command"], 127, "no command 'no-such-command'"),
        (["pip3.1"], 127, "no command 'pip3.1'"),
        (["./missing"], 127, "no file './missing'"),
        (["/"], 126, "cannot be started: Permission denied"),
        ([], 125, "no command to run"),
    ],
)
def test_what_cannot_be_run(env: Path, command: list[str], code: int, words: str) -> None:
    for extra in ([], ["--json"]) if code != 127 or command == ["no-such-command"] else ([],):
        done = call("run", env, *extra, "--", *command)
        assert done.returncode == code
        assert words in done.stderr
        assert "hint: " in done.stderr
        assert "Traceback" not in done.stderr
        if extra:
            assert words in json.loads(done.stdout)["message"]
        else:
            assert done.stdout == ""


def test_what_cannot_be_built(tmp_path: Path) -> None:
    for words, code in [
        (["--with", "no-such-project"], "resolution-failed"),
        (["--with", "-r x"], "invalid-requirement"),
        (["--python", "3.7.1"], "interpreter-not-found"),
        (["--index", "ftp://h", "--with", "alpha"], "invalid-index"),
        (["--owner", "nobody-at-all"], "owner-not-found"),
    ]:
        done = call("run", tmp_path / "env", *words, "--json", "--", "true")
        assert done.returncode == 125
        assert json.loads(done.stdout)["error"] == code
        assert done.stderr.startswith("isolated-environment: ")
        assert "hint: " in done.stderr


def test_show(env: Path, tmp_path: Path) -> None:
    value = told("show", env)
    assert (value["path"], value["root"], value["status"]) == (str(env), str(env), "ready")
    assert (value["requirements"], value["distributions"]) == (["alpha<2"], {"alpha": "1.0"})
    text = call("show", env).stdout
    for line in ("status: ready", "requirements: alpha<2", "distributions: alpha 1.0", f"path: {env}"):
        assert line in text.splitlines()
    absent = told("show", tmp_path / "absent")
    assert (absent["status"], absent["generation"]) == ("absent", None)
    assert not (tmp_path / "absent").exists()


def test_list_shows_what_distributions_own(tmp_path: Path) -> None:
    assert told("list") == []
    assert call("list").stdout == "no environments\n"


def test_remove(tmp_path: Path) -> None:
    IsolatedEnvironment(tmp_path / "env", []).ensure()
    assert told("remove", tmp_path / "env") == {"root": str(tmp_path / "env"), "removed": True}
    assert not (tmp_path / "env").exists()
    assert told("remove", tmp_path / "env")["removed"] is False
    assert call("remove", tmp_path / "env").stdout == f"nothing at {tmp_path / 'env'}\n"


def test_remove_refuses_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    for path, code in [(tmp_path / "mine", "not-our-directory"), ("", "invalid-request")]:
        done = call("remove", path, "--json", cwd=tmp_path / "mine")
        assert done.returncode == 125
        assert json.loads(done.stdout)["error"] == code
    assert (tmp_path / "mine" / "file").exists()


@pytest.mark.parametrize("words", [["show"], ["show", "--json"], ["run", "--", "no-such-command"]])
def test_a_reader_that_goes_away_is_no_error(env: Path, words: list[str]) -> None:
    argv = [PROGRAM, words[0], str(env), *words[1:]]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()  # type: ignore[union-attr]
        said = process.stderr.read()  # type: ignore[union-attr]
    assert "Traceback" not in said
    assert "Broken pipe" not in said
    assert process.returncode == (127 if words[0] == "run" else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_an_output_that_cannot_be_written_is_told(env: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "show", str(env)], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        125,
        "isolated-environment: cannot write to stdout: No space left on device\n",
    )


def test_gc_of_a_relative_path_tells_the_absolute_one(tmp_path: Path) -> None:
    IsolatedEnvironment(tmp_path / "env", []).ensure()
    assert json.loads(call("gc", "env", "--json", cwd=tmp_path).stdout)["generations"] == {str(tmp_path / "env"): []}


def test_gc(tmp_path: Path) -> None:
    env = IsolatedEnvironment(tmp_path / "env", ["alpha<2"])
    env.ensure()
    for requirements in (["delta"], ["gamma"]):
        IsolatedEnvironment(tmp_path / "env", requirements).ensure()
    del env
    value = told("gc", tmp_path / "env", "--force")
    assert value == {"generations": {str(tmp_path / "env"): ["g1"]}, "orphans": []}
    assert call("gc", tmp_path / "env").stdout == "nothing to collect\n"
    assert told("gc") == {"generations": {}, "orphans": []}
    assert told("gc", tmp_path / "absent") == {"generations": {}, "orphans": []}


def test_doctor(env: Path, tmp_path: Path) -> None:
    (report,) = told("doctor", env, "--deep")["environments"]
    assert report["healthy"] is True
    assert report["facts"]["status"] == "ready"
    assert call("doctor", env).stdout.splitlines()[-1] == "healthy"
    IsolatedEnvironment(tmp_path / "env", ["alpha"]).ensure()
    (site_packages,) = (tmp_path / "env").glob("g*/lib/python*/site-packages")
    (site_packages / "alpha.py").unlink()
    done = call("doctor", tmp_path / "env", "--json")
    assert done.returncode == 1
    (report,) = json.loads(done.stdout)["environments"]
    assert report["healthy"] is False
    assert any("alpha.py is missing" in finding["text"] for finding in report["findings"])


def test_doctor_without_a_path_tells_which_pytorch_this_machine_would_get(monkeypatch: pytest.MonkeyPatch) -> None:
    value = told("doctor")
    assert value["environments"] == []
    for line in ("seen: ", "chosen: ", "why: "):
        assert f"\n{line}" in f"\n{value['torch']}"
    text = call("doctor").stdout
    assert text.startswith("no environments\n\nPyTorch for this machine, by TorchIndex.auto():\nseen: ")
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_BACKEND", "cu126")
    assert "chosen: cu126" in told("doctor")["torch"]
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_BACKEND", "nonsense")
    done = call("doctor")
    assert done.returncode == 0
    assert "nonsense" in done.stdout


def test_help() -> None:
    done = call("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: isolated-environment")
