"""What is shipped: a source archive that builds the wheel, and a wheel that works without the checkout."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.toolchains.pip import bundled_wheels
from tests.support.house import CHECKOUT, LIBRARY

pytestmark = pytest.mark.xdist_group("one distribution for all")

#: What the projects that are needed at run time may be: design, section 13.
DEPENDENCIES = {
    *("filelock", "packaging", "platformdirs", "python-discovery", "requests"),
    *("tomli", "tomli-w", "uv", "virtualenv", "cloudpickle"),
}


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    return {}


@pytest.fixture
def wheel(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source archive, which was built from a copy of the checkout; offline."""
    if not built:
        source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
        for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE", "CHANGELOG.md"):
            shutil.copy2(CHECKOUT / name, source)
        for name in ("isolated_environment", "tests", "docs", "benchmarks"):
            shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        argv = ["uv", "build", "--no-config", "--offline", "--no-index", "--find-links", str(bundled_wheels())]
        subprocess.run([*argv, "--quiet", "--out-dir", str(target), str(source)], check=True)
        (built["wheel"],) = target.glob("*.whl")
        (built["sdist"],) = target.glob("*.tar.gz")
    return built["wheel"]


@pytest.fixture
def sdist(built: dict[str, Path], wheel: Path) -> Path:
    return built["sdist"]


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = {name for name in names if ".dist-info/" in name}
    sources = {path.relative_to(CHECKOUT).as_posix() for path in LIBRARY.rglob("*.py")}
    assert names - info == sources | {"isolated_environment/py.typed"}
    assert "isolated_environment/child/run_pip.py" in names
    kinds = {name.split("/", 1)[1] for name in info}
    assert kinds >= {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def test_the_wheel_is_for_every_machine(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        (points,) = [archive.read(name).decode() for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert points.split() == ["[console_scripts]", "isolated-environment", "=", "isolated_environment.cli:main"]


def test_the_metadata(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    assert metadata["Name"] == "isolated_environment"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Summary"]
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_dependencies_are_within_their_budget(wheel: Path) -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    required = [Requirement(text) for text in metadata_of(wheel).get_all("Requires-Dist", [])]
    assert {canonicalize_name(each.name) for each in required} <= DEPENDENCIES
    assert [str(each) for each in required if not each.specifier] == [], "each says since when it serves"
    assert not metadata_of(wheel).get_all("Provides-Extra"), "development tools are a dependency group"


def test_the_source_archive_can_be_built_from(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"pyproject.toml", "setup.cfg", "README.md", "LICENSE", "isolated_environment/py.typed"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.fixture
def host(wheel: Path, tmp_path: Path) -> Path:
    """An interpreter with the wheel installed; what it depends on comes from the tests' own site-packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "host")], check=True)
    python = tmp_path / "host" / "bin" / "python"
    argv = ["uv", "pip", "install", "--quiet", "--no-deps", "--no-index", "--python", str(python), str(wheel)]
    subprocess.run(argv, check=True)
    (site_packages,) = (tmp_path / "host").glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def said(host: Path, *words: str) -> str:
    return subprocess.run([str(host), *words], capture_output=True, text=True, check=True, cwd=host.parent).stdout


def test_the_installed_library_is_the_wheel_s(host: Path) -> None:
    script = "import isolated_environment as library; print(library.__file__, library.__version__)"
    file, version = said(host, "-I", "-c", script).split()
    assert Path(file).is_relative_to(host.parent.parent)
    assert said(host, "-m", "isolated_environment", "--version") == f"isolated-environment {version}\n"


def test_a_child_program_runs_from_the_installed_wheel(host: Path, tmp_path: Path, index: PackageIndex) -> None:
    """The pip toolchain resolves and installs by ``child/run_pip.py``, and so does the environment's own ``pip``."""
    script = (
        "import sys; from isolated_environment import IsolatedEnvironment\n"
        "env = IsolatedEnvironment(sys.argv[1], ['alpha<2'], toolchain='pip')\n"
        "env.run(['pip', 'list', '--format=freeze'], check=True)\n"
    )
    assert said(host, "-I", "-c", script, str(tmp_path / "env")) == "alpha==1.0\n"
    (shim,) = (tmp_path / "env").glob("g*/bin/pip")
    (site_packages,) = (tmp_path / "host").glob("lib/python*/site-packages")
    assert str(site_packages / "isolated_environment" / "child" / "run_pip.py") in shim.read_text()
    assert index.asked_for("alpha-1.0")
