"""Functions and classes of the application, taken apart by cloudpickle for an environment with the same Python minor.

Imported only when there are some: cloudpickle costs more than all of this library.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from ..child import difficult, names, source
from ..child.pickling import Unpicklable
from .pickling import Asking
from .reach import BY_NAME, Reach
from .tokens import token_of
from .uses import contents_of, modules_used, names_of

#: A global of functions whose assertions pytest rewrote.
_REWRITTEN = "@pytest_ar"

_registering = threading.Lock()


class Taking(Asking):
    """What a pickler asks that takes functions and classes apart."""

    def reduce_named(self, value: Any) -> Any:
        """Reduce a function, class or module: by its name there, or by value."""
        reduced = super().reduce_named(value)
        if reduced is NotImplemented and isinstance(value, type):
            return cloudpickle.Pickler.reducer_override(self, value)  # classes that have no name, such as function
        return reduced

    def reduce_by_value(self, value: Any) -> Any:
        """Reduce a function, class or module with all that it needs."""
        if isinstance(value, ModuleType):
            return self.reduce_to_source(value)
        if isinstance(value, FunctionType) and _REWRITTEN in value.__code__.co_names:
            try:  # without what the test runner made of its assertions, which refers to the test runner
                return self.reduce_to_source(value)
            except Unpicklable:
                pass
        with _registered(getattr(value, "__module__", None)):
            reduced = super().reduce_by_value(value)
        if isinstance(value, FunctionType):
            return self._with_modules(reduced, value)
        return _with_token(reduced, value)

    def _with_modules(self, reduced: Any, function: FunctionType) -> Any:
        """Add what a function uses of modules that are the application's own, drop annotations, share variables."""
        make, (code, names_around, *rest), (attributes, state), *setting = reduced
        reach = Reach(self.peer)
        state["__annotations__"] = {
            name: what for name, what in function.__annotations__.items() if _is_plain_annotation(what, reach)
        }
        mentioned = names_of(code)
        around = [*map(function.__globals__.get, mentioned), *contents_of(function).values()]
        # a list of what is to be unpickled before the function runs, whatever it is
        state["_cloudpickle_submodules"] += [
            _Used(module, used) for module, used in modules_used(mentioned, around, self.peer).items()
        ]
        if function.__closure__:  # empty cells, to be filled there: one for each of ours
            rest[-1] = tuple(self.cells[cell] for cell in function.__closure__)
        return make, (code, names_around, *rest), (attributes, state), *setting


class _Used:
    """What is used of a module."""

    def __init__(self, module: ModuleType, names: dict[str, Any]) -> None:
        self._reduced = source.fill_module, (module, names)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._reduced


def pickler_class() -> Any:
    """Return the class of picklers that take functions and classes apart."""
    return difficult.pickler_class(Taking)


@contextmanager
def _registered(name: str | None) -> Iterator[None]:
    """Let cloudpickle take one thing of a module by value, and no other thread's for longer than that takes."""
    module = sys.modules.get(name or "")
    if module is None:
        yield
        return
    with _registering:
        if name in cloudpickle.list_registry_pickle_by_value():
            yield
            return
        cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            cloudpickle.unregister_pickle_by_value(module)


def _with_token(reduced: Any, kind: type) -> Any:
    """Let a class know by what the host knows it, so that it comes back as the host's own; keep its slots slots."""
    if not isinstance(reduced, tuple) or not isinstance(reduced[2], tuple):
        return reduced
    attributes = reduced[2][0]
    attributes[names.TOKEN] = token_of(kind)
    if attributes.get("__slots__") and isinstance(reduced[1][3], dict):  # later they would be attributes like others
        reduced[1][3]["__slots__"] = attributes.pop("__slots__")
        for name, value in list(attributes.items()):
            if isinstance(value, MemberDescriptorType):
                del attributes[name]
    return reduced


def _is_plain_annotation(what: object, reach: Reach) -> bool:
    return what is None or isinstance(what, str) or (isinstance(what, type) and reach.of(what) is BY_NAME)
