"""What a function uses of what is around it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .reach import BY_NAME, BY_VALUE, Peer, Reach


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all that are in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)


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


def modules_used(function: FunctionType, peer: Peer) -> dict[ModuleType, dict[str, Any]]:
    """Return what a function uses of modules that are the application's own: what of each, by name."""
    names = names_of(function.__code__)
    reach = Reach(peer)
    found: dict[ModuleType, dict[str, Any]] = {}
    around = [function.__globals__.get(name) for name in names]
    waiting = [value for value in [*around, *contents_of(function).values()] if isinstance(value, ModuleType)]
    while waiting:
        module = waiting.pop()
        if module in found or reach.of(module) is not BY_VALUE:
            continue
        held = vars(module)
        found[module] = {name: held[name] for name in sorted(names) if name in held}
        waiting += [value for value in found[module].values() if isinstance(value, ModuleType)]
    return found


def submodules_used(function: FunctionType, peer: Peer) -> list[str]:
    """Return the submodules that a function reaches through their packages: importing the package is not enough."""
    names = names_of(function.__code__)
    reach = Reach(peer)
    found = []
    for name in sorted(names):
        package = function.__globals__.get(name)
        if not isinstance(package, ModuleType) or reach.of(package) is not BY_NAME:
            continue
        prefix = package.__name__ + "."
        found += [
            module
            for module in list(sys.modules)
            if module.startswith(prefix) and names.issuperset(module[len(prefix) :].split("."))
        ]
    return found
