"""The house rules hold, and each guard is able to fail."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import isolated_environment
from tests.support import house
from tests.support.house import CHECKOUT, LIBRARY

Rule = Callable[[str, str], list[str]]

EVERYWHERE = house.modules(LIBRARY, CHECKOUT / "tests", CHECKOUT / "benchmarks")
IN_LIBRARY = house.modules(LIBRARY)
IN_CHILD = house.modules(LIBRARY / "child")
#: What runs in a process of its own has its own stdout, and its environment was made by ours.
IN_THE_HOST = [path for path in IN_LIBRARY if path not in IN_CHILD]
NOT_IN_CLI = [path for path in IN_THE_HOST if (LIBRARY / "cli") not in path.parents]
NOT_SETTINGS = [path for path in IN_THE_HOST if path.name not in {"settings.py", "environ.py"}]


def broken(rule: Rule, paths: list[Path]) -> list[str]:
    """What breaks *rule* in *paths*; there are some, so that an empty list never passes for obedience."""
    assert paths, "nothing to judge"
    return [line for path in paths for line in rule(str(path.relative_to(CHECKOUT)), path.read_text("utf-8"))]


@pytest.mark.parametrize(
    ("rule", "paths", "bad"),
    [
        (house.too_long, EVERYWHERE, ["\n" * 301]),
        (
            house.writes_to_stdout,
            NOT_IN_CLI,
            [
                "print('x')",
                "say = print",
                "import sys\nsys.stdout.write('x')",
                "from sys import stdout",
                "import os\nos.write(1, b'x')",
            ],
        ),
        (
            house.reads_environ,
            NOT_SETTINGS,
            [
                "import os\nos.environ['A']",
                "import os\nos.getenv('A')",
                "from os import environ",
                "import os\nos.path.expandvars('$A')",
            ],
        ),
        (house.asserts, IN_LIBRARY, ["assert True"]),
        (
            house.foreign_imports,
            IN_CHILD,
            ["import numpy", "from packaging import tags", "from .. import errors", "from .wire import x"],
        ),
        (house.newer_than_38, IN_CHILD, ["match x:\n    case 1: pass", "type X = int", "x: ("]),
        (
            house.without_docstrings,
            IN_LIBRARY,
            ["'Doc.'\ndef f(): pass", "'Doc.'\nclass C:\n  'Doc.'\n  def f(self): pass", "x = 1"],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_rule_about_source_holds_and_can_fail(rule: Rule, paths: list[Path], bad: list[str]) -> None:
    assert broken(rule, paths) == []
    assert [source for source in bad if not rule("bad", source)] == []
    assert rule("good", '"""Doc."""\n') == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [line for path in EVERYWHERE for line in house.vague_name(path)] == []
    assert house.vague_name(Path("isolated_environment/utils.py"))
    assert house.vague_name(Path("isolated_environment/core/__init__.py"))
    assert not house.vague_name(Path("isolated_environment/planner.py"))


def test_the_top_level_is_the_design_s() -> None:
    paths = [path.relative_to(CHECKOUT).as_posix() for path in house.tracked_files()]
    assert house.strange_top_level(paths) == []
    assert house.strange_top_level([*paths, "notes.txt"]) == ["notes.txt has no place at the top"]
    assert house.strange_top_level([path for path in paths if path != "LICENSE"]) == ["LICENSE is missing"]


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in house.tracked_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += house.names_a_machine(str(path.relative_to(CHECKOUT)), text)
    assert found == []
    for pieces in (
        "/ho|me/ann/x",
        "see /wo|rk/main",
        "/Us|ers/ann",
        "/root/|.cache",
        "https://py|pi.org/simple",
        "files.python|hosted.org",
    ):
        assert house.names_a_machine("bad", pieces.replace("|", ""))
    assert not house.names_a_machine("good", "tests/work/x, ~/home, /nowhere/python, https://host/simple")


@pytest.mark.parametrize(
    "statement",
    [
        "import isolated_environment",
        "from isolated_environment import IsolatedEnvironment; IsolatedEnvironment('x', ['six'], python='3.11')",
        "from isolated_environment import IsolatedEnvironment, isolated_environment, isolated_environment_run",
        "from isolated_environment import errors, IsolatedEnvironmentError, Event",
        "import isolated_environment.store.warm, isolated_environment.process",
    ],
)
def test_importing_loads_nothing_heavy_and_prints_nothing(statement: str) -> None:
    assert house.loaded_by(statement) == []


def test_the_guard_on_imports_can_fail() -> None:
    assert house.loaded_by("import asyncio") == ["asyncio"]
    assert house.loaded_by("import packaging.tags, requests") == ["packaging", "requests"]
    assert house.loaded_by("print('hello')") == ["prints 'hello\\n'"]


def undocumented(module: object) -> list[str]:
    """Public names of *module* without a docstring of their own."""
    names: list[str] = module.__all__  # type: ignore[attr-defined]
    return [name for name in names if not _own_doc(getattr(module, name))]


def _own_doc(value: object) -> str | None:
    if inspect.isclass(value):
        return value.__dict__.get("__doc__")  # not the inherited one
    return value.__doc__


def differing(module: object) -> set[str]:
    """Names that are public in *module* but not in ``__all__``, or the other way round."""
    public = {name for name in dir(module) if not name.startswith("_")}
    return public ^ set(module.__all__)  # type: ignore[attr-defined]


def test_the_root_s_public_names_are_all_and_documented() -> None:
    assert differing(isolated_environment) == set()
    assert undocumented(isolated_environment) == []
    assert sorted(isolated_environment.__all__) == isolated_environment.__all__, "in order, each once"
    assert len(isolated_environment.__all__) <= 16, "about fifteen"


def test_a_new_interpreter_finds_the_same_public_names() -> None:
    script = (
        "import isolated_environment as m\n"
        "lazy = [name for name in m.__all__ if name in vars(m) and name != 'errors']\n"
        "import sys; sys.exit(repr(lazy) if lazy else 0 if [getattr(m, n) for n in m.__all__] else 'none')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_types_seen_by_a_checker_are_the_names_served() -> None:
    """What stands under TYPE_CHECKING and what ``__getattr__`` serves are written twice; they must not differ."""
    import ast

    tree = ast.parse((LIBRARY / "__init__.py").read_text("utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: (node.module or alias.name)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {**isolated_environment._HOMES, "errors": "errors"}
    older = {"Requirements", "isolated_environment_cmd"}  # of 1.x: they work, and are not advertised
    assert set(seen) == {*isolated_environment.__all__, *older}


def test_the_public_modules_keep_to_all() -> None:
    errors = importlib.import_module("isolated_environment.errors")
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert classes == set(errors.__all__)
    assert undocumented(errors) == []


def test_the_guards_on_public_names_can_fail() -> None:
    class Module:
        __all__ = ("told", "bare")

        def told(self) -> None:
            """Told."""

        def bare(self) -> None:
            pass

        def hidden(self) -> None:
            """Public, but not in ``__all__``."""

    assert undocumented(Module) == ["bare"]
    assert differing(Module) == {"hidden"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        isolated_environment.nothing  # noqa: B018
    assert isolated_environment.__version__.count(".") == 2


def test_no_two_test_modules_have_one_name() -> None:
    """pytest imports them without their directories: the second would not be collected."""
    names = [path.name for path in (CHECKOUT / "tests").rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
