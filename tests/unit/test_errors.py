"""The tree of errors is the one that is drawn, and every class keeps what it promises."""

from __future__ import annotations

import ast
import inspect
import pickle
import re

import pytest

from isolated_environment import errors
from isolated_environment.errors import IsolatedEnvironmentError
from tests.support.house import CHECKOUT, LIBRARY, modules

SECRET = "s3cr3t"
URL = f"https://user:{SECRET}@host.example/simple"

CLASSES = [
    value
    for _, value in sorted(vars(errors).items())
    if inspect.isclass(value) and issubclass(value, IsolatedEnvironmentError)
]
BY_NAME = {cls.__name__: cls for cls in CLASSES}
each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)

_LINE = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>\w+)(?: \((?P<builtin>[\w.]+)\))?(?P<rest>.*)$")


class Drawn:
    """One line of the drawn tree."""

    def __init__(self, line: str, path: list[str]) -> None:
        match = _LINE.match(line)
        assert match, line
        self.name = match["name"]
        self.depth = len(match["indent"]) // 4
        self.parent = path[self.depth - 1] if self.depth else None
        self.builtin = match["builtin"]
        words = match["rest"].strip()
        #: Field names; a line of prose in their place stands for no fields of its own.
        self.fields = set(words.split(", ")) if words and re.fullmatch(r"\w+(, \w+)*", words) else set()


def drawn() -> dict[str, Drawn]:
    """The tree in the docstring of the module."""
    text = inspect.getdoc(errors) or ""
    block = text.split("::\n", 1)[1].split("\n\n    IsolatedEnvironmentWarning")[0]
    found: dict[str, Drawn] = {}
    path: list[str] = []
    for line in inspect.cleandoc(block).splitlines():
        node = Drawn(line, path)
        path = [*path[: node.depth], node.name]
        found[node.name] = node
    return found


def ours(cls: type) -> type | None:
    """The class of ours that *cls* inherits directly."""
    return next((base for base in cls.__bases__ if issubclass(base, IsolatedEnvironmentError)), None)


def own_fields(cls: type) -> set[str]:
    return set(inspect.get_annotations(cls)) - {"code"}


def all_fields(cls: type) -> set[str]:
    return set().union(*(own_fields(base) for base in cls.__mro__ if issubclass(base, IsolatedEnvironmentError)))


def example(cls: type[IsolatedEnvironmentError]) -> IsolatedEnvironmentError:
    """An instance with a value of the right kind in every field."""
    values = {
        "str": "text",
        "str | None": "text",
        "int": 3,
        "int | None": 3,
        "float": 1.5,
        "tuple[str, ...]": ("a", "b"),
    }
    kinds: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        kinds.update(inspect.get_annotations(base) if issubclass(base, IsolatedEnvironmentError) else {})
    kinds.pop("code")
    return cls("what happened", hint="what to do", **{name: values[kind] for name, kind in kinds.items()})


def test_the_drawn_tree_is_the_real_tree() -> None:
    tree = drawn()
    assert set(tree) == set(BY_NAME)
    for name, node in tree.items():
        parent = ours(BY_NAME[name])
        assert node.parent == (parent.__name__ if parent else None), name


def test_the_builtin_beside_each_class_is_the_drawn_one() -> None:
    for name, node in drawn().items():
        beside = [base for base in BY_NAME[name].__bases__ if not issubclass(base, IsolatedEnvironmentError)]
        written = [f"{base.__module__}.{base.__qualname__}".removeprefix("builtins.") for base in beside]
        assert written == ([node.builtin or "Exception"] if node.builtin or name == "IsolatedEnvironmentError" else [])


def test_the_fields_of_each_class_are_the_drawn_ones() -> None:
    for name, node in drawn().items():
        if own_fields(BY_NAME[name]) - {"message", "hint"}:
            assert own_fields(BY_NAME[name]) == node.fields, name
        else:
            assert not node.fields, name


def test_the_parser_of_the_drawing_sees_depth_builtin_and_fields() -> None:
    node = Drawn("│   │   ├── OwnerNotFoundError (LookupError)       owner, path", ["Root", "Store", "Owner"])
    assert (node.name, node.depth, node.parent, node.builtin) == ("OwnerNotFoundError", 3, "Owner", "LookupError")
    assert node.fields == {"owner", "path"}
    assert Drawn("    └── XError   no set of versions", ["Root", "Other"]).fields == set()


def test_codes_are_kebab_case_and_unique() -> None:
    codes = [cls.__dict__.get("code") for cls in CLASSES]
    assert None not in codes, "each class has a code of its own"
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(-[a-z]+)*", str(code))] == []


