"""Code objects from the text of one function or class, as it stands in its file.

It is compiled at its own lines, so that tracebacks are right, and inside of what gives its names the meaning that they
have there.  Annotations stay text.  Both sides use this: the host to see what a definition refers to.
"""

from __future__ import annotations
import __future__

import ast
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    #: ``text``: whole lines, or for a lambda what it consists of; ``line``: the number of the first; ``name``, which
    #: is ``<lambda>`` for one; ``qualname``; ``owner``: the class that it stands in, or None; ``file``.
    Definition = Mapping[str, Any]

#: What is around a definition that has a closure.
AROUND = "_around"

_FLAGS = __future__.annotations.compiler_flag


def code_of_function(definition: Definition, free: Iterable[str]) -> CodeType:
    """Return the code object of a function.

    Args:
        definition: Its text.
        free: Names of its closure.

    Raises:
        SyntaxError: this Python has no such syntax.
    """
    node = _parsed(definition)
    for code in codes_in(_compiled(_within(node, sorted(free), definition["owner"]), definition["file"])):
        if code.co_name == definition["name"] and code.co_firstlineno == definition["line"]:
            return code
    raise SyntaxError("there is no %s on line %d of what came" % (definition["name"], definition["line"]))


def code_of_class(definition: Definition, free: Iterable[str]) -> CodeType:
    """Return the code object that defines a class: that of a module, with :data:`AROUND` or the class in it.

    Args:
        definition: Its text, decorators included.
        free: Names of variables of the function that it is defined in.

    Raises:
        SyntaxError: this Python has no such syntax.
    """
    node = _parsed(definition)
    free = sorted(free)
    return _compiled(_within(node, free) if free else node, definition["file"])


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """Yield all code objects in one."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes_in(constant)


def parsable(definition: Definition) -> str:
    """Return the text of a definition as that of a file, with one line more before it unless it begins a line."""
    text: str = definition["text"]
    if definition["name"] == "<lambda>":
        return "(\n%s\n)" % text
    if text[:1].isspace():  # no line is moved: the text of a string may stand to the left of all
        return "if 1:\n" + text
    return text


def names_in_annotations(definition: Definition) -> set[str]:
    """Return the names that stand in annotations of a class's attributes."""
    found: set[str] = set()
    for statement in _parsed(definition).body:
        if isinstance(statement, ast.AnnAssign):
            found |= {node.id for node in ast.walk(statement.annotation) if isinstance(node, ast.Name)}
    return found


def _parsed(definition: Definition) -> Any:
    """The definition at its own lines."""
    text = parsable(definition)
    node: Any = ast.parse(text).body[0]
    ast.increment_lineno(node, definition["line"] - (1 if text is definition["text"] else 2))
    if isinstance(node, ast.Expr):
        node = node.value
    elif isinstance(node, ast.If):
        node = node.body[0]
    return node


def _within(node: Any, free: Iterable[str], owner: str | None = None) -> Any:
    """A function around the definition that has *free*, so that they are free in it, and no others."""
    around: Any = ast.parse("def %s(%s): pass" % (AROUND, ", ".join(free))).body[0]
    if isinstance(node, ast.ClassDef):
        around.body = [node, *ast.parse("return %s" % node.name).body]
        return around
    if isinstance(node, ast.Lambda):
        node = ast.copy_location(ast.Expr(node), node)
    elif owner is not None:  # for the names that are private to its class
        inside: Any = ast.parse("class %s: pass" % owner).body[0]
        inside.body, node = [node], inside
    around.body = [node]
    if hasattr(node, "name") and node.name not in free:
        around.body.insert(0, ast.Global(names=[node.name]))
    return around


def _compiled(node: Any, file: str) -> CodeType:
    module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
    code: CodeType = compile(module, file, "exec", flags=_FLAGS, dont_inherit=True)
    return code
