"""Bugs of the packages before this one, each played through the main API; docs/development/upstream-bugs.md has all."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from isolated_environment import Event, IsolatedEnvironment, errors
from isolated_environment.host import find_interpreter
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.far import HERE, present
from tests.support.holder import holding
from tests.support.leftovers import generations, leftovers
from tests.support.listing import listing
from tests.support.pages import CHECKOUT
from tests.support.toolchains import PIP_WHEN_SLOW

Make = Callable[..., IsolatedEnvironment]


def versions(env: IsolatedEnvironment) -> dict[str, str]:
    return {item.name: item.version for item in env.pip_list()}


def test_clean_takes_a_full_environment_and_its_lock_file(make: Make, tmp_path: Path) -> None:
    env = make().pip_install("alpha==1.0").pip_install(["beta", "delta"])
    assert env.run(["alpha"], capture_output=True).returncode == 0
    assert (env.path / "lock").is_file()
    env.clean()
    assert list(tmp_path.iterdir()) == []
    assert (env.installed(), env.pip_has("alpha"), env.installed_requirements()) == (False, False, [])


def test_clean_waits_for_the_lock(make: Make) -> None:
    prefix = make(["alpha"]).ensure()
    with holding(make().path), pytest.raises(errors.LockTimeoutError):
        make(lock_timeout=0.1).clean()
    assert audit(prefix, {"alpha": "2.0"}) == []


@PIP_WHEN_SLOW
def test_options_with_blanks_and_names_with_hyphens_arrive_whole(make: Make, tmp_path: Path, toolchain: str) -> None:
    make_wheel(tmp_path / "my own--wheels", "two-hyphens", "1.0")
    options = ["--find-links", str(tmp_path / "my own--wheels"), "--no-index"]
    env = make(toolchain=toolchain).pip_install("two--hyphens", options=options)
    assert versions(env) == {"two-hyphens": "1.0"}


def test_every_requirement_counts_wherever_it_stands(make: Make) -> None:
    """Upstream's look at a list ended with the first comparison in it."""
    words = ["alpha<=1.2.2", "gamma>=0.1", "delta==1.0"]
    for missing in words:
        env = make([word for word in words if word != missing], name=missing[:2])
        env.ensure()
        for turn in itertools.permutations(words):
            assert not env.pip_has(turn)
            assert not make(turn, name=missing[:2]).installed()
    env.pip_install(words)
    assert all(env.pip_has(turn) for turn in itertools.permutations(words))
    assert versions(env) == {"alpha": "1.0", "gamma": "1.0", "delta": "1.0"}


ADDING = """
import os, sys
from isolated_environment import IsolatedEnvironment
from isolated_environment.store import fulfilment, store
words = ["alpha<2", "beta", "gamma", "delta"]
for number in range(8):
    if os.fork() == 0:
        code = 1
        try:
            turn = words[number % 4:] + words[:number % 4]
            for word in turn if number < 4 else reversed(turn):
                IsolatedEnvironment(sys.argv[1], owner=None).pip_install(word)
            code = 0
        finally:
            os._exit(code)
sys.exit(sum(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(8)))
"""


def test_eight_processes_that_ask_in_other_orders_lose_no_ask(make: Make) -> None:
    env = make()
    done = subprocess.run([sys.executable, "-c", ADDING, str(env.path)], cwd=CHECKOUT, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(env.installed_requirements()) == ["alpha<2", "beta", "delta", "gamma"]
    assert audit(env.ensure(), {"alpha": "1.0", "beta": "1.0", "delta": "1.0", "gamma": "1.0"}) == []
    assert env.prefix.name == "g4", "each ask was built once"
    env.gc(force=True)
    assert leftovers(env.path) == []


def test_what_failed_is_not_installed_and_fails_until_it_can_be_had(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(tmp_path / "wheels", "alpha", "1.0")
    with PackageIndex(tmp_path / "wheels").running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        adding, stating = make(), make(["late"], name="stated")
        for _ in range(2):
            with pytest.raises(errors.ResolutionError, match="late"):
                adding.pip_install("late")
            with pytest.raises(errors.ResolutionError, match="late"):
                stating.ensure()
            for env in (adding, stating, make(["late"], name="stated")):
                assert (env.installed(), env.pip_has("late"), env.installed_requirements()) == (False, False, [])
        make_wheel(tmp_path / "wheels", "late", "1.0")
        assert versions(adding.pip_install("late")) == versions(stating) == {"late": "1.0"}


def test_a_built_and_empty_environment_has_no_requirements(make: Make) -> None:
    env = make().install_environment()
    assert (env.installed(), env.installed_requirements(), env.pip_list()) == (True, [], [])


@PIP_WHEN_SLOW
def test_the_interpreter_is_a_link_to_its_base(make: Make, toolchain: str) -> None:
    env = make([], toolchain=toolchain)
    env.ensure()
    assert env.python.is_symlink()
    assert env.python.resolve() == Path(find_interpreter(HERE).executable).resolve()


def test_the_python_that_is_wanted_counts_in_every_stage(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = next((minor for minor in present() if minor != HERE), None)
    if other is None:
        pytest.skip("only one Python on this machine")
    make_wheel(tmp_path / "wheels", "delta", "1.0")
    make_wheel(tmp_path / "wheels", "here", "1.0", requires_python=f"=={HERE}.*")
    make_wheel(tmp_path / "wheels", "there", "1.0", requires=[f"delta; python_version == '{other}'"])
    with PackageIndex(tmp_path / "wheels").running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        env = make(["there", f"here; python_version == '{HERE}'"], python=other)
        assert versions(env) == {"there": "1.0", "delta": "1.0"}
        assert (env.prefix / "lib" / f"python{other}" / "site-packages" / "delta.py").is_file()
        with pytest.raises(errors.ResolutionError, match="here"):
            env.pip_install("here")


def test_nothing_lies_beside_the_environment(make: Make, tmp_path: Path) -> None:
    (tmp_path / "parent").mkdir()
    env = make(["alpha"], name="parent/env")
    with env.lock():
        env.pip_install("delta")
    env.run(["alpha"], capture_output=True, check=True)
    assert [path.name for path in (tmp_path / "parent").iterdir()] == ["env"]


def test_a_text_with_other_comments_blanks_and_order_builds_nothing(make: Make) -> None:
    first = make("alpha<2\ndelta\n").ensure()
    before = listing(first)
    told: list[Event] = []
    again = make("# what we need\nDelta\n\nalpha < 2  # the old one\n", on_event=told.append)
    assert again.ensure() == first
    assert told == []
    assert listing(first) == before
    assert generations(first.parent) == [first.name]


@PIP_WHEN_SLOW
def test_one_lock_says_what_is_installed(make: Make, toolchain: str) -> None:
    env = make(["beta"], toolchain=toolchain)
    env.ensure()
    written = [path for path in env.root.rglob("*") if path.suffix in {".toml", ".txt", ".in", ".lock"}]
    locks = [path for path in written if "site-packages" not in path.parts]
    assert {path.name for path in locks} == {"pylock.toml"}
    assert len({path.read_text("utf-8") for path in locks}) == 1
    assert env.freeze().split() == ["alpha==2.0", "beta==1.0"]
    assert versions(env) == {"alpha": "2.0", "beta": "1.0"}
