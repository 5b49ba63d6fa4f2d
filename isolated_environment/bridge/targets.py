"""What a call is of: a name in the environment, or a function of the host that goes there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any

from ..errors import InvalidTargetError
from .pickling import dumps, unwrapped
from .reach import BY_NAME, Peer, Reach, top_level


class Reference:
    """A target that a worker knows already.

    Args:
        told: What it is told.
    """

    def __init__(self, told: tuple[Any, ...]) -> None:
        self.told = told


def ship(target: object, peer: Peer) -> tuple[str, Any]:
    """Return what :func:`isolated_environment.child.source.resolve` makes the target from.

    Args:
        target: ``"package.module:qualified.name"``, or anything that can be called.
        peer: The environment.

    Raises:
        InvalidTargetError: it is neither.
        SerializationError: it cannot travel; the error says which part of it.
    """
    if isinstance(target, str):
        return "name", _checked(target)
    if not callable(target):
        raise _invalid(repr(target)[:200], f"it is of type {type(target).__qualname__}, which cannot be called")
    raw = unwrapped(target)
    module = _module_of(raw)
    if module is not None and module not in sys.builtin_module_names:
        peer.own.add(top_level(module))
    name = _name_there(raw, peer)
    if name is not None:
        return "name", name
    return "pickle", dumps((raw,), peer, names=("target",))


def _checked(target: str) -> str:
    module, colon, name = target.partition(":")
    if not colon or not all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
        raise _invalid(target, f"{target!r} is not of the form 'package.module:name'")
    return target


def _invalid(target: str, why: str) -> InvalidTargetError:
    return InvalidTargetError(why, hint="write 'package.module:function', or give the function itself", target=target)


def _module_of(target: Callable[..., Any]) -> str | None:
    """The module that says whose a target is: for a partial or a method that of the function."""
    inner = getattr(target, "func", None) or getattr(target, "__func__", None) or target
    if not isinstance(inner, (FunctionType, BuiltinFunctionType, type)):
        inner = type(inner)
    return getattr(inner, "__module__", None)


def _name_there(target: Any, peer: Peer) -> str | None:
    """How the environment finds a target by itself, or ``None``."""
    if not isinstance(target, (FunctionType, BuiltinFunctionType, type)) or not target.__module__:
        return None
    if isinstance(getattr(target, "__self__", None), (type, object)) and not isinstance(target, type):
        bound = getattr(target, "__self__", None)
        if bound is not None and not _is_module(bound):
            return None
    if Reach(peer).of(target) is not BY_NAME:
        return None
    return f"{target.__module__}:{target.__qualname__}"


def _is_module(value: object) -> bool:
    return isinstance(value, type(sys))
