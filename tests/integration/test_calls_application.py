"""Functions of an application of several modules, which the environment has not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isolated_environment.bridge.pickling import Peer
from isolated_environment.bridge.targets import ship
from isolated_environment.errors import SerializationError
from tests.support import functions
from tests.support.far import HERE, Far, far

MAIN = """
from . import tools
from .deep import more
import herd
import herd.deep.more
from herd.tools import half

def run(x):
    return tools.double(x), more.triple(x), herd.deep.more.triple(x), herd.NAME, half(x)

def twice(x):
    return [run(x), tools.double(x)]

TWO = "two"

@tools.doubling
def wrapped(x):
    return TWO * x
"""


MORE = """
THREE = 3

def triple(x):
    return x * THREE

class Three:
    def triple(self, x):
        return x * THREE
"""


TOOLS = """
import functools
import threading
from . import main
LOCK = threading.Lock()
TWO = 2

def double(x):
    return x * TWO

def half(x):
    return x / TWO

def doubling(function):
    @functools.wraps(function)
    def wrapper(x):
        return TWO * function(x)

    return wrapper

def locked(x):
    with LOCK:
        return x
"""


@pytest.fixture
def herd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """An application of some modules, none of which the environment has."""
    package = tmp_path / "herd"
    (package / "deep").mkdir(parents=True)
    files = {
        "__init__.py": "NAME = 'herd'\n",
        "main.py": MAIN,
        "tools.py": TOOLS,
        "deep/__init__.py": "",
        "deep/more.py": MORE,
    }
    for name, content in files.items():
        (package / name).write_text(content)
    monkeypatch.syspath_prepend(str(tmp_path))

    def load() -> Any:
        import herd.main  # type: ignore[import-not-found]

        return herd.main

    yield load
    for name in [name for name in sys.modules if name.partition(".")[0] == "herd"]:
        del sys.modules[name]


def test_functions_bring_what_they_use_of_the_application_s_modules(there: Far, herd: Callable[[], Any]) -> None:
    main = herd()
    assert there(main.run, 2) == (4, 6, 6, "herd", 1.0)
    assert there(main.twice, 2) == [(4, 6, 6, "herd", 1.0), 4]
    assert there(main.wrapped, 1) == "twotwo", "each has the globals of its own module"


def test_a_global_that_cannot_travel_is_named(there: Far, herd: Callable[[], Any]) -> None:
    with pytest.raises(SerializationError) as caught:
        there(herd().tools.locked, 1)
    assert caught.value.type_name == "_thread.lock"
    assert caught.value.path.startswith("target")
    assert caught.value.path.endswith("['LOCK']")
    assert caught.value.side == "host"


def test_an_installed_application_s_own_package_travels(
    there: Far, herd: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_packages = tmp_path / "lib" / "site-packages"
    site_packages.mkdir(parents=True)
    (tmp_path / "herd").rename(site_packages / "herd")
    monkeypatch.syspath_prepend(str(site_packages))
    main = herd()
    assert "site-packages" in main.__file__
    with far(there.peer.minor) as fresh:
        assert fresh(main.run, 2) == (4, 6, 6, "herd", 1.0)
        with pytest.raises(SerializationError, match="no module 'pluggy'") as caught:
            fresh(functions.call, pytest.hookspec)
    assert caught.value.hint is not None
    assert "pip_install" in caught.value.hint


def test_what_the_environment_has_is_called_there_and_not_sent(
    herd: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    herd()
    site_packages = tmp_path / "env"
    (site_packages / "herd").mkdir(parents=True)
    (site_packages / "herd" / "__init__.py").touch()
    main = herd()
    assert ship(main.run, Peer("3.8", 5, (str(site_packages),))) == ("name", "herd.main:run")
    assert ship(main.run, Peer(HERE, 5, ()))[0] == "pickle"


def test_a_source_that_changed_since_it_was_imported_is_not_sent(
    oldest: Far, herd: Callable[[], Any], tmp_path: Path
) -> None:
    main = herd()
    file = tmp_path / "herd" / "deep" / "more.py"
    file.write_text(file.read_text().replace("x * THREE", "x + THREE * 'no'"))
    with pytest.raises(SerializationError, match="was changed since it was imported"):
        oldest(main.more.triple, 1)
    with pytest.raises(SerializationError, match="was changed since it was imported"):
        oldest(main.more.Three)
    file.write_text("THREE = 3\n")
    with pytest.raises(SerializationError, match="its source is not found"):
        oldest(main.more.triple, 1)
