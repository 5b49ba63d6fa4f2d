"""Our own files in a prefix: put in place of what is there, never through a link into a cache."""

from __future__ import annotations

import configparser
import os
import sys
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from isolated_environment.environ import patch_for_prefix
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


def test_pins_are_a_constraint_of_every_pip_inside(prefix, tmp_path):
    """A URI, since a blank would split a path; in the place of what a distribution left, never through a link."""
    (tmp_path / "cached").write_text("in the cache\n")
    os.link(tmp_path / "cached", prefix / "pip.conf")
    finish(prefix, "", pip_for=None, pins=("torch==2.1.2+cu121", "torchaudio==2.1.2+cu121"))
    assert (prefix / "pinned.txt").read_text() == "torch==2.1.2+cu121\ntorchaudio==2.1.2+cu121\n"
    assert (tmp_path / "cached").read_text() == "in the cache\n"
    parser = configparser.RawConfigParser()
    parser.read(prefix / "pip.conf")
    assert parser["global"]["constraint"] == (prefix / "pinned.txt").as_uri()
    assert "PIP_CONSTRAINT" in patch_for_prefix(str(prefix)).apply({})


def test_a_constraint_below_a_path_with_blanks_and_percents(tmp_path):
    prefix = tmp_path / "my 50% env"
    (prefix / ".build").mkdir(parents=True)
    finish(prefix, "", pip_for=None, pins=("torch==2.1.2+cu121",))
    parser = configparser.RawConfigParser()  # as pip reads it
    parser.read(prefix / "pip.conf")
    uri = parser["global"]["constraint"]
    assert " " not in uri
    assert url2pathname(urlsplit(uri).path) == str(prefix / "pinned.txt")


def test_without_pins_there_is_no_configuration(prefix):
    finish(prefix, "", pip_for=None)
    assert not (prefix / "pip.conf").exists()
    assert not (prefix / "pinned.txt").exists()


def _become(path, text) -> None:
    path.unlink()
    path.write_text(text)
