"""What builds from source need is limited apart from what the environment holds."""

from __future__ import annotations

import tarfile
from io import BytesIO

import pytest

from isolated_environment import errors
from isolated_environment.testing import assert_has
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel

#: A build backend whose second release lost what the project needs, as setuptools 82 did with pkg_resources.
BACKEND = """
import os, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import old_part
    name, info = "fromsource-1.0-py3-none-any.whl", "fromsource-1.0.dist-info"
    files = {
        "fromsource.py": f"BUILT_BY = {old_part.VERSION!r}",
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: fromsource\\nVersion: 1.0\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"]))
    return name
"""
PROJECT = """
[project]
name = "fromsource"
version = "1.0"
[build-system]
requires = ["backend"]
build-backend = "backend"
"""


@pytest.fixture
def index(tmp_path):
    directory = tmp_path / "files"
    old = {"backend.py": BACKEND, "old_part.py": "VERSION = '1.0'"}
    make_wheel(directory, "backend", "1.0", files=old)
    make_wheel(directory, "backend", "2.0", files={"backend.py": BACKEND})
    with tarfile.open(directory / "fromsource-1.0.tar.gz", "w:gz") as archive:
        metadata = "Metadata-Version: 2.2\nName: fromsource\nVersion: 1.0\n"
        for name, text in {"pyproject.toml": PROJECT, "PKG-INFO": metadata}.items():
            member = tarfile.TarInfo(f"fromsource-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, BytesIO(text.encode()))
    with PackageIndex(directory).running() as running:
        yield running


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))


def test_a_build_takes_an_older_backend_and_the_environment_does_not(make, index, toolchain):
    with pytest.raises(errors.BuildError, match="old_part"):
        make(["fromsource"], toolchain=toolchain).ensure()
    env = make(["fromsource", "backend"], build_constraints=["backend<2"], toolchain=toolchain)
    assert (
        env.run(["python", "-c", "import fromsource as f; print(f.BUILT_BY)"], capture_output=True).stdout == b"1.0\n"
    )
    assert_has(env, "backend==2.0", "fromsource==1.0")
    assert make(["fromsource", "backend"], build_constraints=["backend<2"], toolchain=toolchain).installed()
    assert not make(["fromsource", "backend"], toolchain=toolchain).installed(), "it is part of what is declared"
    adding = make(toolchain=toolchain).pip_install("backend<3")
    assert adding.pip_has("fromsource==1.0"), "and what was built with it stays"


def test_the_last_pip_for_3_8_does_not_know_it(make, index):
    from tests.support.far import present

    if "3.8" not in present():
        pytest.skip("no Python 3.8 on this machine")
    with pytest.raises(errors.RequestError, match=r"last pip for Python 3\.8"):
        make(["fromsource"], build_constraints=["backend<2"], toolchain="pip", python="3.8").ensure()
