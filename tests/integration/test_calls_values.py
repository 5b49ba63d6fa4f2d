"""Values cross to every Python and back, or a typed error says which part of them cannot."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

from isolated_environment.bridge.pickling import Peer, dumps
from isolated_environment.child import pickling
from isolated_environment.errors import SerializationError
from isolated_environment.host import find_interpreter
from tests.support import values
from tests.support.far import HERE, Far, Refused, present

#: What else can be a host: with what the calls need of it, and no more.
HOSTS = [minor for minor in present() if minor not in {"3.8", "3.9", HERE}]


@pytest.mark.parametrize("name", [*values.VALUES, *values.LIKE])
def test_a_value_comes_back_or_a_typed_error_says_why_not(there: Far, name: str) -> None:
    told = values.outcome(there, name)
    if values.expected(name, there.peer.minor):
        assert told == "same"
    else:
        assert told.startswith("Refused: ('cannot load', ('', '"), told


@pytest.mark.parametrize("name", values.REFUSED)
@pytest.mark.parametrize("minor", ["3.8", HERE])
def test_what_cannot_travel_is_named_with_its_place(minor: str, name: str) -> None:
    make, path, kind = values.REFUSED[name]
    buffers: list[object] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the files and sockets that are refused
        with pytest.raises(SerializationError) as caught:
            dumps(((make(),), {}), Peer(minor, 5, ()), buffers, names=("args", "kwargs"))
        assert caught.value.path.startswith(path)
        assert len(caught.value.path) == len(path) or not kind or not path, "where it is, and no further"
        assert caught.value.type_name == kind or not kind
        assert caught.value.side == "host"
        assert buffers == []
        del caught
        gc.collect()


@pytest.mark.parametrize("name", ["lock", "lock in a dict", "generator", "socket", "in a partial", "raises"])
def test_a_result_that_cannot_travel_is_named_with_its_place(there: Far, name: str) -> None:
    with pytest.raises(Refused) as caught:
        there(_refused, name)
    kind, (path, type_name, reason) = caught.value.kind, caught.value.told[0]
    assert kind == "cannot dump"
    assert path == "[1]" + RESULTS[name][0]
    assert type_name.endswith(RESULTS[name][1])
    assert reason


#: Where in the result it stands, and what it is.
RESULTS = {
    "lock": ("", "_thread.lock"),
    "lock in a dict": ("['model'].x", "_thread.lock"),
    "generator": ("[0]", "generator"),
    "socket": ("['s']", "socket.socket"),
    "in a partial": (".args[0]", "_thread.lock"),
    "raises": ("[1]", "Stubborn"),
}


class Stubborn:
    def __reduce__(self) -> str:
        raise RuntimeError("never")


class Holder:
    def __init__(self, x: object) -> None:
        self.x = x


def _refused(name: str) -> object:
    import functools
    import socket
    import threading

    return {
        "lock": threading.Lock,
        "lock in a dict": lambda: {"model": Holder(threading.Lock())},
        "generator": lambda: [(i for i in [])],
        "socket": lambda: {"s": socket.socket()},
        "in a partial": lambda: functools.partial(print, threading.Lock()),
        "raises": lambda: (1, Stubborn()),
    }[name]()


def test_an_exception_whose_init_wants_more_comes_back_as_it_is(there: Far) -> None:
    error = values.OddError(1, reason="odd")
    error.add = [1]  # type: ignore[attr-defined]
    back = there.echo(error)
    assert type(back) is values.OddError
    assert (back.args, str(back), back.add) == (("1: odd",), "1: odd", [1])


class Picky(Exception):  # noqa: N818
    def __new__(cls, *args: object, **kwargs: object) -> Picky:  # noqa: PYI034
        if not kwargs:
            raise ValueError("not so")
        return super().__new__(cls, *args)

    def __init__(self, *args: object, **_: object) -> None:
        super().__init__(*args)


class Failing:
    def __getstate__(self) -> dict[str, int]:
        return {"a": 1}

    def __setstate__(self, state: object) -> None:
        raise RuntimeError(f"no {state}")


class Sly:
    def __reduce__(self) -> tuple[object, ...]:
        return int, ("x",)


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (Picky(1, ok=True), "Picky", "ValueError: not so"),
        (Failing(), "Failing", "RuntimeError: no {'a': 1}"),
        (Sly(), "builtins.int", "ValueError: invalid literal"),
    ],
    ids=["new", "setstate", "reduce"],
)
def test_what_cannot_be_built_again_is_named(there: Far, value: object, kind: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        there.echo([value])
    assert caught.value.kind == "cannot load"
    assert caught.value.told[0][1].endswith(kind)
    assert caught.value.told[0][2].startswith(reason)


def test_a_class_that_the_host_has_not_is_named(there: Far) -> None:
    with pytest.raises(pickling.Unpicklable) as caught:
        there(_made_there)
    assert caught.value.type_name == "only_there.Made"


def _made_there() -> object:
    import sys
    import types

    module = sys.modules["only_there"] = types.ModuleType("only_there")
    exec("class Made: pass", vars(module))
    return vars(module)["Made"]()


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("minor", present())
def test_every_host_and_every_environment(host: str, minor: str, tmp_path: Path) -> None:
    spec = find_spec("cloudpickle")
    assert spec is not None
    assert spec.origin is not None
    shutil.copytree(os.path.dirname(spec.origin), tmp_path / "cloudpickle")
    argv = [find_interpreter(host).executable, "-m", "tests.support.values", minor, find_interpreter(minor).executable]
    checkout = str(Path(__file__).parents[2])
    environment = {"PYTHONPATH": os.pathsep.join([checkout, str(tmp_path)]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd=checkout)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["wrong"] == {}
    assert told["number"] > 50
