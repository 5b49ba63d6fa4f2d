"""What application authors test with: it is what these tests use themselves, and a fake is honest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment
from isolated_environment.testing import FakeEnvironment, assert_has, fake_environment, host_unchanged, package_index

__all__ = ["fake_environment", "package_index"]  # fixtures


def double(number: int) -> int:
    return number * 2


def test_packages_of_a_dictionary_are_installed_for_real(package_index, tmp_path, toolchain):
    index = package_index(
        {
            "whisper": {"version": "1.0", "requires": ["sound<2"], "scripts": {"whisper": "whisper:main"}},
            "sound": "1.5",
            "sound-too-new": {"version": "2.0", "files": {"other.py": ""}},
        }
    )
    env = IsolatedEnvironment(tmp_path / "env", ["whisper"], owner=None, toolchain=toolchain)
    with host_unchanged():
        done = env.run(["whisper"], capture_output=True, text=True, check=True)
    assert done.stdout == "whisper 1.0\n"
    assert_has(env, "whisper==1.0", "sound<2")
    assert index.asked_for("sound")
    with pytest.raises(AssertionError, match=r"lacks sound>=2; it has .*1\.5"):
        assert_has(env, "sound>=2")
    with pytest.raises(AssertionError, match="is not installed"):
        assert_has(IsolatedEnvironment(tmp_path / "another", owner=None), "sound")


def test_another_index_takes_its_place(package_index, tmp_path):
    package_index({"sound": "1.0"})
    package_index({"sound": "2.0"})
    env = IsolatedEnvironment(tmp_path / "env", ["sound"], owner=None)
    env.ensure()
    assert_has(env, "sound==2.0")


def test_a_change_of_the_host_is_told(monkeypatch):
    from isolated_environment.testing import assertions

    found = iter([{"six": "1.0"}, {"six": "1.1", "new": "1"}])
    monkeypatch.setattr(assertions, "_installed", lambda: next(found))
    with pytest.raises(AssertionError, match="new, six"), host_unchanged():
        pass


def test_a_fake_records_and_builds_nothing(fake_environment):
    fake = fake_environment
    assert isinstance(fake, IsolatedEnvironment)
    assert not fake.installed()
    fake.answers = {"whisper": "some text", "fails": 3, "echo": lambda words: " ".join(words[1:])}
    assert fake.pip_install("torch==2.1.2", "https://index/cu121").pip_install("whisper") is fake
    assert fake.run(["whisper", Path("a.mp3")], capture_output=True, text=True).stdout == "some text"
    assert fake.run(["echo", "a", "b"], stdout=subprocess.PIPE).stdout == b"a b"
    assert fake.run(["anything"]).returncode == 0
    assert fake.run("fails").returncode == 3
    with pytest.raises(subprocess.CalledProcessError):
        fake.run(["fails"], check=True)
    assert fake.environment(MINE="1", HOME=None)["MINE"] == "1"
    assert str(fake.prefix) in fake.environment()["PATH"]
    assert fake.which("whisper") is not None
    assert fake.which("absent") is None
    assert fake.installed()
    assert [each.args[0] for each in fake.asked_for("pip_install")] == ["torch==2.1.2", "whisper"]
    assert fake.asked_for("run")[0].args == (["whisper", Path("a.mp3")],)
    assert not fake.path.exists()


def test_a_fake_calls_in_this_process_and_says_what_it_cannot(fake_environment):
    fake = fake_environment
    assert fake.call(double, 21) == 42
    assert fake.call("operator:add", 1, 2) == 3

    @fake.function
    def triple(number):
        return number * 3

    assert triple(2) == 6
    with pytest.raises(ZeroDivisionError):
        fake.call("operator:truediv", 1, 0)
    with pytest.raises(AssertionError, match="has no no_such_module:f"):
        fake.call("no_such_module:f")
    with pytest.raises(AssertionError, match="starts no process"):
        fake.popen(["whisper"])
    assert [each.args[0] for each in fake.asked_for("call")][:2] == [double, "operator:add"]


def test_a_fake_has_every_public_name_of_the_real_one_or_refuses(fake_environment):
    """What a fake does not replace must not build: it would pass a test for the wrong reason."""
    replaced = {name for name in vars(FakeEnvironment) if not name.startswith("_")}
    public = {name for name in dir(IsolatedEnvironment) if not name.startswith("_")}
    looking = {"path", "root", "bin", "plan", "state", "doctor", "size", "freeze", "pip_list", "pip_has", "lock"}
    looking |= {"activation", "installed_requirements", "empty"}
    by_others = {"call", "acall", "submit", "function"}  # by _call and _submit
    assert public - replaced == looking | by_others
    fake = fake_environment
    for method in (fake.upgrade, fake.rollback, fake.clean, fake.gc, fake.remove, fake.install_environment):
        method()
    assert fake.ensure_installed("a")["VIRTUAL_ENV"] == str(fake.prefix)
    assert fake.submit(double, 4).result() == 8
    assert isinstance(fake.submit("operator:truediv", 1, 0).exception(), ZeroDivisionError)
    for refused in (fake.worker, lambda: fake.workers(2), lambda: fake.open_proc(["a"])):
        with pytest.raises(AssertionError, match="a fake starts no"):
            refused()
    assert not fake.path.exists()


def test_an_application_s_own_tests_use_it_as_a_plugin(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["isolated_environment.testing"]\n')
    (tmp_path / "test_app.py").write_text(
        "def test_it(fake_environment, package_index):\n"
        "    package_index({'alpha': '1.0'})\n"
        "    assert fake_environment.run(['alpha']).returncode == 0\n"
    )
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", tmp_path]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
