"""Functions and classes that go to another Python by value or as source; :data:`CASES` says what each returns."""

from __future__ import annotations

import abc
import collections
import concurrent.futures
import dataclasses
import enum
import functools
import os.path
import typing
from collections.abc import Callable, Iterator
from typing import Any

FACTOR = 3
TABLE = {"a": [1, 2]}


def plain(x: int, y: int = FACTOR, *rest: int, scale: int = FACTOR + 1, **more: int) -> tuple[Any, ...]:
    return x, y, rest, scale, more


def factorial(n: int, *, one: int = 1) -> int:
    return one if n < 2 else n * factorial(n - 1)


def even(n: int) -> bool:
    return n == 0 or odd(n - 1)


def odd(n: int) -> bool:
    return n != 0 and even(n - 1)


def text() -> str:
    if FACTOR:

        def inner() -> str:
            return """left
    right
"""

    return inner()


def with_imports() -> tuple[Any, ...]:
    import json
    from os import sep

    return json.dumps(1), sep, os.path.basename("a/b"), concurrent.futures.Future().done()


def changes_a_global() -> dict[str, list[int]]:
    TABLE["a"].append(FACTOR)
    return TABLE


def counts() -> int:
    global _count  # noqa: PLW0603
    _count += 1
    return _count


_count = 40


def generator(n: int) -> Iterator[int]:
    yield from range(n)


def comprehensions(n: int) -> Any:
    return [x * FACTOR for x in range(n)], {x: x + FACTOR for x in range(n)}, sum(x + FACTOR for x in range(n))


def nested() -> dict[str, Callable[..., Any]]:
    count, unused = 0, None

    def bump() -> int:
        nonlocal count
        count += 1
        return count

    def read() -> int:
        return count

    def climb(n: int) -> int:
        return 0 if n == 0 else 1 + climb(n - 1)

    class Local:
        def __init__(self) -> None:
            self.number = bump()
            self.__hidden = FACTOR

        def hidden(self) -> int:
            return self.__hidden

        def another(self) -> tuple[bool, int]:
            return type(self) is Local, Local().number

    def later() -> str:
        return unset

    if unused:
        unset = ""
    return {"bump": bump, "read": read, "climb": climb, "local": Local, "later": later}


def call_all(*functions: Callable[[], Any]) -> list[Any]:
    return [function() for function in functions]


def call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> tuple[str, Any]:
        return "wrapped", function(*args)

    return wrapper


@wrapping
def wrapped(x: int) -> int:
    return x + FACTOR


@functools.lru_cache(maxsize=8)
def remembered(x: int) -> int:
    return x + FACTOR


def uses_wrapped() -> tuple[Any, ...]:
    return wrapped(1), remembered(1), remembered(1), remembered.cache_info().hits


def annotated(x: NotThere) -> NotThere:  # type: ignore[name-defined]  # noqa: F821
    y: NotThere = x  # type: ignore[name-defined]  # noqa: F821
    return y


class Base(abc.ABC):
    kind: typing.ClassVar[str] = "base"

    def __init__(self, size: int = FACTOR) -> None:
        self.__size = size

    def size(self) -> int:
        return self.__size

    @abc.abstractmethod
    def name(self) -> str: ...

    @staticmethod
    def static(x: int) -> int:
        return x + FACTOR

    @classmethod
    def of(cls, size: int) -> Base:
        return cls(size)

    @property
    def double(self) -> int:
        return 2 * self.__size


class Derived(Base):
    def __init__(self) -> None:
        super().__init__(5)

    def name(self) -> str:
        return __class__.__name__ + self.kind  # type: ignore[name-defined]

    def __call__(self, x: int) -> int:
        return self.size() + x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Derived) and other.size() == self.size()

    __hash__ = None  # type: ignore[assignment]

    class Inner:
        value = FACTOR

        def get(self) -> int:
            return self.value


class Weight(enum.Enum):
    LIGHT = FACTOR
    HEAVY = 10

    def doubled(self) -> int:
        return self.value * FACTOR


@dataclasses.dataclass
class Box:
    weight: Weight
    inner: Box | None = None
    kinds: typing.ClassVar[list[str]] = []

    def heavier(self) -> Box:
        return Box(Weight.HEAVY, self)


T = typing.TypeVar("T")


