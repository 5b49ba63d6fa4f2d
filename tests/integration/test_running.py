"""Commands in a built environment: its mapping, its scripts, and never the host's Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment, errors, isolated_environment, isolated_environment_run, process
from tests.support.listing import listing

pytestmark = pytest.mark.xdist_group("one environment for all")

PREFIX = "import sys; print(sys.prefix)"


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    """Where the environments of this module lie, by toolchain."""
    return {}


@pytest.fixture
def at(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], IsolatedEnvironment]:
    """The environment that a toolchain built, with alpha in it; no test changes it."""

    def get(toolchain: str) -> IsolatedEnvironment:
        if toolchain not in built:
            built[toolchain] = tmp_path_factory.mktemp("running") / "the env"
        env = IsolatedEnvironment(built[toolchain], ["alpha<2"], toolchain=toolchain)
        env.ensure()
        return env

    return get


@pytest.fixture
def env(at: Callable[[str], IsolatedEnvironment]) -> IsolatedEnvironment:
    return at("uv")


def output(env: IsolatedEnvironment, /, *args: object, **kwargs: object) -> str:
    done = env.run(args, capture_output=True, text=True, check=True, **kwargs)  # type: ignore[arg-type]
    return str(done.stdout).strip()


@pytest.mark.parametrize("name", ["python", "python3", "pythonw", f"python3.{sys.version_info[1]}"])
def test_python_by_any_name_is_the_environment_s(at, toolchain: str, name: str) -> None:
    env = at(toolchain)
    assert output(env, name, "-c", PREFIX) == str(env.prefix)
    by_mapping = subprocess.run(
        ["python", "-c", PREFIX], env=env.environment(), capture_output=True, text=True, check=True
    )
    assert by_mapping.stdout.strip() == str(env.prefix)


def test_scripts_and_pip_are_the_environment_s(at, toolchain: str) -> None:
    env = at(toolchain)
    assert output(env, "alpha") == "alpha 1.0"
    assert output(env, "pip", "list", "--format=freeze").split() == ["alpha==1.0"]
    assert output(env, "pip", "--version").endswith(f"(python 3.{sys.version_info[1]})")
    assert env.which("alpha") == env.bin / "alpha"
    assert env.which("python") == env.python
    assert env.which("git") is None, "which() looks into the environment alone"
    assert env.which("no-such-command") is None


def test_tools_of_the_system_stay_reachable(env: IsolatedEnvironment) -> None:
    assert output(env, "git", "--version").startswith("git version")
    assert output(env, "ls", "-d", "/") == "/"
    mapping = env.environment()
    assert shutil.which("git", path=mapping["PATH"]) == shutil.which("git")
    assert mapping["PATH"] == f"{env.bin}{os.pathsep}{os.environ['PATH']}"


def test_nothing_of_another_environment_is_inherited(env: IsolatedEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "CONDA_PREFIX", "VIRTUAL_ENV", "UV_SYSTEM_PYTHON"):
        monkeypatch.setenv(name, "/nowhere")
    assert output(env, "python", "-c", PREFIX) == str(env.prefix)
    mapping = env.environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "CONDA_PREFIX", "UV_SYSTEM_PYTHON"} & mapping.keys()
    assert mapping["VIRTUAL_ENV"] == str(env.prefix)
    assert os.environ["PYTHONPATH"] == "/nowhere"


def test_the_mapping_takes_a_base_and_an_overlay(env: IsolatedEnvironment) -> None:
    mapping = env.environment({"A": "1", "B": "2", "PATH": "/bin"}, B=None, C="3")
    assert mapping == {
        "A": "1",
        "C": "3",
        "PATH": f"{env.bin}{os.pathsep}/bin",
        "VIRTUAL_ENV": str(env.prefix),
        "UV_PYTHON": str(env.python),
    }
    mapping["A"] = "changed"
    assert env.environment({"A": "1"})["A"] == "1", "each is a new one"
    assert "HOME" not in env.environment(HOME=None)
    assert output(env, "python", "-c", "import os; print(os.environ.get('HOME'))", env={"HOME": None}) == "None"
    with pytest.raises(TypeError, match="environment variable A"):
        env.environment(A=1)  # type: ignore[arg-type]


def test_a_script_of_the_caller_s_runs_in_the_environment(env: IsolatedEnvironment, tmp_path: Path) -> None:
    script = tmp_path / "my script.py"
    script.write_text("import sys, alpha\nprint(sys.prefix, sys.argv[1:])\n")
    expected = f"{env.prefix} ['x']"
    assert output(env, script, "x") == expected
    assert output(env, str(script), "x") == expected
    assert output(env, "my script.py", "x", cwd=tmp_path) == expected


def test_popen_streams_under_both_names(env: IsolatedEnvironment) -> None:
    for start in (env.popen, env.open_proc):
        with start(["python", "-u", "-c", "print(1); input(); print(2)"], stdin=-1, stdout=-1, text=True) as process:
            assert process.stdout.readline() == "1\n"
            assert process.communicate("\n")[0] == "2\n"
        assert process.returncode == 0


def test_the_two_functions(tmp_path: Path) -> None:
    mapping = isolated_environment(tmp_path / "env", ["alpha<2"], toolchain="uv")
    assert subprocess.run(["alpha"], env=mapping, capture_output=True, text=True, check=True).stdout == "alpha 1.0\n"
    done = isolated_environment_run(tmp_path / "env", ["alpha<2"], ["alpha"], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("alpha 1.0\n", 0)


def test_a_relative_path_is_one_environment_wherever_one_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    env = IsolatedEnvironment("env", [])
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert output(env, "python", "-c", PREFIX).startswith(str(tmp_path / "env"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_nothing_is_printed(tmp_path: Path) -> None:
    script = (
        "from isolated_environment import IsolatedEnvironment\n"
        f"env = IsolatedEnvironment({str(tmp_path / 'env')!r}).pip_install('alpha')\n"
        "env.pip_list(), env.freeze(), env.doctor(), env.upgrade(), env.gc()\n"
        "try:\n    env.pip_install('no-such-project')\nexcept Exception:\n    pass\nenv.remove()\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


# the host's Python and pip


@pytest.mark.parametrize("command", ["pip", "uv pip"])
def test_a_bare_install_acts_on_the_environment_whatever_the_host_says(
    make, monkeypatch: pytest.MonkeyPatch, index, command: str
) -> None:
    env = make([])
    config = Path(os.environ["HOME"], ".config", "uv")
    config.mkdir(parents=True, exist_ok=True)
    (config / "uv.toml").write_text("[pip]\nsystem = true\n")
    for name in ("UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "PIP_USER"):
        monkeypatch.setenv(name, "1")
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        monkeypatch.setenv(name, str(env.path / "wrong"))
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    monkeypatch.setenv("UV_PYTHON", sys.executable)
    before = listing(Path(sys.prefix, "bin")), sorted(os.listdir(site_packages()))
    mapping = env.environment(PIP_INDEX_URL=index.url, UV_DEFAULT_INDEX=index.url)
    # a dry run first: were it for the host, it must not happen
    rehearsal = subprocess.run(
        [*command.split(), "install", "--dry-run", "delta"], env=mapping, capture_output=True, text=True, check=True
    )
    if command == "uv pip":
        assert str(env.prefix.name) in rehearsal.stderr.splitlines()[0], rehearsal.stderr
    subprocess.run([*command.split(), "install", "--quiet", "delta"], env=mapping, check=True, capture_output=True)
    (config / "uv.toml").unlink()
    assert output(env, "python", "-c", "import delta; print(delta.__version__)") == "1.0"
    assert (listing(Path(sys.prefix, "bin")), sorted(os.listdir(site_packages()))) == before


def site_packages() -> str:
    return next(path for path in sys.path if path.startswith(sys.prefix) and path.endswith("site-packages"))


def test_without_its_own_python_and_pip_there_is_none(env: IsolatedEnvironment, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(env.prefix, copy, symlinks=True)
    for path in (copy / "bin").glob("p[iy]*"):
        path.unlink()
    for name in ("python", "python3", f"python3.{sys.version_info[1]}", "pip", "pip3"):
        with pytest.raises(errors.CommandNotFoundError):
            process.run(str(copy), [name, "--version"])
    with pytest.raises(FileNotFoundError):
        process.run(str(copy), ["script.py"])
    assert process.run(str(copy), ["git", "--version"], capture_output=True).returncode == 0


def test_an_environment_that_lost_its_python_is_built_again(make) -> None:
    env = make([])
    lost = env.ensure()
    env.python.unlink()
    found = output(env, "python", "-c", PREFIX)
    assert Path(found).parent == env.root
    assert Path(found) != lost
