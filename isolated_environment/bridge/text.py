"""The source of functions and classes of this process."""

from __future__ import annotations

import ast
import linecache
import sys
import weakref
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from ..child import lifting
from .uses import codes_of, functions_of, names_of

#: A function or class as text: see :func:`isolated_environment.child.lifting.code_of_function`.
Definition = dict[str, Any]

_Callable = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class NoSourceError(Exception):
    """There is no source of it, or it is not the source that runs."""


#: Classes that were found before: what a class was made from stays so, whatever becomes of its file.
_classes: weakref.WeakKeyDictionary[type, tuple[Definition, CodeType, set[str]]] = weakref.WeakKeyDictionary()


def of_function(function: FunctionType) -> tuple[Definition, CodeType]:
    """Return the text of a function, and what it is compiled to.

    Raises:
        NoSourceError: see there.
    """
    code = function.__code__
    file = _read(code.co_filename, function.__globals__)
    found = [
        {**each, "qualname": function.__qualname__, "file": code.co_filename}
        for node, each in file.definitions
        if not isinstance(node, ast.ClassDef) and each["name"] == code.co_name and _first(node) == code.co_firstlineno
    ]
    if not found:
        raise NoSourceError(f"its source is not found at line {code.co_firstlineno} of {code.co_filename}")
    lifted = [lifting.code_of_function(each, list(code.co_freevars)) for each in found]
    for definition, again in zip(found, lifted, strict=True):
        if _is_same(again, code):
            return definition, again
    if len(found) > 1:
        raise NoSourceError(f"there are {len(found)} of that name on line {code.co_firstlineno} of {code.co_filename}")
    if not _is_alike(lifted[0], code):
        raise NoSourceError(f"{code.co_filename} was changed since it was imported")
    return found[0], lifted[0]


def of_class(kind: type) -> tuple[Definition, CodeType, set[str]]:
    """Return the text of a class, decorators included, what it is compiled to, and the names in its annotations.

    Raises:
        NoSourceError: see there.
    """
    known = _classes.get(kind)
    if known is None:
        known = _classes[kind] = _found_class(kind)
    return known


def _found_class(kind: type) -> tuple[Definition, CodeType, set[str]]:
    module = sys.modules.get(kind.__module__)
    own = list(_own_codes(kind))
    name = getattr(module, "__file__", None) or next((code.co_filename for code in own), None)
    if name is None:
        raise NoSourceError("it is not known where its source is")
    file = _read(name, vars(module) if module else {})
    running = [code for code in own if code.co_filename == name]
    found = None
    for node, each in file.definitions:  # of several the last counts, as when the file is run
        if isinstance(node, ast.ClassDef) and each["qualname"] == kind.__qualname__:
            found = {**each, "text": file.between(_first(node), _last(node)), "line": _first(node), "file": name}
    if found is None:
        raise NoSourceError(f"its source is not found in {name}")
    free = {variable for code in running for variable in code.co_freevars} - {kind.__name__, "__class__"}
    code = lifting.code_of_class(found, free)
    inner = list(lifting.codes_in(code))
    if not all(any(_is_alike(each, code) for each in inner if _is_at_place(each, code)) for code in running):
        raise NoSourceError(f"{name} was changed since it was imported")
    return found, code, lifting.names_in_annotations(found)


def _own_codes(kind: type) -> Iterator[CodeType]:
    """Yield the code of functions whose definition stands in a class."""
    for function in functions_of(kind):
        if function.__qualname__ == f"{kind.__qualname__}.{function.__code__.co_name}":
            yield function.__code__


def _is_at_place(one: CodeType, other: CodeType) -> bool:
    return (one.co_name, one.co_firstlineno) == (other.co_name, other.co_firstlineno)


class _File:
    """A source file, parsed."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self._lines = lines
        self.definitions = list(self._found_in(ast.parse("".join(lines)), "", None))

    def between(self, first: int, last: int) -> str:
        """Return whole lines."""
        return "".join(self._lines[first - 1 : last])

    def _found_in(self, scope: ast.AST, prefix: str, owner: str | None) -> Iterator[tuple[ast.AST, Definition]]:
        for node in ast.iter_child_nodes(scope):
            if isinstance(node, _Callable | ast.ClassDef):
                name = getattr(node, "name", "<lambda>")
                text = self._cut(node) if isinstance(node, ast.Lambda) else self.between(node.lineno, _last(node))
                yield node, {"text": text, "line": node.lineno, "name": name, "qualname": prefix + name, "owner": owner}
                if isinstance(node, ast.ClassDef):
                    yield from self._found_in(node, f"{prefix}{name}.", name)
                else:
                    yield from self._found_in(node, f"{prefix}{name}.<locals>.", None)
            else:
                yield from self._found_in(node, prefix, owner)

    def _cut(self, node: ast.Lambda) -> str:
        """The text of an expression; columns count octets of UTF-8."""
        lines = [line.encode() for line in self._lines[node.lineno - 1 : _last(node)]]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"".join(lines).decode()


def _read(name: str, names: Mapping[str, Any]) -> _File:
    linecache.checkcache(name)
    lines = tuple(linecache.getlines(name, dict(names)))
    if not lines:
        raise NoSourceError(f"there is no source {name}")
    try:
        return _parsed(lines)
    except SyntaxError as error:
        raise NoSourceError(f"{name} was changed since it was imported: {error}") from None


_parsed = lru_cache(maxsize=16)(_File)


def _first(node: Any) -> int:
    """The first line, with decorators."""
    first: int = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    return first


def _last(node: Any) -> int:
    return int(node.end_lineno or node.lineno)


def _is_same(one: CodeType, other: CodeType) -> bool:
    """Whether two code objects do the same, wherever they stand."""
    return (
        one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_freevars == other.co_freevars
        and len(one.co_consts) == len(other.co_consts)
        and all(map(_is_same_constant, one.co_consts, other.co_consts))
    )


def _is_same_constant(one: object, other: object) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return _is_same(one, other)
    return type(one) is type(other) and one == other


def _is_alike(source: CodeType, running: CodeType) -> bool:
    """Whether code may come from a source although something rewrote it, as test runners do with assertions."""
    arguments = source.co_argcount + source.co_kwonlyargcount
    return (
        source.co_varnames[:arguments] == running.co_varnames[:arguments]
        and source.co_freevars == running.co_freevars
        and names_of(source) <= names_of(running)
        and _texts_of(source) <= _texts_of(running)
    )


def _texts_of(code: CodeType) -> set[str]:
    return {constant for each in codes_of(code) for constant in each.co_consts if isinstance(constant, str)}
