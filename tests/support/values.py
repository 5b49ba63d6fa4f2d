"""Values that go to another Python and back: ``python -m tests.support.values MINOR INTERPRETER`` prints what became
of each, under any Python that a host can have.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime  # noqa: ICN001
import decimal
import enum
import fractions
import functools
import ipaddress
import json
import operator
import pathlib
import random
import re
import signal
import socket
import sys
import threading
import types
import typing
import uuid
from collections.abc import Callable
from typing import Any

from isolated_environment.errors import SerializationError
from tests.support.far import Far, Refused, far

FACTOR = 3


@dataclasses.dataclass(order=True)
class Point:
    x: int
    tags: list[str] = dataclasses.field(default_factory=list)
    origin: typing.ClassVar[int] = 0

    def scaled(self) -> Point:
        return Point(self.x * FACTOR, [*self.tags, "scaled"])


@dataclasses.dataclass(frozen=True)
class Frozen:
    point: Point


class Color(enum.Enum):
    RED = 1
    GREEN = "g"


class Permission(enum.Flag):
    READ = 1
    WRITE = 2


class Level(enum.IntEnum):
    LOW = enum.auto()


Pair = collections.namedtuple("Pair", "first second", defaults=(7,))  # noqa: PYI024
Called = enum.Enum("Called", "ONE TWO")


class Typed(typing.NamedTuple):
    name: str
    size: int = 4


class Slotted:
    __slots__ = ("__hidden", "left", "right")

    def __init__(self) -> None:
        self.left = self.right = self.__hidden = 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slotted) and (self.left, self.right) == (other.left, other.right)

    __hash__ = None  # type: ignore[assignment]


class OddError(Exception):
    """Its ``__init__`` does not take what ``args`` holds."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"{code}: {reason}")


class Stubborn:
    def __reduce__(self) -> Any:
        raise RuntimeError("never")


def recursive_list() -> list[Any]:
    items: list[Any] = [1]
    items.append(items)
    return items


def recursive_object() -> types.SimpleNamespace:
    space = types.SimpleNamespace(name="space")
    space.self = {"again": space}
    return space


def deep(levels: int) -> list[Any]:
    items: list[Any] = []
    for _ in range(levels):
        items = [items]
    return items


def locked() -> Callable[[], Any]:
    lock = threading.Lock()
    return lambda: lock


def group() -> Any:
    return ExceptionGroup("several", [ValueError(1), KeyError("k")]) if sys.version_info >= (3, 11) else None  # noqa: F821


def noted() -> ValueError:
    error = ValueError("bad", 2)
    error.__notes__ = ["look there"]
    return error


def zone() -> Any:
    import zoneinfo

    return zoneinfo.ZoneInfo("UTC")


#: What must come back equal.  A callable makes the value.
VALUES: dict[str, Any] = {
    "plain": [None, True, 1, -1.5, 2j, "ü\ud800", b"\0", (1, 2), {1: {2}}, frozenset({3}), ...],
    "huge int": 3**50_000,
    "negative huge int": -(2**4096),
    "float special": [float("inf"), -0.0],
    "bytearray": bytearray(b"abc"),
    "large bytes": b"x" * 200_000,
    "range": range(0, 10, 3),
    "slice": slice(1, None, 2),
    "path": pathlib.Path("a/b.txt"),
    "absolute path": [pathlib.PurePosixPath("/x/y"), pathlib.PureWindowsPath("c:/x"), pathlib.Path("/")],
    "path class": pathlib.Path,
    "datetime": datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=datetime.timezone.utc, fold=1),
    "date and time": [datetime.date(1, 1, 1), datetime.time(1), datetime.timedelta(days=-1, microseconds=1)],
    "decimal": [decimal.Decimal("1.10"), decimal.Decimal("-Infinity")],
    "fraction": fractions.Fraction(-3, 7),
    "uuid": uuid.UUID(int=5),
    "address": ipaddress.ip_network("10.0.0.0/8"),
    "deque": collections.deque([1, 2], maxlen=2),
    "ordered": collections.OrderedDict(b=1, a=2),
    "counter": collections.Counter("aab"),
    "defaultdict": collections.defaultdict(list, a=[1]),
    "chain map": collections.ChainMap({"a": 1}, {"b": 2}),
    "pattern": re.compile("a+(?P<x>b)", re.IGNORECASE | re.DOTALL),
    "namespace": types.SimpleNamespace(a=1),
    "signal": signal.SIGINT,
    "flag": re.MULTILINE,
    "operator": [operator.itemgetter(1, "a").__reduce__(), len, operator.add, int, dict.fromkeys],
    "partial of builtin": lambda: functools.partial(int, base=2)("11"),
    "typing": [typing.List[int], typing.Optional[str], typing.Dict[str, typing.Any]],  # noqa: UP006, UP045
    "stdlib types": [type(None), type(...), collections.abc.Mapping, Exception],
    "dataclass": Point(1, ["a"]),
    "frozen dataclass": Frozen(Point(2)),
    "enum": [Color.RED, Color.GREEN, Level.LOW, Called.TWO],
    "enum flag": Permission.READ | Permission.WRITE,
    "namedtuple": [Pair(1), Pair(1, 2), Typed("n")],
    "slots": Slotted(),
    "class": [Point, Color, Pair],
    "state of random": random.Random(4).getstate(),
    "shared": lambda: [[1]] * 2,
    "zone": zone,
    "generic alias": lambda: [list[int], dict[str, list[int]]],
    "union": lambda: int | str,
}

