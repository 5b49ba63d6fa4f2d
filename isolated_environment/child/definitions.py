"""Functions and classes made from their source, for a Python that cannot run the code objects of the other side.

A definition is lifted out of its text as it stands in its file, at its own lines, so that tracebacks are right.
Annotations of what is lifted stay text; decorators and defaults of a function came as values, or not at all.
"""

from __future__ import annotations

import __future__
import ast
import sys
import weakref

from . import names, source

_FUTURE = __future__.annotations.compiler_flag
_FunctionType = type(lambda: None)
_CodeType = type((lambda: None).__code__)
_CellType = type((lambda value: lambda: value)(0).__closure__[0])

names.tokens = weakref.WeakKeyDictionary()
#: Classes that came from the other side, by what it knows them by.
_classes = {}


def make_cell():
    """Return an empty cell."""
    return _CellType()


def make_function(token, definition, module, file, cells):
    """Return a function without what it refers to, see :func:`fill_function`.

    Args:
        token: What the other side knows it by.
        definition: ``text``, ``line``, ``name``, ``qualname`` and ``owner``, see :func:`code_of`.
        module: Name of its module over there.
        file: Of that module.
        cells: Its closure: names and cells.
    """
    code = code_of(definition, file, [name for name, _ in cells])
    known = dict(cells)
    made = _FunctionType(
        code,
        vars(source.make_module(module)),
        definition["name"],
        None,
        tuple(known[name] for name in code.co_freevars),
    )
    made.__qualname__ = definition["qualname"]
    names.tokens[made] = token
    return made


def fill_function(function, state):
    """Give a function what it refers to.

    Args:
        function: See :func:`make_function`.
        state: ``globals``, ``modules``, ``cells``, ``defaults``, ``kwdefaults``, ``attributes``.
    """
    for module, used in state["modules"]:
        source.fill_module(module, used)
    function.__globals__.update(state["globals"])
    for cell, contents in state["cells"]:
        cell.cell_contents = contents
    function.__defaults__ = state["defaults"]
    function.__kwdefaults__ = state["kwdefaults"]
    function.__dict__.update(state["attributes"])


def make_class(token, definition, module, file, around, early, _submodules):
    """Return a class without what its methods refer to, see :func:`fill_class`.

    Args:
        token: What the other side knows it by.
        definition: As for :func:`make_function`.
        module: Name of its module over there.
        file: Of that module.
        around: Variables of the function that it was defined in.
        early: Globals that are needed to define it.
        _submodules: Are imported by now.
    """
    known = _classes.get(token)
    if known is not None:
        return known
    home = source.make_module(module)
    vars(home).update(early)
    code = class_code(definition, file, around)
    with _importable(home):
        if around:
            space = {}
            exec(code, vars(home), space)  # noqa: S102
            made = space["_around"](**around)
        else:
            exec(code, vars(home))  # noqa: S102
            made = vars(home)[definition["name"]]
    made.__qualname__ = definition["qualname"]
    return remember(token, made)


def remember(token, made):
    """Keep a class, and what the other side knows it by."""
    type.__setattr__(made, names.TOKEN, token)
    return _classes.setdefault(token, made)


def fill_class(made, state):
    """Give a class what its methods refer to.

    Args:
        made: See :func:`make_class`.
        state: ``globals`` and ``modules``.
    """
    for module, used in state["modules"]:
        source.fill_module(module, used)
    vars(source.make_module(made.__module__)).update(state["globals"])


def make_namedtuple(token, fields, defaults, name, module, qualname):
    """Return a class of named tuples."""
    from collections import namedtuple

    known = _classes.get(token)
    if known is not None:
        return known
    made = namedtuple(name, fields, defaults=defaults, module=module)
    made.__qualname__ = qualname
    return remember(token, made)


def make_enum(token, bases, members, name, module, qualname):
    """Return an enumeration that was not made by a class statement."""
    known = _classes.get(token)
    if known is not None:
        return known
    kind = dict(zip(("type",), bases[:-1]))
    return remember(token, bases[-1](name, members, module=module, qualname=qualname, **kind))


class _importable:  # noqa: N801 - a function in all but name
    """Let a module be found while a class of it is made: dataclasses look there."""

    def __init__(self, module):
        self._module = module

    def __enter__(self):
        self._before = sys.modules.get(self._module.__name__)
        sys.modules[self._module.__name__] = self._module

    def __exit__(self, *_):
        if self._before is None:
            del sys.modules[self._module.__name__]
        else:
            sys.modules[self._module.__name__] = self._before


def code_of(definition, file, free):
    """Return the code object of a function.

    Args:
        definition: ``text`` (whole lines, or for a lambda what stands there), ``line``, the first one's number,
            ``name`` (``<lambda>`` for one) and ``owner``, the class that it stands in, or None.
        file: That the text stands in.
        free: Names of its closure.

    Raises:
        SyntaxError: it is not of this Python.
    """
    node = _parsed(definition)
    code = _compiled(_within(node, sorted(free), definition["owner"]), file)
    for each in _codes(code):
        if each.co_name == definition["name"] and each.co_firstlineno == definition["line"]:
            return each
    raise SyntaxError("there is no %s at line %d of what came" % (definition["name"], definition["line"]))


def class_code(definition, file, around):
    """Return the code object that defines a class.

    Args:
        definition, file: As for :func:`code_of`.
        around: Names of the function that it is defined in.
    """
    node = _parsed(definition)
    return _compiled(_within(node, sorted(around)) if around else node, file)


def _codes(code):
    for constant in code.co_consts:
        if isinstance(constant, _CodeType):
            yield constant
            for inner in _codes(constant):
                yield inner


def parsable(definition):
    """Return the text of a definition as that of a file, with one line before it unless it begins a line."""
    if definition["name"] == "<lambda>":
        return "(\n%s\n)" % definition["text"]
    if definition["text"][:1].isspace():  # no line is moved: the text of a string may stand to the left of all
        return "if 1:\n" + definition["text"]
    return definition["text"]


def _parsed(definition):
    """The definition as a statement, or a lambda as an expression; bare of what is not evaluated here."""
    text = parsable(definition)
    node = ast.parse(text).body[0]
    ast.increment_lineno(node, definition["line"] - (1 if text is definition["text"] else 2))
    if isinstance(node, ast.Expr):
        node = node.value
    elif isinstance(node, ast.If):
        node = node.body[0]
    if isinstance(node, ast.ClassDef):
        return node
    if not isinstance(node, ast.Lambda):
        node.decorator_list = []
        node.returns = None
    arguments = node.args
    arguments.defaults = []
    arguments.kw_defaults = [None] * len(arguments.kwonlyargs)
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
        if argument is not None:
            argument.annotation = None
    return node


def _within(node, free, owner=None):
    """A function around the definition that has *free*, so that they are free in it, and no others."""
    around = ast.parse("def _around(%s): pass" % ", ".join(free)).body[0]
    if isinstance(node, ast.ClassDef):
        around.body = [node, ast.parse("return %s" % node.name).body[0]]
        return around
    if isinstance(node, ast.Lambda):
        node = ast.copy_location(ast.Expr(node), node)
    elif owner is not None:  # for the names that are private to its class
        node, inner = ast.parse("class %s: pass" % owner).body[0], node
        node.body = [inner]
    around.body = [node]
    if hasattr(node, "name") and node.name not in free:
        around.body.insert(0, ast.Global(names=[node.name]))
    return around


def _compiled(node, file):
    module = ast.Module(body=[node], type_ignores=[])
    return compile(ast.fix_missing_locations(module), file, "exec", flags=_FUTURE, dont_inherit=True)
