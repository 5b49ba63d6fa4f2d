"""What a call is of, and the modules that functions of the host refer to."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

#: Attribute of the class of what ``@env.function`` makes of a function, which stands in its ``__wrapped__``.
WRAPPER = "__isolated_environment_function__"

#: Modules of the application that functions refer to, by name: they hold what those functions use.
modules: dict[str, ModuleType] = {}


def resolve(kind: str, payload: Any, loads: Callable[[Any], Any]) -> Any:
    """Return what a call is of.

    Args:
        kind: ``name`` or ``pickle``.
        payload: ``module:qualified.name``, or the pickle of a tuple that holds it.
        loads: Unpickles.

    Raises:
        ImportError, AttributeError: the environment has nothing of that name.
        TypeError: it cannot be called.
        Unpicklable: it cannot be built here.
    """
    if kind == "pickle":
        return loads(payload)[0]
    found = _named(payload)
    if not callable(found):
        raise TypeError("%s cannot be called: it is a %s" % (payload, type(found).__qualname__))
    return found


def _named(target: str) -> Any:
    module, _, name = target.partition(":")
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return getattr(found, "__wrapped__", found) if getattr(type(found), WRAPPER, False) else found


def same(value: Any) -> Any:
    """Return *value*: what a wrapper around it becomes here."""
    return value


def cached(function: Callable[..., Any], maxsize: int | None, typed: bool) -> Any:  # noqa: FBT001 - called by pickle
    """Return a function that remembers what it returned."""
    from functools import lru_cache

    return lru_cache(maxsize=maxsize, typed=typed)(function)


def import_module(name: str) -> ModuleType:
    """Import a module and return it."""
    __import__(name)
    return sys.modules[name]


def make_module(name: str) -> ModuleType:
    """Return the module of the application that stands here for the host's; it is none that can be imported."""
    known = modules.get(name)
    if known is None:
        known = modules[name] = type(sys)(name)
        vars(known)["__builtins__"] = sys.modules["builtins"]
    return known


def fill_module(module: ModuleType, used: Mapping[str, Any]) -> None:
    """Give a module what a function uses of it."""
    vars(module).update(used)