class Tagged(typing.Generic[T]):
    def tag(self) -> str:
        return "tag"


def two_on_a_line() -> tuple[Callable[[int], int], Callable[[int], int]]:
    return (lambda x: x + 1), (lambda x: x + 2)


ON_TWO_LINES = (  # noqa: E731
    lambda x: x
    + FACTOR
)  # fmt: skip


def defaults_in_values() -> Callable[[int], int]:
    return lambda x, y=FACTOR, *, z=TABLE: x + y + len(z)


def _hidden() -> Callable[[], int]:
    local = nested()["local"]
    return functools.partial(local.hidden, local())  # type: ignore[attr-defined]


#: What is called with what, and what it returns.
CASES: dict[str, tuple[Callable[[], Any], tuple[Any, ...], Any]] = {
    "defaults": (lambda: plain, (1,), (1, 3, (), 4, {})),
    "all kinds of arguments": (lambda: plain, (1, 2, 3), (1, 2, (3,), 4, {})),
    "recursion": (lambda: factorial, (5,), 120),
    "mutual recursion": (lambda: even, (10,), True),
    "multi-line string": (lambda: text, (), "left\n    right\n"),
    "imports and submodules": (lambda: with_imports, (), ("1", os.sep, "b", False)),
    "global that is changed": (lambda: changes_a_global, (), {"a": [1, 2, 3]}),
    "global statement": (lambda: counts, (), 41),
    "generator": (lambda: call, (list, (1, 2)), [1, 2]),
    "comprehensions": (lambda: comprehensions, (2,), ([0, 3], {0: 3, 1: 4}, 7)),
    "closure": (lambda: nested()["bump"], (), 1),
    "recursive closure": (lambda: nested()["climb"], (5,), 5),
    "class in a function": (lambda: nested()["local"]().another, (), (True, 2)),
    "private attribute in a function": (_hidden, (), 3),
    "wrapper": (lambda: wrapped, (1,), ("wrapped", 4)),
    "function of wrappers": (lambda: uses_wrapped, (), (("wrapped", 4), 4, 4, 1)),
    "cache": (lambda: remembered, (4,), 7),
    "annotations of what is not there": (lambda: annotated, (1,), 1),
    "method": (lambda: Derived().name, (), "Derivedbase"),
    "private attribute": (lambda: Derived().size, (), 5),
    "method of a class": (lambda: Derived.name, (Derived(),), "Derivedbase"),
    "static method": (lambda: Derived.static, (1,), 4),
    "static method of an object": (lambda: Derived().static, (1,), 4),
    "instance": (lambda: Derived(), (1,), 6),  # noqa: PLW0108
    "class": (lambda: Derived, (), Derived()),
    "nested class": (lambda: Derived.Inner().get, (), 3),
    "partial": (lambda: functools.partial(factorial, one=2), (3,), 6),
    "partial of a partial": (lambda: functools.partial(functools.partial(plain, 1), 2), (), (1, 2, (), 4, {})),
    "enum": (lambda: Weight.LIGHT.doubled, (), 9),
    "enum as an argument": (lambda: call, (Weight, 10), Weight.HEAVY),
    "dataclass": (lambda: Box(Weight.LIGHT).heavier, (), Box(Weight.HEAVY, Box(Weight.LIGHT))),
    "generic class": (lambda: Tagged().tag, (), "tag"),
    "first lambda of a line": (lambda: two_on_a_line()[0], (1,), 2),
    "second lambda of a line": (lambda: two_on_a_line()[1], (1,), 3),
    "lambda on two lines": (lambda: ON_TWO_LINES, (1,), 4),
    "lambda with defaults": (defaults_in_values, (1,), 5),
    "function as an argument": (lambda: call, (factorial, 4), 24),
    "lambda as an argument": (lambda: call, (lambda x: x + FACTOR, 4), 7),
    "function in a value": (lambda: call, (collections.defaultdict(lambda: FACTOR).__getitem__, "x"), 3),
    "builtin": (lambda: len, ("abc",), 3),
    "method of a builtin": (lambda: "a-b".split, ("-",), ["a", "b"]),
    "function of the standard library": (lambda: os.path.basename, ("a/b",), "b"),
    "class of the standard library": (lambda: collections.Counter, ("aab",), collections.Counter("aab")),
}