def sections() -> dict[str, str]:
    """The page on errors by its anchors: the headings of the third level."""
    text = (CHECKOUT / "docs" / "reference" / "errors.md").read_text("utf-8")
    parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_has_a_section_for_each_code_and_no_other() -> None:
    assert sorted(sections()) == sorted(cls.code for cls in CLASSES)


@each_class
def test_the_section_names_class_builtins_and_fields(cls: type[IsolatedEnvironmentError]) -> None:
    text = sections()[cls.code]
    assert f"`{cls.__name__}`" in text
    beside = {node.builtin for name, node in drawn().items() if node.builtin and issubclass(cls, BY_NAME[name])}
    assert [builtin for builtin in beside if f"`{builtin}`" not in text] == []
    assert [name for name in own_fields(cls) - {"message", "hint"} if f"`{name}`" not in text] == []


@each_class
def test_it_is_caught_as_its_builtins_and_as_the_root(cls: type[IsolatedEnvironmentError]) -> None:
    for base in cls.__mro__:
        if base in {object, BaseException}:
            continue
        with pytest.raises(base):
            raise example(cls)


@each_class
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_survives_pickling_with_every_field(cls: type[IsolatedEnvironmentError], protocol: int) -> None:
    error = example(cls)
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is cls
    assert (again.message, again.hint, str(again), again.args) == (error.message, error.hint, str(error), error.args)
    assert {name: getattr(again, name) for name in all_fields(cls)} == {
        name: getattr(error, name) for name in all_fields(cls)
    }
    assert again.diagnostics() == error.diagnostics()


@each_class
def test_credentials_are_masked_wherever_they_stand(cls: type[IsolatedEnvironmentError]) -> None:
    fields = {
        name: (f"a {URL}", URL) if isinstance(value, tuple) else URL if isinstance(value, str) else value
        for name in all_fields(cls)
        for value in [getattr(example(cls), name)]
    }
    error = cls(f"cannot read {URL}", hint=f"try {URL}", **fields)
    shown = [str(error), repr(error), error.diagnostics(), repr(error.args), repr(vars(error))]
    assert [text for text in shown if SECRET in text] == []
    assert "https://****@host.example/simple" in error.message
    assert SECRET.encode() not in pickle.dumps(error)


@each_class
def test_it_shows_the_message_and_the_hint(cls: type[IsolatedEnvironmentError]) -> None:
    assert str(cls("what happened")).splitlines()[0] == "what happened"
    assert "None" not in str(cls("what happened"))
    assert str(example(cls)).splitlines()[-1] == "hint: what to do"
    shown = example(cls).diagnostics()
    assert f"code: {cls.code}" in shown
    assert [name for name in all_fields(cls) if f"{name}:" not in shown] == []


def test_a_build_error_is_what_subprocess_raises() -> None:
    error = errors.BuildError("failed", step="install", argv=("pip", "x"), returncode=2, tail=("one", "two"))
    assert (error.cmd, error.returncode, error.output, error.stdout, error.stderr) == (
        ("pip", "x"),
        2,
        "one\ntwo",
        "one\ntwo",
        None,
    )
    assert str(error) == "failed\n    one\n    two"


def test_a_build_error_shows_the_last_twelve_lines_and_the_log() -> None:
    tail = tuple(f"line {number}" for number in range(40))
    text = str(errors.BuildError("failed", tail=tail, log_path="/x/log", hint="look"))
    assert text.splitlines() == ["failed", *(f"    {line}" for line in tail[-12:]), "log: /x/log", "hint: look"]


def raised_without_fields(name: str, source: str) -> list[str]:
    """Places that make an error of ours without one of its fields, which would be an AttributeError later."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BY_NAME):
            continue
        cls = BY_NAME[node.func.id]
        defaulted = set(vars(errors.BuildError("x"))) if issubclass(cls, errors.BuildError) else set()
        given = {keyword.arg for keyword in node.keywords}
        missing = all_fields(cls) - {"message", "hint"} - defaulted - given
        if missing and None not in given:
            found.append(f"{name}:{node.lineno} {cls.__name__} without {', '.join(sorted(missing))}")
    return found


def test_every_error_is_made_with_all_its_fields() -> None:
    assert [line for path in modules(LIBRARY) for line in raised_without_fields(path.name, path.read_text())] == []
    assert raised_without_fields("bad", "raise InvalidIndexError('x', hint='y')") == [
        "bad:1 InvalidIndexError without url"
    ]


def test_the_warning_is_a_user_warning() -> None:
    assert issubclass(errors.IsolatedEnvironmentWarning, UserWarning)
    assert not issubclass(errors.IsolatedEnvironmentWarning, IsolatedEnvironmentError)
