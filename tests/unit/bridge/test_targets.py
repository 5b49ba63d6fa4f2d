"""Targets are names, or what can be called; anything else is refused before a worker is asked."""

from __future__ import annotations

import collections
import functools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from isolated_environment.bridge.pickling import Peer
from isolated_environment.bridge.reach import host_minor
from isolated_environment.bridge.targets import ship
from isolated_environment.child import pickling, source
from isolated_environment.errors import InvalidTargetError, SerializationError
from tests.support import functions

PEER = Peer(host_minor(), 5, ())


@pytest.mark.parametrize("target", ["json:dumps", "a.b.c:D.e", "os.path:join"])
def test_a_name_is_sent_as_it_is(target: str) -> None:
    assert ship(target, PEER) == ("name", target)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "json",
        "json.dumps",
        ":dumps",
        "json:",
        "json:dumps()",
        "a b:c",
        "a:b:c",
        "json:dumps ",
        "../x:y",
        ".x:y",
        "x.:y",
    ],
)
def test_a_name_of_another_form_is_refused(target: str) -> None:
    with pytest.raises(InvalidTargetError) as caught:
        ship(target, PEER)
    assert caught.value.target == target
    assert "package.module:function" in str(caught.value)


@pytest.mark.parametrize("target", [None, 3, [], b"json:dumps", object()])
def test_what_cannot_be_called_is_refused(target: object) -> None:
    with pytest.raises(InvalidTargetError, match="cannot be called"):
        ship(target, PEER)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (len, "builtins:len"),
        (math.sqrt, "math:sqrt"),
        (Path, f"{Path.__module__}:Path"),
        (collections.OrderedDict.fromkeys, None),
        (functools.partial(len), None),
        ("abc".upper, None),
        (functions.plain, None),
    ],
)
def test_what_the_environment_has_goes_by_name(target: Any, name: str | None) -> None:
    kind, told = ship(target, PEER)
    assert (kind == "name") is (name is not None)
    if name is not None:
        assert told == name
        assert source.resolve(kind, told, pickling.loads) is target


def test_what_is_not_there_is_told_as_python_tells_it() -> None:
    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        source.resolve("name", "nothing_of_that_name:f", pickling.loads)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        source.resolve("name", "json:dumps.nothing", pickling.loads)
    with pytest.raises(TypeError, match="os:sep cannot be called: it is a str"):
        source.resolve("name", "os:sep", pickling.loads)


class Wrapper:
    """As ``@env.function`` makes it."""

    __isolated_environment_function__ = True

    def __init__(self, function: Any) -> None:
        functools.update_wrapper(self, function)

    def __call__(self) -> None:
        raise AssertionError("it must not run here")


@Wrapper
def countdown(n: int) -> list[int]:
    return [n, *countdown(n - 1)] if n else []  # type: ignore[call-arg, misc]


def test_a_function_of_an_environment_is_the_function_itself_there() -> None:
    """In the environment a function that calls itself must not call into the environment again."""
    from tests.support.far import far

    for minor in ("3.8", host_minor()):
        with far(minor) as there:
            assert there(countdown, 2) == [2, 1]
            assert there(functions.call, countdown, 1) == [1]


def test_a_function_of_an_environment_goes_by_the_name_of_the_function() -> None:
    assert ship(Wrapper(json.dumps), PEER) == ("name", "json:dumps")
    found = source.resolve("name", f"{__name__}:countdown", pickling.loads)
    assert found is countdown.__wrapped__  # type: ignore[attr-defined]


def test_a_target_that_cannot_travel_is_called_target() -> None:
    with pytest.raises(SerializationError) as caught:
        ship(functools.partial(print, (i for i in ())), PEER)
    assert caught.value.path == "target.args[0]"
