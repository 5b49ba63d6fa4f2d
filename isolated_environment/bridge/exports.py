"""Functions of the host that the worker may call."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..child import handles

_current = threading.local()


class HostFunction:
    """A function of this process, as an argument of a call: the worker calls back.

    It runs here, in the thread that waits for the call, while the worker waits for its value; it may call into the
    same worker again.  Called here it is the function itself.

    Args:
        function: What to call.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it here."""
        return self._function(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        exports = current()
        if exports is None:
            raise TypeError("a host_function can be pickled only as an argument of a call into an environment")
        return handles.HostFunction, (exports.add(self._function),)


def host_function(function: Callable[..., Any]) -> HostFunction:
    """Let a worker call *function*, which runs in this process.

    Args:
        function: Any callable; what it takes and returns must be able to travel.

    Returns:
        What to pass as an argument.

    Example:
        >>> add = host_function(lambda a, b: a + b)
        >>> add(1, 2)
        3
    """
    return HostFunction(function)


class Exports:
    """The functions that one worker may call, by number."""

    def __init__(self) -> None:
        self._functions: dict[int, Callable[..., Any]] = {}
        self._numbers = itertools.count(1)

    def __getitem__(self, number: int) -> Callable[..., Any]:
        return self._functions[number]

    def __len__(self) -> int:
        return len(self._functions)

    def add(self, function: Callable[..., Any]) -> int:
        """Return a new number for *function*: a number is never used again."""
        number = next(self._numbers)
        self._functions[number] = function
        _current.added.append(number)
        return number

    def discard(self, number: int) -> None:
        """Let a function go that the worker does not refer to any more."""
        self._functions.pop(number, None)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let functions be pickled for this worker, in this thread; when that fails, none of them is kept."""
        before = getattr(_current, "exports", None), getattr(_current, "added", None)
        _current.exports, _current.added = self, []
        try:
            yield
        except BaseException:
            forget_added()
            raise
        finally:
            _current.exports, _current.added = before


def forget_added() -> None:
    """Let those go that were pickled last in this thread: what they were pickled into is not sent."""
    exports = current()
    if exports is not None:
        while _current.added:
            exports.discard(_current.added.pop())


def current() -> Exports | None:
    """Return the functions of the worker that this thread pickles for, if it does."""
    return getattr(_current, "exports", None)
