"""Where in a value it is that cannot be pickled: the way to it, such as ``[0]['model'].lock``.

Imported only when something cannot.  The value is pickled again by the pickler that is written in Python, which can be
watched at each step.
"""

from __future__ import annotations

import pickle

from . import pickling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    class _PythonPickler:
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def dump(self, value: Any) -> None: ...
        def save(self, obj: Any, *args: Any, **kwargs: Any) -> None: ...
        def save_reduce(self, func: Any, args: Any, state: Any = None, *rest: Any, **kwargs: Any) -> None: ...

else:
    _PythonPickler = pickle._Pickler  # noqa: SLF001 - only by name

#: Of a value that is nested too deeply, so many steps are told.
_STEPS = 5
_LONGEST = 40  # characters of a key
_LARGEST = 64  # bits of one

#: What the arguments are that an object of a class is made again from.
_ARGUMENTS = {"functools.partial": ("func", "args", "keywords"), "method": ("__self__",), "cell": ("cell_contents",)}


class _Sink:
    """A file that forgets."""

    def write(self, data: Any) -> None:
        """Forget it."""


class Watched(_PythonPickler):
    """A pickler that remembers where it is.

    Args:
        pickler: Whose answers to take.
    """

    def __init__(self, pickler: Any) -> None:
        super().__init__(_Sink(), pickling.HIGHEST, buffer_callback=_leave_out)
        self.reducer_override = pickler.reducer_override
        if hasattr(pickler, "dispatch_table"):
            self.dispatch_table = pickler.dispatch_table
        #: The objects that are being pickled, from the outermost on: after an error up to the one that raised it.
        self.trail: list[Any] = []
        #: Objects that are the state of another, by their address.
        self.states: dict[int, Any] = {}

    def save(self, obj: Any, *args: Any, **kwargs: Any) -> None:
        """Pickle one object."""
        self.trail.append(obj)
        super().save(obj, *args, **kwargs)
        self.trail.pop()

    def save_reduce(self, func: Any, args: Any, state: Any = None, *rest: Any, **kwargs: Any) -> None:
        """Remember which object is the state of another."""
        if state is not None:
            self.states[id(state)] = state
        super().save_reduce(func, args, state, *rest, **kwargs)


def _leave_out(_: Any) -> bool:
    return False


def unpicklable(value: Any, pickler: Any, error: Exception) -> pickling.Unpicklable:
    """Return the error that says which part of a value cannot be pickled.

    Args:
        value: The value.
        pickler: That refused it.
        error: What it raised.
    """
    watched = Watched(pickler)
    try:
        watched.dump(value)
    except Exception:  # noqa: BLE001
        steps = watched.trail
    else:
        steps = []
    steps = steps or [value]
    if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
        path = describe(steps[: _STEPS + 1], watched.states) + ("..." if len(steps) > _STEPS else "")
        return pickling.Unpicklable(path, type_name(value), "it is nested too deeply")
    path = describe(steps, watched.states)
    if isinstance(error, pickling.Unpicklable):
        found = pickling.Unpicklable(path, error.type_name, error.reason)
        found.hint = error.hint
        return found
    last = steps[-1]
    reason = "the other side has nothing of its name" if isinstance(error, pickling.ByValue) else told(error)
    return pickling.Unpicklable(path, name_of(last) if isinstance(last, type) else type_name(last), reason)


def describe(steps: Sequence[Any], states: Mapping[int, Any]) -> str:
    """Return the way from the first of *steps* to the last as text.

    Args:
        steps: Each object, and the one in it that was pickled next.
        states: The objects among them that are the state of the one before, by their address.
    """
    path = ""
    owner = None  # whose arguments or state are looked through
    for index, outer in enumerate(steps[:-1]):
        inner = steps[index + 1]
        if owner is None and _is_taken_apart(outer, inner, states):
            owner = outer
        elif owner is not None and id(outer) in states and type(outer) is tuple and _is_half(outer, inner):
            continue
        else:
            path += _in_part(owner, outer, inner) if owner is not None else _in_container(outer, inner)
            owner = None
    return path


def _is_taken_apart(outer: Any, inner: Any, states: Mapping[int, Any]) -> bool:
    """Whether an object is no container, and what follows are the arguments or the state that it is made from."""
    if type(outer) in (list, tuple, set, frozenset, dict):
        return False
    return type(inner) is tuple or id(inner) in states


def _is_half(state: tuple[Any, ...], inner: Any) -> bool:
    """Whether a state has two parts, attributes and slots, and one of them is *inner*."""
    return len(state) == 2 and type(inner) is dict  # noqa: PLR2004


def _in_part(owner: Any, part: Any, inner: Any) -> str:
    if type(part) is dict:
        key = next((key for key, value in part.items() if value is inner), None)
        return "." + key if type(key) is str and key.isidentifier() else "[%s]" % _shown(key)
    if type(part) is not tuple:
        return ""
    index = _index_of(part, inner)
    if isinstance(owner, BaseException):
        return ".args" if type(inner) is tuple else ""
    arguments = _ARGUMENTS.get(type_name(owner), getattr(owner, "_fields", ()))
    return "." + str(arguments[index]) if index is not None and index < len(arguments) else ""


def _in_container(outer: Any, inner: Any) -> str:
    if isinstance(outer, dict):
        for key, value in outer.items():
            if value is inner:
                return "[%s]" % _shown(key)
        return "{%s}" % ", ".join(_shown(key) for key in outer if key is inner)
    if isinstance(outer, (set, frozenset)):
        return "{...}"
    if isinstance(inner, type):  # the class of an object
        return ""
    index = _index_of(outer, inner)
    return "" if index is None else "[%d]" % index


def _index_of(items: Any, inner: Any) -> int | None:
    try:
        for index, item in enumerate(items):
            if item is inner:
                return index
    except Exception:  # noqa: BLE001
        return None
    return None


def _shown(key: Any) -> str:
    if type(key) not in (str, bytes, int, float, bool, type(None)):
        return "<%s>" % type_name(key)
    if type(key) is int and key.bit_length() > _LARGEST:
        return "<int>"
    text = repr(key)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def type_name(value: Any) -> str:
    """Return the name of a value's class."""
    return name_of(type(value))


def name_of(kind: type) -> str:
    """Return the name of a class, with its module unless that is ``builtins``."""
    return kind.__qualname__ if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, kind.__qualname__)


def told(error: BaseException) -> str:
    """Return what an exception says, with its class unless that says nothing more."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001
        text = ""
    if text and type(error) in (TypeError, AttributeError, pickle.PicklingError):
        return text
    return "%s: %s" % (type(error).__name__, text) if text else type(error).__name__
