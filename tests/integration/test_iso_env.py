"""A program that was written for iso-env: one line of it changes, the import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.compat import iso_env
from isolated_environment.compat.iso_env import IsoEnv, IsoEnvArgs, PyProjectToml, Requirements
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheels

ALPHA = {"version": "1.5", "scripts": {"alpha": "alpha:main"}}
PYTHON = f"=={sys.version_info[0]}.{sys.version_info[1]}.*"


def test_the_example_of_its_readme(tmp_path):
    args = IsoEnvArgs(
        venv_path=tmp_path / "venv",
        build_info=Requirements('alpha==1.0 # a comment\n\ndelta; python_version > "3"\n', python_version=PYTHON),
    )
    iso = IsoEnv(args)
    assert not iso.installed()
    assert not args.venv_path.exists(), "asking makes nothing"
    assert iso.run(["alpha"], capture_output=True, text=True).stdout == "alpha 1.0\n"
    assert iso.installed()
    with iso.open_proc(["alpha"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.read() == "alpha 1.0\n"
    assert iso_env.iso_run(args, ["alpha"], capture_output=True, verbose=True).returncode == 0
    assert iso_env.iso_open_process(args, ["alpha"], stdout=subprocess.DEVNULL).wait() == 0
    assert set(iso_env.__all__) == {
        *("IsoEnv", "IsoEnvArgs", "PyProjectToml", "Requirements", "iso_open_process", "iso_run"),
    }


def test_a_change_takes_effect_and_one_that_fails_leaves_what_is_there(tmp_path):
    def iso(text: str) -> IsoEnv:
        return IsoEnv(IsoEnvArgs(tmp_path / "venv", Requirements(text)))

    def version(text: str) -> str:
        return iso(text).run(["alpha"], capture_output=True, text=True).stdout.split()[1]

    assert version("alpha==1.0") == "1.0"
    assert version("alpha==2.0") == "2.0"
    with pytest.raises(errors.ResolutionError):
        version("alpha==9")
    with pytest.raises(errors.ResolutionError):
        version("alpha==9")
    assert not iso("alpha==9").installed()
    assert version("alpha==2.0") == "2.0"


def test_a_command_that_fails_raises_unless_it_is_said_otherwise(tmp_path):
    iso = IsoEnv(IsoEnvArgs(tmp_path / "venv", Requirements("")))
    with pytest.raises(subprocess.CalledProcessError):
        iso.run(["python", "-c", "raise SystemExit(3)"])
    assert iso.run(["python", "-c", "raise SystemExit(3)"], check=False).returncode == 3


def test_env_is_all_that_the_command_gets_and_stays_the_caller_s(tmp_path, monkeypatch):
    monkeypatch.setenv("ONLY_HOST", "1")
    given = {"MINE": "2", "VIRTUAL_ENV": "/elsewhere", "PATH": os.environ["PATH"]}
    before = dict(given)
    iso = IsoEnv(IsoEnvArgs(tmp_path / "venv", Requirements("alpha")))
    script = "import os, sys; print(os.getenv('MINE'), os.getenv('ONLY_HOST'), sys.prefix == os.environ['VIRTUAL_ENV'])"
    said = iso.run(["python", "-c", script], env=given, capture_output=True, text=True).stdout
    assert said == "2 None True\n"
    assert given == before
    assert iso.run(["alpha"], env=given, capture_output=True).returncode == 0


def test_a_relative_path_is_fixed_when_it_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = IsoEnvArgs(Path("venv"), Requirements("alpha"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    IsoEnv(args).run(["alpha"], stdout=subprocess.DEVNULL)
    assert args.venv_path == tmp_path / "venv"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_pyproject_with_indexes_and_sources(tmp_path):
    with PackageIndex(make_wheels(tmp_path / "other", {"alpha": ALPHA, "delta": "9.0"})).running() as index:
        text = f"""
            [project]
            name = "project"
            version = "0.1.0"
            requires-python = "{PYTHON}"
            dependencies = ["alpha", "delta", "gamma[more]>=1"]

            [tool.uv]
            constraint-dependencies = ["delta<9"]
            build-constraint-dependencies = ["setuptools<82"]

            [tool.uv.sources]
            alpha = [{{ index = "other", marker = "sys_platform != 'nothing'" }}, {{ index = "gone" }}]
            delta = [{{ index = "other", marker = "sys_platform == 'nothing'" }}]

            [[tool.uv.index]]
            name = "other"
            url = "{index.url}"
            explicit = true
        """
        iso = IsoEnv(IsoEnvArgs(tmp_path / "venv", PyProjectToml(text)))
        assert iso.run(["alpha"], capture_output=True, text=True).stdout == "alpha 1.5\n"
    assert PyProjectToml(text).declared()["build_constraints"] == ["setuptools<82"]
    versions = {each.name: each.version for each in iso.environment.pip_list()}
    assert versions == {"alpha": "1.5", "delta": "1.0", "gamma": "1.0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[project", "cannot be read"),
        ("project = 3", "cannot be read"),
        ("[project]\ndependencies = ['a b c']", "cannot be read"),
        ("[tool.uv]\noverride-dependencies = ['a==1']", "tool.uv.override-dependencies cannot be honoured"),
        ("[[tool.uv.index]]\nurl = 'http://127.0.0.1/simple'", "would be asked for every project"),
        ("[project]\ndependencies = ['a']\n[tool.uv.sources]\na = { index = 'x' }", "no index 'x'"),
        ("[project]\ndependencies = ['a']\n[tool.uv.sources]\na = { workspace = true }", "source of a cannot"),
    ],
)
def test_what_cannot_be_honoured_is_said_before_anything_is_made(tmp_path, text, said):
    with pytest.raises(errors.RequestError, match=said):
        IsoEnv(IsoEnvArgs(tmp_path / "venv", PyProjectToml(text))).run(["a"])
    assert not (tmp_path / "venv").exists()


def test_direct_sources_become_direct_references():
    text = """
        [project]
        dependencies = ["a[x]>=1 ; python_version > '3'", "b", "c"]
        [tool.uv.sources]
        a = { git = "https://h/a", tag = "v1", subdirectory = "sub" }
        b = { url = "https://h/b-1.0.zip" }
        [[tool.uv.index]]
        url = "https://mirror/simple"
        default = true
    """
    declared = PyProjectToml(text).declared()
    assert declared["requirements"] == [
        'a[x] @ git+https://h/a@v1#subdirectory=sub ; python_version > "3"',
        "b @ https://h/b-1.0.zip",
        "c",
    ]
    assert [index.default for index in declared["indexes"]] == [True]
