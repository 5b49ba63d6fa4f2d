"""Where in a value it is that cannot be pickled: the way to it, such as ``[0]['model'].lock``.

Imported only when something cannot.  The value is pickled again by the pickler that is written in Python, which can be
watched at each step.
"""

from __future__ import annotations

import pickle

from . import pickling

#: Of a value that is nested too deeply, so many steps are told.
_STEPS = 5
_LONGEST = 40  # characters of a key


class _Sink:
    def write(self, data):
        """Forget it."""


class Watched(pickle._Pickler):
    """A pickler that remembers where it is.

    Args:
        pickler: Whose answers to take.
    """

    def __init__(self, pickler):
        super().__init__(_Sink(), pickling.HIGHEST, buffer_callback=lambda buffer: False)
        self.reducer_override = pickler.reducer_override
        if hasattr(pickler, "dispatch_table"):
            self.dispatch_table = pickler.dispatch_table
        self.trail = []
        self.states = {}

    def save(self, obj, *args, **kwargs):
        """Pickle one object; after an error the trail ends with the one that raised it."""
        self.trail.append(obj)
        super().save(obj, *args, **kwargs)
        self.trail.pop()

    def save_reduce(self, func, args, state=None, *rest, **kwargs):
        """Remember which object is the state of another."""
        if state is not None:
            self.states[id(state)] = state
        super().save_reduce(func, args, state, *rest, **kwargs)


def unpicklable(value, pickler, error):
    """Return the error that says which part of a value cannot be pickled.

    Args:
        value: The value.
        pickler: That refused it.
        error: What it raised.
    """
    watched = Watched(pickler)
    try:
        watched.dump(value)
    except Exception:
        pass
    steps = watched.trail or [value]
    if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
        path = describe(steps[: _STEPS + 1], watched.states) + ("..." if len(steps) > _STEPS else "")
        return pickling.Unpicklable(path, type_name(value), "it is nested too deeply")
    path = describe(steps, watched.states)
    if isinstance(error, pickling.Unpicklable):
        found = pickling.Unpicklable(path, error.type_name, error.reason)
        found.hint = error.hint
        return found
    last = steps[-1]
    if isinstance(error, pickling.ByValue):
        reason = "it can travel by name only, and is not found under its name"
    else:
        reason = told(error)
    return pickling.Unpicklable(path, name_of(last) if isinstance(last, type) else type_name(last), reason)


def describe(steps, states):
    """Return the way from the first of *steps* to the last as text.

    Args:
        steps: Each object, and the one in it that was pickled next.
        states: The objects among them that are the state of the one before, by their address.
    """
    path = ""
    owner = None  # whose arguments or state are looked through
    for outer, inner in zip(steps, steps[1:]):
        is_state = id(outer) in states
        if owner is not None and type(outer) is dict:
            name = _key_of(outer, inner)
            path += name if name is None else "." + name if _is_name(name) else "[%s]" % _shown(name)
            owner = None
        elif owner is not None and type(outer) is tuple:
            if is_state and type(inner) in (dict, tuple):
                states[id(inner)] = inner
                continue
            path += _of_arguments(owner, outer, inner)
            owner = None
        elif type(outer) in (list, tuple):
            path += "[%s]" % _index_of(outer, inner)
        elif type(outer) in (set, frozenset):
            path += "{...}"
        elif type(outer) is dict:
            path += _in_mapping(outer, inner)
        elif type(inner) is tuple or id(inner) in states:
            owner = outer
        else:
            path += _in_object(outer, inner)
    return path


def _of_arguments(owner, arguments, inner):
    names = {
        "functools.partial": ("func", "args", "keywords"),
        "builtins.method": ("__self__",),
        "builtins.cell": ("cell_contents",),
    }
    kind = type(owner)
    index = _index_of(arguments, inner)
    names = names.get("%s.%s" % (kind.__module__, kind.__qualname__), getattr(kind, "_fields", ()))
    if isinstance(owner, BaseException) and arguments == owner.args:
        return ".args[%s]" % index
    if type(index) is int and index < len(names):
        return "." + names[index]
    return ""


def _in_object(outer, inner):
    """An item of a class made from a list, a dict or the like; anything else is the class itself."""
    if isinstance(outer, dict):
        return _in_mapping(outer, inner)
    if hasattr(type(outer), "__iter__") and hasattr(type(outer), "__len__") and not isinstance(inner, type):
        index = _index_of(outer, inner)
        return "" if index is None else "[%s]" % index
    return ""


def _in_mapping(mapping, inner):
    for key, value in mapping.items():
        if value is inner:
            return "[%s]" % _shown(key)
        if key is inner:
            return "{key %s}" % _shown(key)
    return "[...]"


def _key_of(mapping, inner):
    for key, value in mapping.items():
        if value is inner:
            return key
    return "?"


def _index_of(items, inner):
    try:
        for index, item in enumerate(items):
            if item is inner:
                return index
    except Exception:
        pass
    return None


def _is_name(key):
    return type(key) is str and key.isidentifier()


def _shown(key):
    if type(key) not in (str, bytes, int, float, bool, type(None)) or (type(key) is int and key.bit_length() > 64):
        return "<%s>" % type_name(key)
    text = repr(key)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def type_name(value):
    """Return the name of a value's class."""
    return name_of(type(value))


def name_of(kind):
    """Return the name of a class, with its module unless that is ``builtins``."""
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else "%s.%s" % (module, kind.__qualname__)


def told(error):
    """Return what an exception says, with its class unless pickle made it."""
    try:
        text = str(error)
    except Exception:
        text = ""
    if type(error) in (TypeError, AttributeError, pickle.PicklingError) and text:
        return text
    return "%s: %s" % (type(error).__name__, text) if text else type(error).__name__
