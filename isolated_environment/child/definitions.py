"""Functions and classes made from their source, for a Python that cannot run the code objects of the other side.

Each is made first and given what it refers to afterwards, so that functions may refer to each other.  The globals of
all functions of one module of the host are those of one module here.
"""

from __future__ import annotations

import sys
import weakref
from types import CellType, FunctionType

from . import lifting, names, source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType
    from typing import Any

names.tokens = weakref.WeakKeyDictionary()
#: Classes that came from the other side, by what that knows them by.
_classes: dict[str, Any] = {}


def make_cell() -> CellType:
    """Return an empty cell."""
    return CellType()


def make_function(
    token: str, definition: lifting.Definition, module: str, cells: Sequence[tuple[str, CellType]]
) -> FunctionType:
    """Return a function without what it refers to, see :func:`fill_function`.

    Args:
        token: What the other side knows it by.
        definition: Its text.
        module: Name over there of the module whose globals it has.
        cells: Its closure.
    """
    known = dict(cells)
    code = lifting.code_of_function(definition, known)
    closure = tuple(known[name] for name in code.co_freevars)
    made = FunctionType(code, vars(source.make_module(module)), definition["name"], None, closure)
    made.__qualname__ = definition["qualname"]
    names.tokens[made] = token
    return made


def fill_function(function: FunctionType, state: Mapping[str, Any]) -> None:
    """Give a function what it refers to.

    Args:
        function: See :func:`make_function`.
        state: ``globals``, ``modules``, ``cells``, ``module``, ``defaults``, ``kwdefaults``, ``attributes``.
    """
    for module, used in state["modules"]:
        source.fill_module(module, used)
    function.__globals__.update(state["globals"])
    for cell, contents in state["cells"]:
        cell.cell_contents = contents
    function.__module__ = state["module"]
    function.__defaults__ = state["defaults"]
    function.__kwdefaults__ = state["kwdefaults"]
    vars(function).update(state["attributes"])


def make_class(
    token: str,
    definition: lifting.Definition,
    module: str,
    around: Mapping[str, Any],
    early: Mapping[str, Any],
) -> Any:
    """Return a class without what its methods refer to, see :func:`fill_class`.

    Args:
        token: What the other side knows it by.
        definition: Its text.
        module: Name of its module over there.
        around: Variables of the function that it was defined in.
        early: What is needed to define it: ``globals`` and ``modules``.
    """
    known = _classes.get(token)
    if known is not None:
        return known
    home = source.make_module(module)
    for used, attributes in early["modules"]:
        source.fill_module(used, attributes)
    vars(home).update(early["globals"])
    code = lifting.code_of_class(definition, around)
    with _Importable(home):
        if around:
            space: dict[str, Any] = {}
            exec(code, vars(home), space)  # noqa: S102 - a class statement
            made = space[lifting.AROUND](**around)
        else:
            exec(code, vars(home))  # noqa: S102 - a class statement
            made = vars(home)[definition["name"]]
    made.__qualname__ = definition["qualname"]
    return _remembered(token, made)


def fill_class(made: Any, late: Mapping[str, Any]) -> None:
    """Give a class what its methods refer to.

    Args:
        made: See :func:`make_class`.
        late: Globals.
    """
    vars(source.make_module(made.__module__)).update(late)


def make_namedtuple(
    token: str, fields: Sequence[str], defaults: Sequence[Any], name: str, module: str, qualname: str
) -> Any:
    """Return a class of named tuples that no class statement made."""
    from collections import namedtuple

    if token in _classes:
        return _classes[token]
    made: Any = namedtuple(name, fields, defaults=defaults, module=module)  # type: ignore[misc]  # noqa: PYI024
    made.__qualname__ = qualname
    return _remembered(token, made)


def make_enum(
    token: str, bases: Sequence[Any], members: Sequence[tuple[str, Any]], name: str, module: str, qualname: str
) -> Any:
    """Return an enumeration that no class statement made."""
    if token in _classes:
        return _classes[token]
    mixed = {"type": bases[0]} if len(bases) > 1 else {}
    return _remembered(token, bases[-1](name, members, module=module, qualname=qualname, **mixed))


def _remembered(token: str, made: Any) -> Any:
    """Keep a class, and what the other side knows it by."""
    type.__setattr__(made, names.TOKEN, token)  # whatever its metaclass thinks of it
    return _classes.setdefault(token, made)


class _Importable:
    """Lets a module be found while a class of it is made: dataclasses look there."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __enter__(self) -> None:
        self._before = sys.modules.get(self._module.__name__)
        sys.modules[self._module.__name__] = self._module

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            del sys.modules[self._module.__name__]
        else:
            sys.modules[self._module.__name__] = self._before
