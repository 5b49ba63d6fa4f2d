"""Mappings: what an environment's commands, and what installers, inherit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolated_environment import environ
from isolated_environment.environ import (
    EnvPatch,
    host_environment,
    name_of_path,
    overlay,
    patch_for_installer,
    patch_for_prefix,
)

FOREIGN = {
    "PYTHONPATH": "/x",
    "PYTHONHOME": "/x",
    "PYTHONSTARTUP": "/x",
    "PYTHONUSERBASE": "/x",
    "PYTHONNOUSERSITE": "1",
    "__PYVENV_LAUNCHER__": "/x",
    "VIRTUAL_ENV": "/other",
    "VIRTUAL_ENV_PROMPT": "other",
    "CONDA_PREFIX": "/conda",
    "CONDA_DEFAULT_ENV": "base",
    "_CONDA_ROOT": "/conda",
    "_CE_CONDA": "",
    "MAMBA_ROOT_PREFIX": "/m",
    "PIXI_PROJECT_ROOT": "/p",
    "PIPENV_ACTIVE": "1",
    "POETRY_ACTIVE": "1",
    "PYENV_VIRTUAL_ENV": "/x",
    "_OLD_VIRTUAL_PATH": "/x",
    "PIP_TARGET": "/x",
    "PIP_PREFIX": "/x",
    "PIP_ROOT": "/x",
    "PIP_USER": "1",
    "PIP_PYTHON": "/x",
    "UV_SYSTEM_PYTHON": "1",
    "UV_BREAK_SYSTEM_PACKAGES": "1",
    "UV_PROJECT_ENVIRONMENT": "/x",
    "UV_WORKING_DIR": "/x",
}
OWN = {
    "HOME": "/home-of-user",
    "LANG": "C.UTF-8",
    "PIP_INDEX_URL": "https://h",
    "UV_DEFAULT_INDEX": "https://h",
    "HTTPS_PROXY": "http://p",
    "SSL_CERT_FILE": "/c.pem",
    "LD_LIBRARY_PATH": "/l",
    "MY_PYTHONPATH": "/mine",
    "CUDA_VISIBLE_DEVICES": "0",
}


def test_the_mapping_acts_on_the_prefix_and_on_nothing_else() -> None:
    base = {**FOREIGN, **OWN, "PATH": "/usr/bin:/bin"}
    mapping = patch_for_prefix("/p").apply(base)
    assert mapping == {**OWN, "PATH": "/p/bin:/usr/bin:/bin", "VIRTUAL_ENV": "/p", "UV_PYTHON": "/p/bin/python"}


def test_nothing_that_was_given_is_changed() -> None:
    base = {**FOREIGN, "PATH": "/usr/bin"}
    before = dict(base)
    patch_for_prefix("/p").apply(base)
    patch_for_installer({"A": "1"}).apply(base)
    assert base == before
    changes = {"A": None, "B": "1"}
    overlay({"A": "0"}, changes)
    assert changes == {"A": None, "B": "1"}
    mine = host_environment()
    mine["ONLY_MINE"] = "1"
    assert "ONLY_MINE" not in os.environ


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ({}, f"/p/bin:{os.defpath}"),
        ({"PATH": ""}, "/p/bin"),
        ({"PATH": "/a:/b"}, "/p/bin:/a:/b"),
        ({"PATH": ":/a"}, "/p/bin::/a"),
        ({"PATH": "/p/bin:/a"}, "/p/bin:/p/bin:/a"),
        ({"Path": "/a"}, f"/p/bin:{os.defpath}"),
    ],
)
def test_the_scripts_come_first_on_path_and_the_rest_stays(base: dict[str, str], path: str) -> None:
    assert patch_for_prefix("/p").apply(base)["PATH"] == path


def test_windows_calls_path_what_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ, "WINDOWS", True)
    assert name_of_path({"A": "", "Path": "x"}) == "Path"
    assert name_of_path({}) == "PATH"
    changed = EnvPatch(first_on_path="C:\\p").apply({"Path": "C:\\w"})
    assert changed == {"Path": f"C:\\p{os.pathsep}C:\\w"}


def test_an_installer_inherits_no_setting_of_an_installer() -> None:
    noise = {
        "COLUMNS": "60",
        "PIP_NO_DEPS": "1",
        "UV_CONFIG_FILE": "/x",
        "VIRTUALENV_PIP": "1",
        "SETUPTOOLS_USE_DISTUTILS": "x",
    }
    base = {**FOREIGN, **noise, "LD_PRELOAD": "/evil.so", "PATH": "/usr/bin", "HTTPS_PROXY": "http://p", "HOME": "/h"}
    assert patch_for_installer({"PIP_INDEX_URL": "https://h"}).apply(base) == {
        "PATH": "/usr/bin",
        "HTTPS_PROXY": "http://p",
        "HOME": "/h",
        "PIP_INDEX_URL": "https://h",
    }


def test_values_come_after_removals_and_none_removes() -> None:
    patch = EnvPatch(unset_prefixes=("A",), unset_names=frozenset({"B"}), values={"A1": "1", "B": "2", "C": None})
    assert patch.apply({"A1": "0", "A2": "0", "B": "0", "C": "0", "D": "0"}) == {"A1": "1", "B": "2", "D": "0"}
    assert EnvPatch().apply({"A": "1"}) == {"A": "1"}


def test_an_overlay_sets_takes_paths_and_removes() -> None:
    mapping = {"A": "1", "B": "2"}
    assert overlay(mapping, {"A": None, "B": Path("/x"), "C": "", "D": None}) is mapping
    assert mapping == {"B": "/x", "C": ""}


@pytest.mark.parametrize("value", [1, 1.5, True, ["x"], b"x"])
def test_what_is_no_value_of_a_variable_is_refused_by_name(value: object) -> None:
    with pytest.raises(TypeError, match="environment variable A must be a string"):
        overlay({}, {"A": value})


@given(st.dictionaries(st.sampled_from([*FOREIGN, *OWN, "PATH", "ANY"]), st.text(max_size=5)))
def test_any_base_gives_a_sound_mapping(base: dict[str, str]) -> None:
    mapping = patch_for_prefix("/p").apply(base)
    assert mapping["PATH"].split(":")[0] == "/p/bin"
    assert mapping["VIRTUAL_ENV"] == "/p"
    assert not (FOREIGN.keys() - {"VIRTUAL_ENV"}) & mapping.keys()
    kept = {name: value for name, value in base.items() if name in OWN or name == "ANY"}
    assert {name: mapping[name] for name in kept} == kept
