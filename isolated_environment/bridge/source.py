"""Functions and classes as source, for an environment whose Python is another than the host's."""

from __future__ import annotations

import ast
import builtins
import dis
import sys
from enum import Enum
from functools import lru_cache
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from ..child import definitions, lifting, pickling
from .reach import BY_NAME, BY_VALUE, NOT_AT_ALL, Peer, Reach, is_found
from .text import NoSourceError, of_class, of_function
from .tokens import token_of
from .uses import codes_of, contents_of, functions_of, globals_of, lookups_of, modules_used, names_of, submodules_used

#: Globals that a module has anyway.
_GIVEN = {"__name__", "__package__", "__builtins__", "__spec__", "__loader__", "__doc__"}


class Cells:
    """Empty cells that stand for those of functions on the way: each function fills them when it is there.

    They are filled late, since what is in a cell may refer to the function; and one stands for one, since functions
    may share a variable.
    """

    def __init__(self) -> None:
        # by address, since cells compare by what is in them; held, so that no address is used again
        self._known: dict[int, tuple[CellType, CellType]] = {}

    def __getitem__(self, cell: CellType) -> CellType:
        return self._known.setdefault(id(cell), (cell, CellType()))[1]


def reduced(value: Any, peer: Peer, cells: Cells) -> tuple[Any, ...]:
    """Reduce a function or class to source.

    Args:
        value: It.
        peer: The environment.
        cells: Of all functions that travel together.

    Raises:
        Unpicklable: it has no source that could travel.
    """
    try:
        return _class(value, peer) if isinstance(value, type) else _function(value, peer, cells)
    except (NoSourceError, SyntaxError) as error:
        raise pickling.Unpicklable(
            "", f"{value.__module__}.{value.__qualname__}", f"it must travel as source to Python {peer.minor}: {error}"
        ) from error


def _function(function: FunctionType, peer: Peer, cells: Cells) -> tuple[Any, ...]:
    definition, code = of_function(function)
    _check_syntax(lifting.parsable(definition), peer.minor)
    closure = {
        name: cells[cell] for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    }
    contents = contents_of(function)
    state = {
        **_surroundings(code, function.__globals__, contents.values(), peer),
        "cells": [(closure[name], contents[name]) for name in contents],
        "module": function.__module__,
        "defaults": function.__defaults__,
        "kwdefaults": function.__kwdefaults__,
        "attributes": {name: value for name, value in vars(function).items() if name != "__wrapped__"},
    }
    module = function.__globals__.get("__name__", "__main__")
    made = (token_of(function), definition, module, tuple(closure.items()))
    return definitions.make_function, made, state, None, None, definitions.fill_function


def _owner(kind: type) -> type | None:
    """The class that a class stands in, where that is found under its name."""
    path, _, name = kind.__qualname__.rpartition(".")
    if not path or path.endswith("<locals>") or not is_found(kind, kind.__module__):
        return None
    found: Any = sys.modules[kind.__module__]
    for part in path.split("."):
        found = getattr(found, part)
    return found if isinstance(found, type) and vars(found).get(name) is kind else None


def _surroundings(code: CodeType, names: dict[str, Any], others: Any, peer: Peer) -> dict[str, Any]:
    """What code refers to: globals, and what it uses of modules."""
    used = {name: names[name] for name in sorted(globals_of(code) - _GIVEN) if name in names}
    mentioned = names_of(code)
    around = [*used.values(), *others]
    return {
        "globals": used,
        "modules": list(modules_used(mentioned, around, peer).items()),
        "submodules": submodules_used(mentioned, around, peer),  # looked at by nobody: it is enough that they are there
    }


def _class(kind: type, peer: Peer) -> tuple[Any, ...]:
    owner = _owner(kind)
    if owner is not None:
        return getattr, (owner, kind.__name__)
    try:
        definition, code, annotated = of_class(kind)
    except NoSourceError:
        made = _made_by_call(kind)
        if made is None:
            raise
        return made
    _check_syntax(lifting.parsable(definition), peer.minor)
    around: dict[str, Any] = {}
    for function in functions_of(kind):
        around.update(contents_of(function))
    around = {name: value for name, value in around.items() if value is not kind and name != "__class__"}
    names = _globals_of(kind)
    state = _surroundings(code, names, around.values(), peer)
    for name in annotated & names.keys():  # dataclasses and the like look at them
        if _explains(names[name], peer) and names[name] is not kind:
            state["globals"].setdefault(name, names[name])
    at_once = _looked_up_at_once(code, kind.__name__)
    missing = sorted(at_once - {*names, *around, *vars(builtins), *_GIVEN, kind.__name__})
    if missing:
        raise NoSourceError(f"{missing[0]!r}, which its definition uses, is not to be had any more")
    late = {
        name: value for name, value in state["globals"].items() if name not in at_once and _is_by_value(value, peer)
    }
    early = {**state, "globals": {name: value for name, value in state["globals"].items() if name not in late}}
    made = (token_of(kind), definition, kind.__module__, around, early)
    return definitions.make_class, made, late, None, None, definitions.fill_class


def _globals_of(kind: type) -> dict[str, Any]:
    module = sys.modules.get(kind.__module__)
    if module is not None:
        return vars(module)
    return next((function.__globals__ for function in functions_of(kind)), {})


@lru_cache(maxsize=256)
def _looked_up_at_once(code: CodeType, name: str) -> frozenset[str]:
    """Names that are needed to define a class: those of its body, bases and decorators, not those of its methods."""
    found: set[str] = set()
    for each in [code, *(inner for inner in codes_of(code) if inner.co_name in {name, lifting.AROUND})]:
        stored = {step.argval for step in dis.get_instructions(each) if step.opname.startswith("STORE_")}
        found |= lookups_of(each) - stored
    return frozenset(found)


def _is_by_value(value: Any, peer: Peer) -> bool:
    return isinstance(value, FunctionType | type) and Reach(peer).of(value) is BY_VALUE


def _explains(value: Any, peer: Peer) -> bool:
    """Whether something that an annotation names can be there."""
    if isinstance(value, ModuleType):
        return Reach(peer).of(value) is BY_NAME
    if isinstance(value, type):
        return Reach(peer).of(value) is not NOT_AT_ALL
    return type(value).__module__ in {"typing", "dataclasses"}


def _made_by_call(kind: type) -> tuple[Any, ...] | None:
    """Reduce a class that no class statement made, where it is known how such are made."""
    names = kind.__name__, kind.__module__, kind.__qualname__
    if issubclass(kind, tuple) and kind.__bases__ == (tuple,) and hasattr(kind, "_fields"):
        fields: tuple[str, ...] = kind._fields
        known: dict[str, Any] = getattr(kind, "_field_defaults", {})
        return definitions.make_namedtuple, (token_of(kind), fields, tuple(known.values()), *names)
    if issubclass(kind, Enum):
        members = [(name, member.value) for name, member in kind.__members__.items()]
        return definitions.make_enum, (token_of(kind), kind.__bases__, members, *names)
    return None


@lru_cache(maxsize=256)
def _check_syntax(text: str, minor: str) -> None:
    """Refuse syntax that the environment's Python has not, as far as the parser can tell."""
    major, _, number = minor.rstrip("t").partition(".")
    try:
        ast.parse(text, feature_version=(int(major), int(number)))
    except SyntaxError as error:
        raise NoSourceError(f"Python {minor} has no such syntax: {error.msg}") from None
