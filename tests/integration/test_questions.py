"""What can be asked of an environment, and what it answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment, State, errors
from isolated_environment.store.store import Store
from isolated_environment.testing.wheels import make_wheel
from tests.support.listing import listing
from tests.support.wheels import make_project

pytestmark = pytest.mark.xdist_group("one environment for all questions")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("questions")


@pytest.fixture
def env(place: Path, index) -> IsolatedEnvironment:
    """One environment with something of every kind in it; no test changes it."""
    if not (place / "env").exists():
        make_wheel(place / "files", "Zeta.Tools", "1.0+local.1", files={"zeta.py": ""})
        make_project(place / "eta", "eta", "0.5")
    made = IsolatedEnvironment(place / "env")
    made.pip_install(["gamma[more]==1.0", "alpha<2"])
    made.pip_install([place / "files" / "Zeta.Tools-1.0+local.1-py3-none-any.whl", place / "eta"])
    return made.pip_install(f"delta @ {index.origin}/files/delta-1.0-py3-none-any.whl")


@pytest.mark.parametrize(
    ("specs", "answer"),
    [
        ("alpha", True),
        ("Alpha", True),
        ("ALPHA==1.0", True),
        ("alpha==1", True),
        ("alpha>=1,<2", True),
        ("alpha>=2", False),
        ("alpha==2.0", False),
        ("alpha!=1.0", False),
        ("zeta_tools", True),
        ("zeta.tools==1.0", True),
        ("zeta-tools==1.0+local.1", True),
        ("zeta-tools==1.0+other", False),
        ("eta<1", True),
        ("gamma[more]", True),
        ("delta @ https://host.example/delta.zip", True),
        ("nothing", False),
        ("nothing; python_version < '3'", True),
        ("alpha>=9; python_version < '3'", True),
        ("alpha>=9; python_version > '3'", False),
        (["alpha", "delta"], True),
        (["alpha", "nothing"], False),
        ([], True),
        ("https://host.example/unnamed", False),
    ],
)
def test_pip_has(env: IsolatedEnvironment, specs: object, answer: bool) -> None:
    assert env.pip_has(specs) is answer  # type: ignore[arg-type]


def test_pip_has_refuses_what_it_cannot_read(env: IsolatedEnvironment) -> None:
    for spec in ("alpha ==", "--user", "alpha\nbeta"):
        with pytest.raises(errors.InvalidRequirementError):
            env.pip_has(spec)


def test_pip_list(env: IsolatedEnvironment) -> None:
    found = env.pip_list()
    assert [(item.name, item.version) for item in found] == [
        ("alpha", "1.0"),
        ("delta", "1.0"),
        ("eta", "0.5"),
        ("gamma", "1.0"),
        ("zeta-tools", "1.0+local.1"),
    ]
    assert all((item.dist_info / "METADATA").is_file() and env.prefix in item.dist_info.parents for item in found)


def test_installed_requirements_are_what_was_asked_for_in_order(env: IsolatedEnvironment, place: Path, index) -> None:
    assert env.installed_requirements() == [
        "alpha<2",
        "gamma[more]==1.0",
        f"eta @ {(place / 'eta').as_uri()}",
        f"zeta-tools @ {(place / 'files' / 'Zeta.Tools-1.0+local.1-py3-none-any.whl').as_uri()}",
        f"delta @ {index.origin}/files/delta-1.0-py3-none-any.whl",
    ]


def test_freeze_is_a_requirements_text(env: IsolatedEnvironment, place: Path, index, make) -> None:
    lines = env.freeze().splitlines()
    assert lines[0] == "alpha==1.0"
    assert f"eta @ {(place / 'eta').as_uri()}" in lines
    assert f"delta @ {index.origin}/files/delta-1.0-py3-none-any.whl" in lines
    again = make(env.freeze())
    assert [(item.name, item.version) for item in again.pip_list()] == [
        (item.name, item.version) for item in env.pip_list()
    ]


def test_the_size_is_that_of_the_files(env: IsolatedEnvironment) -> None:
    size = env.size()
    files = [path for path in env.root.rglob("*") if not path.is_dir() or path.is_symlink()]
    assert (size.total, size.files) == (sum(path.lstat().st_size for path in files), len(files))
    assert env.prefix.name in size.generations
    assert sum(size.generations.values()) <= size.total


def test_questions_change_nothing(env: IsolatedEnvironment) -> None:
    env.ensure()
    before = listing(env.root)
    for _ in range(2):
        env.installed(), env.state(), env.plan(), env.pip_list(), env.pip_has("alpha"), env.installed_requirements()
        env.freeze(), env.size(), env.doctor(deep=True), env.environment(), env.which("alpha"), env.activation()
    assert listing(env.root) == before


def damage_receipt(env: IsolatedEnvironment) -> None:
    (env.root / "isolated-environment.json").write_text("nonsense")


def lose_python(env: IsolatedEnvironment) -> None:
    env.python.unlink()


def leave_alone(env: IsolatedEnvironment) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "requirements", "status", "reason"),
    [
        (leave_alone, [], "ready", None),
        (leave_alone, ["alpha"], "stale", "the declared content changed"),
        (damage_receipt, [], "damaged", "the receipt is not JSON"),
        (lose_python, [], "damaged", "its interpreter is gone"),
        (shutil.rmtree, [], "absent", "there is no environment yet"),
    ],
)
def test_the_state(
    make: Callable[..., IsolatedEnvironment],
    change: Callable[..., None],
    requirements: list[str],
    status: str,
    reason: str | None,
) -> None:
    env = make([])
    env.ensure()
    change(env.root if change is shutil.rmtree else env)
    state = make(requirements).state()
    assert isinstance(state, State)
    assert (state.status, state.reason, state.placement, state.owner) == (status, reason, "path", None)
    assert (state.root, state.placement_reason) == (env.path, "no distribution owns the path")
    assert make(requirements).installed() is (status == "ready")
    report = make(requirements).doctor()
    assert report.is_healthy is (status == "ready")
    assert report.state == state
    assert str(report).splitlines()[-1] == ("healthy" if status == "ready" else "not healthy")


def test_a_directory_of_somebody_else_is_foreign(make, tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "mine").write_text("x")
    env = make(["alpha"])
    assert env.state().status == "foreign"
    assert "was not made by this library" in str(env.doctor())
    for call in (env.ensure, env.remove, env.rollback):
        with pytest.raises(errors.NotOurDirectoryError):
            call()
    assert env.gc() == []
    assert [path.name for path in (tmp_path / "env").iterdir()] == ["mine"]


def test_building_twice_is_building_once(make) -> None:
    env = make()
    first = env.install_environment().ensure()
    assert env.install_environment() is env
    assert (env.ensure(), make().ensure(), make().pip_install([]).ensure()) == (first, first, first)
    assert make().ensure_installed()["VIRTUAL_ENV"] == str(first)


def test_what_is_there_is_used_without_the_store(make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warm path: what would take the lock is not even called."""
    first = make().pip_install("alpha<2").ensure()
    monkeypatch.setattr(Store, "ensure", lambda *_, **__: pytest.fail("the store was asked"))
    assert make().ensure() == first
    assert make().pip_install("alpha<2").ensure() == first
    assert make().pip_install([]).ensure() == first
    assert make().ensure_installed("alpha<2")["VIRTUAL_ENV"] == str(first)


