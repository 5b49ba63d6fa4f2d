"""Names under a root and inside a prefix, checked against the interpreter's own word."""

from __future__ import annotations

import subprocess
import sys
import sysconfig

import pytest

from isolated_environment import layout
from isolated_environment.layout import Layout, bin_of, generation_number, python_of, site_packages_of


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("g1", 1),
        ("g12", 12),
        ("g0", 0),
        ("g", None),
        ("", None),
        ("1", None),
        ("h1", None),
        ("G1", None),
        ("g1x", None),
        ("g-1", None),
        ("g 1", None),
        ("g²", None),
        ("g\u0661", None),
        ("g1/..", None),
    ],
)
def test_names_of_generations(name: str, number: int | None) -> None:
    assert generation_number(name) == number


def test_every_path_lies_under_the_root() -> None:
    made = Layout("/r/with blank")
    paths = [getattr(made, name) for name in dir(Layout) if isinstance(getattr(Layout, name), property)]
    paths += [made.lease("g1"), made.prefix("g1")]
    assert [path for path in paths if not path.startswith("/r/with blank/")] == []
    assert len(set(paths)) == len(paths) == 13


def test_paths_of_a_prefix_are_those_of_its_interpreter() -> None:
    """A virtual environment says itself where its parts are (sysconfig, scheme ``venv``)."""
    variables = {"base": "/p", "platbase": "/p", "installed_base": "/p", "installed_platbase": "/p"}
    assert bin_of("/p") == sysconfig.get_path("scripts", "venv" if sys.version_info >= (3, 11) else None, variables)
    version = ".".join(map(str, sys.version_info[:3]))
    threading = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    scheme = "venv" if sys.version_info >= (3, 11) else "posix_prefix"
    assert site_packages_of("/p", version + threading) == sysconfig.get_path("purelib", scheme, variables)


def test_paths_of_a_real_environment(tmp_path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    prefix = str(tmp_path / "v")
    script = "import sysconfig; print(sysconfig.get_path('purelib')); print(sysconfig.get_path('scripts'))"
    answer = subprocess.run([python_of(prefix), "-c", script], capture_output=True, text=True, check=True).stdout
    assert answer.split() == [site_packages_of(prefix, sys.version.split()[0]), bin_of(prefix)]


@pytest.mark.parametrize(
    ("version", "directory"),
    [("3.8.18", "python3.8"), ("3.11", "python3.11"), ("3.13.0t", "python3.13t"), ("3.100.1", "python3.100")],
)
def test_versions_in_the_path(version: str, directory: str) -> None:
    assert site_packages_of("/p", version) == f"/p/lib/{directory}/site-packages"


def test_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "WINDOWS", True)
    assert bin_of("C:\\p") == "C:\\p\\Scripts"
    assert python_of("C:\\p") == "C:\\p\\Scripts\\python.exe"
    assert site_packages_of("C:\\p", "3.11") == "C:\\p\\Lib\\site-packages"
