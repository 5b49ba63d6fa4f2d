"""The house rules as functions: each takes what it judges and returns one line for everything that breaks the rule."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = CHECKOUT / "isolated_environment"

MODULE_LIMIT = 300
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "core", "manager", "managers", "misc"}
#: The top level of the checkout: design, section 5; and what git itself needs.
TOP_LEVEL = {
    *("pyproject.toml", "setup.cfg", "isolated_environment", "tests", "lint.sh", "install", "activate.sh"),
    *("README.md", "LICENSE", "CHANGELOG.md", "docs", "examples", "benchmarks", ".ci", ".gitignore"),
}
#: What importing the library must not load.
HEAVY = ("virtualenv", "requests", "packaging", "filelock", "cloudpickle", "uv", "asyncio")

# in pieces, so that this file keeps the rule that it states
_HOMES = "|".join(f"/{name}/" for name in ("home", "Users", "work", "workspace")) + r"|[A-Z]:\\+Users\\"
_REGISTRIES = r"\b(?:{})\b".format(
    "|".join(name + r"\." + end for name, end in (("pypi", "org"), ("pythonhosted", "org")))
)
_MACHINE_PATH = re.compile(rf"(?<![\w.~}}])(?:(?:{_HOMES})[\w.-]|/{'root'}/\.)")
_REGISTRY = re.compile(_REGISTRIES)


def tracked_files() -> list[Path]:
    """Every file that git knows, and those it would take."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := CHECKOUT / name).is_file()]


def modules(*directories: Path) -> list[Path]:
    """Every module below *directories*."""
    return sorted(path for directory in directories for path in directory.rglob("*.py"))


def too_long(name: str, source: str) -> list[str]:
    count = len(source.splitlines())
    return [f"{name} has {count} lines, more than {MODULE_LIMIT}"] if count > MODULE_LIMIT else []


def writes_to_stdout(name: str, source: str) -> list[str]:
    """``print`` in any form, ``sys.stdout`` in any form, and descriptor 1."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id == "print":
            found.append(f"{name}:{node.lineno} uses print")
        elif _is_attribute(node, "sys", {"stdout", "__stdout__"}) or _imports(node, "sys", {"stdout", "__stdout__"}):
            found.append(f"{name}:{node.lineno} uses sys.stdout")
        elif isinstance(node, ast.Call) and _is_attribute(node.func, "os", {"write"}) and _is_one(node.args[:1]):
            found.append(f"{name}:{node.lineno} writes to descriptor 1")
    return found


def reads_environ(name: str, source: str) -> list[str]:
    """Every way to the process environment."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv", "expandvars"}
    return [
        f"{name}:{node.lineno} reads the process environment"
        for node in ast.walk(ast.parse(source))
        if _is_attribute(node, "os", names) or _imports(node, "os", names) or _is_expandvars(node)
    ]


def foreign_imports(name: str, source: str) -> list[str]:
    """Imports of anything but the standard library and siblings, ours among them."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level == 1 and node.module is None:  # a sibling, by whatever name the package has in that process
                continue
            names = [node.module or ""] if node.level == 0 else ["." * node.level + (node.module or "")]
        else:
            continue
        strangers = [each for each in names if each.split(".")[0] not in sys.stdlib_module_names]
        found += [f"{name}:{node.lineno} imports {each}" for each in strangers]
    return found


def newer_than_38(name: str, source: str) -> list[str]:
    """Syntax that CPython 3.8 does not have."""
    try:
        ast.parse(source, feature_version=(3, 8))
    except SyntaxError as error:
        return [f"{name}:{error.lineno} is not Python 3.8: {error.msg}"]
    return []


def asserts(name: str, source: str) -> list[str]:
    """Assert statements, which ``python -O`` drops."""
    return [f"{name}:{node.lineno} asserts" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]


def without_docstrings(name: str, source: str) -> list[str]:
    """Public definitions without a docstring; those of a nested function are nobody's."""
    tree = ast.parse(source)
    missing = [] if ast.get_docstring(tree) or not tree.body else [f"{name} has no docstring"]
    bare = [node for node in _public_definitions(tree) if ast.get_docstring(node) is None and not _is_overload(node)]
    return missing + [f"{name}:{node.lineno} {node.name} has no docstring" for node in bare]


def vague_name(path: Path) -> list[str]:
    named = path.parent.name if path.name == "__init__.py" else path.stem
    return [f"{path.name}: a name that says nothing"] if named.lower() in VAGUE_NAMES else []


def strange_top_level(paths: Iterable[str]) -> list[str]:
    """What is missing from the top level of the checkout, and what has no place there."""
    there = {path.split("/")[0] for path in paths}
    return [f"{name} is missing" for name in sorted(TOP_LEVEL - there)] + [
        f"{name} has no place at the top" for name in sorted(there - TOP_LEVEL)
    ]


def names_a_machine(name: str, text: str) -> list[str]:
    """Lines with an absolute path of somebody's machine, or a package registry's host."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if _MACHINE_PATH.search(line):
            found.append(f"{name}:{number} holds an absolute path of a machine")
        if _REGISTRY.search(line):
            found.append(f"{name}:{number} names a package registry's host")
    return found


def loaded_by(statement: str, python: str = sys.executable) -> list[str]:
    """The heavy modules that *statement* loads in a new interpreter, and a line for anything printed."""
    script = (
        f"import sys\nbefore = set(sys.modules)\n{statement}\n"
        f"loaded = {{name.split('.')[0] for name in set(sys.modules) - before}}\n"
        f"sys.exit(' '.join(sorted(loaded & set({HEAVY!r}))))\n"
    )
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False, cwd=CHECKOUT)
    printed = [f"prints {done.stdout!r}"] if done.stdout else []
    return [*printed, *done.stderr.split()]


def _is_attribute(node: ast.AST, module: str, names: set[str]) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
        and node.attr in names
    )


def _is_expandvars(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "expandvars"


def _imports(node: ast.AST, module: str, names: set[str]) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == module and any(a.name in names for a in node.names)


def _is_one(arguments: list[ast.expr]) -> bool:
    return bool(arguments) and isinstance(arguments[0], ast.Constant) and arguments[0].value == 1


def _is_overload(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "overload" for each in getattr(node, "decorator_list", ()))


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _public_definitions(scope: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    for node in scope.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public_definitions(node)