def test_everything_works_with_an_empty_path(make, toolchain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    env = make(["alpha<2"], toolchain=toolchain)
    assert env.run(["alpha"], capture_output=True, text=True, check=True).stdout == "alpha 1.0\n"


def test_everything_works_in_the_c_locale(tmp_path: Path) -> None:
    script = (
        "import sys; from isolated_environment import IsolatedEnvironment; from pathlib import Path\n"
        "env = IsolatedEnvironment(sys.argv[1]).pip_install(Path(sys.argv[2]))\n"
        "print(env.run(['alpha'], capture_output=True).stdout, file=sys.stderr)"
    )
    (tmp_path / "été.txt").write_text("# été Ω\nalpha<2\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, tmp_path / "été Ω", tmp_path / "été.txt"],
        env={**os.environ, "LC_ALL": "C", "LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "b'alpha 1.0\\n'\n")


def test_many_requirements_in_any_order_are_one_content(make) -> None:
    words = ["alpha<2", "Beta", "gamma[more]", "delta", "future; python_version < '3'"]
    first = make(words).ensure()
    for turn in range(1, len(words)):
        env = make(words[turn:] + words[:turn])
        assert env.installed()
        assert env.ensure() == first
    assert make([word.upper() if "[" not in word and ";" not in word else word for word in words]).ensure() == first


def test_an_error_of_a_build_says_what_the_installer_said(make, toolchain: str) -> None:
    with pytest.raises(errors.ResolutionError) as caught:
        make(["no-such-project"], toolchain=toolchain).ensure()
    error = caught.value
    assert "no-such-project" in error.output
    assert error.step == "resolve"
    assert error.returncode != 0
    assert Path(error.log_path or "").is_file()
    assert error.argv
