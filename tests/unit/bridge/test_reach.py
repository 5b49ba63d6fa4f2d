"""What the environment can import is known from its directories; what is the application's own from where it lies."""

from __future__ import annotations

import importlib.machinery
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from isolated_environment.bridge.reach import BY_NAME, BY_VALUE, NOT_AT_ALL, Peer, Reach, host_minor
from isolated_environment.child import wire


def peer_of(*directories: Path, minor: str = "3.9") -> Peer:
    return Peer(minor, 5, tuple(map(str, directories)))


def make(directory: Path, *names: str) -> Path:
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return directory


def test_a_module_is_found_in_every_form(tmp_path: Path) -> None:
    make(
        tmp_path,
        *("one.py", "two/__init__.py", "three.cpython-39-x86_64-linux-gnu.so", "four.pyd", "five.abi3.so", "six.pyc"),
        *("space/part/__init__.py", "compiled/__init__.cpython-39-darwin.so", "seven.txt", "eight.dist-info/RECORD"),
    )
    peer = peer_of(tmp_path)
    there = ["one", "two", "two.any.thing", "three", "four", "five", "six", "compiled", "space", "space.part", "json"]
    assert [name for name in there if not peer.has(name)] == []
    assert [
        name for name in ("seven", "eight", "on", "nine", "space.other", "herd", "__main__") if peer.has(name)
    ] == []


def test_modules_of_directories_that_path_files_add_are_found(tmp_path: Path) -> None:
    make(tmp_path / "src", "linked.py")
    make(tmp_path / "site", "beside/inner.py")
    (tmp_path / "site" / "a.pth").write_text(f"# comment\nimport os; os\n\n{tmp_path / 'src'}\nbeside\nnowhere\n")
    peer = peer_of(tmp_path / "site")
    assert peer.has("linked")
    assert peer.has("inner")
    assert not peer.has("comment")


@pytest.mark.parametrize("told", ["true", "false"])
def test_the_base_interpreter_s_packages_count_where_the_environment_sees_them(tmp_path: Path, told: str) -> None:
    make(tmp_path / "base" / "lib" / "python3.9" / "site-packages", "below.py")
    site = make(tmp_path / "env" / "lib" / "python3.9" / "site-packages", "above.py")
    config = f"home = {tmp_path / 'base' / 'bin'}\ninclude-system-site-packages = {told}\n"
    (tmp_path / "env" / "pyvenv.cfg").write_text(config)
    assert peer_of(site).has("above")
    assert peer_of(site).has("below") is (told == "true")


def test_a_directory_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert not peer_of(tmp_path / "gone").has("one")


@pytest.fixture
def modules(tmp_path: Path) -> Iterator[None]:
    """Some modules that were imported from somewhere."""
    places = {
        "herd_app": tmp_path / "src" / "herd_app.py",
        "herd_installed": tmp_path / "lib" / "site-packages" / "herd_installed" / "__init__.py",
        "herd_debian": tmp_path / "dist-packages" / "herd_debian.py",
        "herd_compiled": tmp_path / ("herd_compiled" + importlib.machinery.EXTENSION_SUFFIXES[0]),
        "herd_handmade": None,
    }
    for name, place in places.items():
        module = sys.modules[name] = types.ModuleType(name)
        exec("def function(): ...\nclass Class: ...", vars(module))
        if place is not None:
            module.__file__ = str(place)
    yield
    for name in places:
        del sys.modules[name]


def test_everything_goes_by_name_by_value_or_not_at_all(modules: None, tmp_path: Path) -> None:
    peer = peer_of(make(tmp_path, "there.py"))
    import cloudpickle  # type: ignore[import-untyped]  # noqa: F401 - so that it is known where it lies

    reach = Reach(peer)
    ways = {
        "there": BY_NAME,
        "json.decoder": BY_NAME,
        "__main__": BY_VALUE,
        "__mp_main__": BY_VALUE,
        "herd_app": BY_VALUE,
        "herd_app.below": BY_VALUE,
        "herd_handmade": BY_VALUE,
        "herd_installed": NOT_AT_ALL,
        "herd_debian": NOT_AT_ALL,
        "isolated_environment.errors": NOT_AT_ALL,
        "isolated_environment.child.wire": BY_NAME,
        "cloudpickle.cloudpickle": NOT_AT_ALL,
    }
    assert {name: reach.of_module(name) for name in ways} == ways
    peer.own.add("herd_installed")
    assert reach.of_module("herd_installed.main") is BY_VALUE
    assert Reach(peer_of(tmp_path, minor=host_minor())).of_module("cloudpickle") is BY_NAME


def test_a_thing_goes_as_its_module_does_unless_it_is_not_found_there(modules: None, tmp_path: Path) -> None:
    reach = Reach(peer_of(make(tmp_path, "herd_there.py")))
    assert reach.of(json.dumps) is BY_NAME
    assert reach.of(json) is BY_NAME
    assert reach.of(len) is BY_NAME
    assert reach.of(wire.Frame) is BY_NAME
    assert reach.of(sys.modules["herd_app"].function) is BY_VALUE
    assert reach.of(sys.modules["herd_installed"].Class) is NOT_AT_ALL
    assert reach.of(sys.modules["herd_compiled"].Class) is NOT_AT_ALL, "it has no Python code"
    local = lambda: None  # noqa: E731
    local.__module__ = "json"
    assert reach.of(local) is BY_VALUE, "it is not what json has under that name"