#: The Python that has it first.
SINCE = {"exception group": (3, 11), "zone": (3, 9), "generic alias": (3, 9), "union": (3, 10)}

#: What comes back, told by something else than equality.
LIKE: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "exception": (noted, lambda error: (type(error), error.args, error.__notes__)),
    "os error": (lambda: FileNotFoundError(2, "no", "x"), lambda error: (type(error), error.args, error.filename)),
    "unicode error": (lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "no"), lambda error: (type(error), error.args)),
    "import error": (lambda: ImportError("no", name="n", path="p"), lambda error: (error.args, error.name, error.path)),
    "stop": (lambda: StopIteration(3), lambda error: (type(error), error.value)),
    "exception group": (group, lambda group: [type(group), *map(repr, group.exceptions)]),
    "recursive list": (recursive_list, lambda items: (items[0], items[1] is items)),
    "recursive object": (recursive_object, lambda space: (space.name, space.self["again"] is space)),
    "lambda in a value": (lambda: collections.defaultdict(lambda: FACTOR), lambda counts: counts["x"]),
    "memoryview": (lambda: memoryview(bytes(range(12))).cast("H"), lambda view: (view.tolist(), view.format)),
    "strided memoryview": (lambda: memoryview(b"abcdef")[::2], bytes),
    "match method": (lambda: Point(2).scaled, lambda method: method()),
    "iterator": (lambda: iter([1, 2]), list),
    "odd float": (lambda: float("nan"), repr),
    "generator of random": (lambda: random.Random(4), lambda generator: generator.random()),
}

#: What cannot travel: a value, where in it, and what cannot.
REFUSED: dict[str, tuple[Callable[[], Any], str, str]] = {
    "lock": (threading.Lock, "args[0]", "_thread.lock"),
    "lock in a dict": (lambda: {"model": Point(threading.Lock())}, "args[0]['model'].x", "_thread.lock"),  # type: ignore[arg-type]
    "generator": (lambda: [(i for i in [])], "args[0][0]", "generator"),
    "coroutine-like": (lambda: types.SimpleNamespace(frame=sys._getframe()), "args[0].frame", "frame"),
    "socket": (lambda: {"s": socket.socket()}, "args[0]['s']", "socket.socket"),
    "text file": (lambda: [open(__file__, encoding="utf-8")], "args[0][0]", "_io.TextIOWrapper"),  # noqa: SIM115
    "binary file": (lambda: [open(__file__, "rb")], "args[0][0]", "_io.BufferedReader"),  # noqa: SIM115
    "raises": (lambda: (1, Stubborn()), "args[0][1]", "tests.support.values.Stubborn"),
    "thread": (lambda: {1: threading.current_thread()}, "args[0][1]", ""),
    "in an exception": (lambda: ValueError("a", threading.Lock()), "args[0].args[1]", "_thread.lock"),
    "in a partial": (lambda: functools.partial(print, threading.Lock()), "args[0].args[0]", "_thread.lock"),
    "in a deque": (lambda: collections.deque([1, threading.Lock()]), "args[0][1]", "_thread.lock"),
    "in a set": (lambda: {Frozen(threading.Lock())}, "args[0]{...}.point", "_thread.lock"),  # type: ignore[arg-type]
    "in a closure": (locked, "", "_thread.lock"),
    "deep": (lambda: deep(100_000), "args[0][0][0][0]", ""),
}


def outcome(there: Far, name: str) -> str:
    """Send a value there and back; say what became of it."""
    make, like = LIKE.get(name) or (VALUES[name], lambda value: value)
    sent, kept = (make(), make()) if isinstance(make, types.FunctionType) else (make, make)
    try:
        back = there.echo(sent)
    except (SerializationError, Refused) as error:
        return f"{type(error).__name__}: {error}"
    if name in LIKE:
        return "same" if repr(like(back)) == repr(like(kept)) else f"other: {like(back)!r}"
    return "same" if back == kept and type(back) is type(kept) else f"other: {back!r}"[:300]


def expected(name: str, minor: str) -> bool:
    """Whether a value is to come back; else a typed error says why not."""
    version = tuple(map(int, minor.split(".")))
    return min(version, sys.version_info[:2]) >= SINCE.get(name, (3, 0))


def main() -> None:
    minor, interpreter = sys.argv[1:]
    with far(minor, interpreter=interpreter) as there:
        told = {
            name: outcome(there, name) for name in [*VALUES, *LIKE] if sys.version_info[:2] >= SINCE.get(name, (3, 0))
        }
    wrong = {name: what for name, what in told.items() if (what == "same") != expected(name, minor)}
    json.dump({"number": len(told), "wrong": wrong}, sys.stdout)


if __name__ == "__main__":
    main()
