"""Functions and classes of the application run in another Python: by value in the same, as source in others."""

from __future__ import annotations

import copyreg
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from isolated_environment.errors import SerializationError
from tests.support import functions
from tests.support.far import HERE, Far, Refused, far


@pytest.fixture(scope="module")
def same() -> Iterator[Far]:
    with far(HERE) as other:
        yield other


@pytest.mark.parametrize("name", functions.CASES)
def test_a_function_returns_there_what_it_returns_here(there: Far, name: str) -> None:
    make, args, expected = functions.CASES[name]
    assert there(make(), *args) == expected


def test_functions_share_the_variables_of_the_function_they_stand_in(there: Far) -> None:
    made = functions.nested()
    assert there(functions.call_all, made["bump"], made["bump"], made["read"]) == [1, 2, 2]


def test_a_variable_that_has_no_value_yet_has_none_there(there: Far) -> None:
    with pytest.raises(Refused, match="NameError"):
        there(functions.nested()["later"])


def test_functions_of_one_module_see_each_other_s_globals(there: Far) -> None:
    assert there(functions.call_all, functions.counts, functions.counts) == [41, 42]
    assert functions._count == 40, "the host's is another"


def test_what_is_shared_in_a_value_is_shared_there(there: Far) -> None:
    items: list[int] = []
    assert there(functions.call, _are_one, items, {"again": items})


def _are_one(one: object, other: dict[str, object]) -> bool:
    return other["again"] is one


def test_an_instance_comes_back_as_one_of_the_host_s_class(there: Far) -> None:
    made = there(functions.Box, functions.Weight.LIGHT)
    assert type(made) is functions.Box
    assert made.weight is functions.Weight.LIGHT
    assert there.echo(functions.Derived) is functions.Derived
    local = functions.nested()["local"]
    assert there.echo(local) is local


def test_a_class_stays_the_same_class_there(there: Far) -> None:
    keep = there.echo  # one call after the other
    assert type(keep(functions.Box(functions.Weight.HEAVY))) is functions.Box
    assert there(_is_known, functions.Weight.LIGHT, functions.Weight)


def test_a_class_is_made_once_in_a_worker(there: Far) -> None:
    assert there(_same_class_as_before, functions.Box(functions.Weight.HEAVY)) is None
    assert there(_same_class_as_before, functions.Box(functions.Weight.HEAVY)) is True


def _same_class_as_before(box: functions.Box) -> bool | None:
    import sys

    before = getattr(sys, "kept_for_a_test", None)
    sys.kept_for_a_test = type(box)  # type: ignore[attr-defined]
    return before and before is type(box)


def test_annotations_of_what_is_not_there_stay_here(there: Far) -> None:
    def annotated(x: int) -> int:
        return x

    annotated.__annotations__ = {"x": pytest.Item, "return": int}
    assert there(annotated, 1) == 1


def test_a_class_that_needs_a_variable_that_is_gone_is_refused(oldest: Far) -> None:
    size = 3

    class Sized:
        length = size

    with pytest.raises(SerializationError, match="'size', which its definition uses"):
        oldest(Sized)


def _is_known(member: functions.Weight, kind: type[functions.Weight]) -> bool:
    return member is kind.LIGHT


def test_a_function_with_assertions_that_pytest_rewrote_travels(there: Far) -> None:
    assert there(asserting, 2) == 4


def asserting(x: int) -> int:
    assert x == 2, "two"
    return x * 2


def test_a_traceback_shows_the_lines_of_the_host_s_file(there: Far) -> None:
    with pytest.raises(Refused) as caught:
        there(failing)
    line = failing.__code__.co_firstlineno + 2
    assert f'"{__file__}", line {line}, in failing' in caught.value.told[1]


def failing() -> None:
    """Fail."""
    raise ValueError("as it should")


def test_a_function_comes_back_as_the_host_s_own(oldest: Far) -> None:
    assert oldest.echo(functions.plain) is functions.plain
    made = functions.nested()["climb"]
    assert oldest.echo(made) is made


def new_syntax(x: object) -> object:
    match x:
        case [first, *_]:
            return first
        case _:
            return None


def test_syntax_that_the_other_python_has_not_is_refused_before_it_is_sent(oldest: Far) -> None:
    with pytest.raises(SerializationError, match=r"Python 3\.8 has no such syntax") as caught:
        oldest(new_syntax, [1])
    assert caught.value.path == "target"
    assert caught.value.type_name.endswith(".new_syntax")


def test_code_without_source_is_refused_for_another_python(oldest: Far, same: Far) -> None:
    space: dict[str, Any] = {"__name__": __name__}
    exec("def hidden():\n    return 1\n\nclass Hidden:\n    pass", space)
    assert same(space["hidden"]) == 1
    for what in ("hidden", "Hidden"):
        with pytest.raises(SerializationError, match=r"its source|no source"):
            oldest(space[what])


def test_a_code_object_never_travels_to_another_python(oldest: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(copyreg.dispatch_table, CodeType, lambda code: (CodeType, (code.co_code,)))
    with pytest.raises(SerializationError, match="a code object cannot travel to another Python"):
        oldest(functions.call, functions.plain.__code__)


def test_a_script_s_own_functions_and_classes_travel(tmp_path: Path) -> None:
    """What stands in ``__main__``."""
    script = tmp_path / "script.py"
    script.write_text(
        "import dataclasses, enum, sys\n"
        "from tests.support.far import far\n\n"
        "class Color(enum.Enum):\n    RED = 1\n\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int\n    color: Color = Color.RED\n\n"
        "def move(point, by=1):\n    return Point(point.x + by, Color.RED)\n\n"
        "for minor in sys.argv[1:]:\n"
        "    with far(minor) as there:\n"
        "        assert there(move, Point(1)) == Point(2), minor\n"
        "        assert there(lambda point: point.color, Point(1)) is Color.RED, minor\n"
    )
    argv = [sys.executable, str(script), *{"3.8", HERE}]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"}
    import os

    if "PYENV_ROOT" in os.environ:
        environment["PYENV_ROOT"] = os.environ["PYENV_ROOT"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
