"""What a function uses of what is around it."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..child.lifting import codes_in
from .reach import BY_NAME, BY_VALUE, Peer, Reach

_LOOKUPS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_FROM_DICT_OR_DEREF", "LOAD_CLASSDEREF"}


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all that are in it."""
    yield code
    yield from codes_in(code)


def names_of(code: CodeType) -> set[str]:
    """Return every name that a code object mentions: globals, attributes, imports."""
    return {name for each in codes_of(code) for name in each.co_names}


def contents_of(function: FunctionType) -> dict[str, Any]:
    """Return what is in the cells of a function, by name; empty cells are left out."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return found


@lru_cache(maxsize=1024)
def lookups_of(code: CodeType) -> frozenset[str]:
    """Return the names that one code object looks up in its globals, not those in it."""
    return frozenset(step.argval for step in dis.get_instructions(code) if step.opname in _LOOKUPS)


def globals_of(code: CodeType) -> set[str]:
    """Return the names that a code object and all that are in it look up in their globals."""
    return {name for each in codes_of(code) for name in lookups_of(each)}


def functions_of(kind: type) -> Iterator[FunctionType]:
    """Yield the functions that stand in a class, out of what decorators made of them."""
    for value in vars(kind).values():
        if isinstance(value, property):
            inner: Iterable[Any] = (value.fget, value.fset, value.fdel)
        else:
            inner = (getattr(value, "__func__", value),)
        for function in inner:
            raw = inspect.unwrap(function) if callable(function) else function
            if isinstance(raw, FunctionType):
                yield raw


def modules_used(names: set[str], values: Iterable[Any], peer: Peer) -> dict[ModuleType, dict[str, Any]]:
    """Return what is used of modules that are the application's own: what of each, by name.

    Args:
        names: All that the code mentions.
        values: What it refers to.
        peer: Where it goes.
    """
    reach = Reach(peer)
    found: dict[ModuleType, dict[str, Any]] = {}
    waiting = [value for value in values if isinstance(value, ModuleType)]
    while waiting:
        module = waiting.pop()
        if module in found or reach.of(module) is not BY_VALUE:
            continue
        held = vars(module)
        found[module] = {name: held[name] for name in sorted(names) if name in held}
        waiting += [value for value in found[module].values() if isinstance(value, ModuleType)]
    return found


def submodules_used(names: set[str], values: Iterable[Any], peer: Peer) -> list[ModuleType]:
    """Return the submodules that code reaches through their packages: importing the package is not enough.

    Args:
        names: All that the code mentions.
        values: What it refers to.
        peer: Where it goes.
    """
    reach = Reach(peer)
    found = []
    for package in values:
        if not isinstance(package, ModuleType) or reach.of(package) is not BY_NAME:
            continue
        prefix = package.__name__ + "."
        loaded: dict[str, Any] = dict(sys.modules)  # None where an import is forbidden
        for name, module in loaded.items():
            if (
                name.startswith(prefix)
                and isinstance(module, ModuleType)
                and names.issuperset(name[len(prefix) :].split("."))
            ):
                found.append(module)
    return found
