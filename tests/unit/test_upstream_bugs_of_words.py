"""Bugs of the packages before this one, where nothing has to be built: words, texts, mappings and warnings."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolated_environment import errors
from isolated_environment.environ import make_mapping
from isolated_environment.process import prepare
from isolated_environment.reporter import warn
from isolated_environment.requirement_text import read_file, read_text

#: Lines as people write them, and what is read of them.
LINES = {
    "": None,
    "   ": None,
    "# a comment": None,
    "alpha": "alpha",
    "beta>=1,<2  # why": "beta<2,>=1",
    "gamma; python_version < '3.12'": 'gamma ; python_version < "3.12"',
    'delta; python_version < "3.12"': 'delta ; python_version < "3.12"',
    "epsilon[a, b] ; os_name == 'nt' or extra == \"x\"": 'epsilon[a,b] ; os_name == "nt" or extra == "x"',
    "zeta @ https://host/zeta-1.0.zip": "zeta @ https://host/zeta-1.0.zip",
    "eta == \\\n  1.0": "eta==1.0",
    "theta--iota": "theta-iota",
    "--pre": None,
    "été Ω": errors.InvalidRequirementError,
    "# été Ω": None,
}
SOUND = [line for line, read in LINES.items() if read is not errors.InvalidRequirementError]


@given(st.lists(st.sampled_from(SOUND)), st.sampled_from(["\n", "\r\n"]))
def test_lines_of_a_text_are_read_one_by_one_in_any_mixture(lines: list[str], end: str) -> None:
    found = read_text(end.join(line.replace("\n", end) for line in lines))
    assert [item.text for item in found.requirements] == [read for line in lines if (read := LINES[line])]


@given(st.text("ab \t\n\r\"'\\#;=<>-[]@.1é", max_size=30))
def test_any_text_of_lines_is_read_or_refused_with_a_typed_error(text: str) -> None:
    with contextlib.suppress(errors.RequestError):
        assert all(len(item.text.splitlines()) == 1 for item in read_text(text).requirements)


def test_a_file_is_read_as_utf_8_whatever_the_locale_says(tmp_path: Path) -> None:
    for line, read in LINES.items():
        file = tmp_path / "requirements.txt"
        file.write_bytes(f"alpha\n{line}\n".encode())
        if read is errors.InvalidRequirementError:
            with pytest.raises(errors.InvalidRequirementError, match="été Ω"):
                read_file(file)
        else:
            assert [item.text for item in read_file(file).requirements][1:] == ([read] if read else [])


@pytest.mark.parametrize("way", ["the process's own", "a dictionary"])
def test_no_variable_of_what_is_given_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX"):
        monkeypatch.setenv(name, "/mine")
    base = os.environ if way == "the process's own" else dict(os.environ)
    before = dict(base)
    mapping = make_mapping(str(tmp_path), base, {})
    prepare(str(tmp_path), ["/bin/true"], {"env": base})
    assert dict(base) == before
    assert mapping["VIRTUAL_ENV"] == str(tmp_path)


def test_a_warning_is_one_of_python_s_own_and_sets_no_variable() -> None:
    before = dict(os.environ)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(2):
            warn("x")
    assert [(str(each.message), each.category) for each in seen] == [("x", errors.IsolatedEnvironmentWarning)] * 2
    with warnings.catch_warnings():
        warnings.simplefilter("error", errors.IsolatedEnvironmentWarning)
        with pytest.raises(errors.IsolatedEnvironmentWarning):
            warn("x")
    assert dict(os.environ) == before
