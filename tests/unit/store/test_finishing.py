"""Our own files in a prefix: put in place of what is there, never through a link into a cache."""

from __future__ import annotations

import os
import sys

import pytest

from isolated_environment.store.finishing import finish, identify, replaced


@pytest.fixture
def prefix(tmp_path):
    prefix = tmp_path / "g1"
    (prefix / "bin").mkdir(parents=True)
    (prefix / ".build").mkdir()
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (prefix / "bin" / "python").symlink_to(sys.executable)
    return prefix


def test_a_prefix_that_nobody_touched_is_the_same(prefix):
    assert replaced(prefix, identify(prefix)) == []


@pytest.mark.parametrize(
    ("touch", "line"),
    [
        (lambda p: (p / "pyvenv.cfg").write_text("home = /elsewhere\n"), "a distribution replaced pyvenv.cfg"),
        (lambda p: _become(p / "bin" / "python", "#!/bin/sh\n"), "a distribution replaced the interpreter"),
        (lambda p: (p / "pyvenv.cfg").unlink(), "a distribution removed "),
        (lambda p: (p / "bin" / "python").unlink(), "a distribution removed "),
    ],
)
def test_what_a_distribution_replaced_is_named(prefix, touch, line):
    before = identify(prefix)
    touch(prefix)
    (found,) = replaced(prefix, before)
    assert found.startswith(line)


def test_an_interpreter_that_is_a_copy_is_known_too(prefix):
    _become(prefix / "bin" / "python", "copy")
    before = identify(prefix)
    assert replaced(prefix, before) == []
    _become(prefix / "bin" / "python", "other")
    assert replaced(prefix, before) == ["a distribution replaced the interpreter"]


def test_a_finished_prefix_has_its_lock_and_pip_and_no_working_directory(prefix):
    (prefix / ".lock").touch()
    finish(prefix, "lock\n", pip_for="3.11")
    assert (prefix / "pylock.toml").read_text() == "lock\n"
    assert sorted(os.listdir(prefix)) == ["bin", "pylock.toml", "pyvenv.cfg"]
    assert sorted(os.listdir(prefix / "bin")) == ["pip", "pip3", "pip3.11", "python"]
    script = (prefix / "bin" / "pip").read_text()
    assert f"exec {prefix}/bin/python -I " in script
    assert os.access(prefix / "bin" / "pip", os.X_OK)


def test_an_installed_pip_is_left_alone(prefix):
    finish(prefix, "", pip_for=None)
    assert os.listdir(prefix / "bin") == ["python"]
    (prefix / ".build").mkdir()
    (prefix / "bin" / "pip3").symlink_to("nowhere")
    finish(prefix, "", pip_for="3.11")
    assert os.readlink(prefix / "bin" / "pip3") == "nowhere"


def test_nothing_is_written_through_a_link_into_a_cache(prefix, tmp_path):
    for name in ("pylock.toml", ".lock"):
        (tmp_path / name).write_text("in the cache\n")
        os.link(tmp_path / name, prefix / name)
    finish(prefix, "lock\n", pip_for=None)
    assert (tmp_path / "pylock.toml").read_text() == "in the cache\n"
    assert (tmp_path / ".lock").read_text() == "in the cache\n"
    assert (prefix / "pylock.toml").read_text() == "lock\n"


def _become(path, text) -> None:
    path.unlink()
    path.write_text(text)
