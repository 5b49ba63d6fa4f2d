"""The child program that runs a pip from its wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from isolated_environment.child import run_pip

SCRIPT = Path(run_pip.__file__)


def pip_wheel(directory: Path, version: str, requires: str | None = ">=3.8") -> Path:
    """A wheel that is a pip as far as the program can see: it tells its version and its arguments."""
    directory.mkdir(exist_ok=True)
    path = directory / f"pip-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        line = f"Requires-Python: {requires}\n" if requires else ""
        archive.writestr(f"pip-{version}.dist-info/METADATA", f"Name: pip\nVersion: {version}\n{line}")
        archive.writestr("pip/__init__.py", "")
        archive.writestr("pip/__main__.py", f"import sys\nprint({version!r}, sys.argv[1:])\nsys.exit(7)\n")
    return path


def run(directory: Path, *args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", str(SCRIPT), str(directory), *args]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=cwd)


def test_the_newest_is_taken_and_becomes_the_program(tmp_path: Path) -> None:
    for version in ("9.0.3", "25.0", "25.1.1"):
        pip_wheel(tmp_path / "wheels", version)
    done = run(tmp_path / "wheels", "install", "--x", "two words")
    assert (done.stdout, done.stderr, done.returncode) == ("25.1.1 ['install', '--x', 'two words']\n", "", 7)


def test_one_that_needs_a_newer_python_is_left_out(tmp_path: Path) -> None:
    pip_wheel(tmp_path / "wheels", "99.0", ">=3.99")
    pip_wheel(tmp_path / "wheels", "98.0", None)
    pip_wheel(tmp_path / "wheels", "24.0")
    assert run(tmp_path / "wheels").stdout.startswith("98.0 ")


def test_the_directory_s_name_is_no_pattern(tmp_path: Path) -> None:
    pip_wheel(tmp_path / "wheels[1]*", "25.0")
    assert run(tmp_path / "wheels[1]*").stdout.startswith("25.0 ")


def test_the_interpreter_s_own_is_the_last_resort(tmp_path: Path) -> None:
    found = run_pip.find_wheel(str(tmp_path))
    assert found is None or "_bundled" in found


def test_none_at_all_is_told_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(run_pip, "find_wheel", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["run_pip.py", str(tmp_path), "list"])
    with pytest.raises(SystemExit) as caught:
        run_pip.main()
    assert caught.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "env.pip_install('pip')" in told.err


def test_nothing_in_the_working_directory_takes_part(tmp_path: Path) -> None:
    pip_wheel(tmp_path / "wheels", "25.0")
    for name in ("glob.py", "zipfile.py", "pip.py"):
        (tmp_path / name).write_text("raise SystemExit('taken from the working directory')")
    assert run(tmp_path / "wheels", cwd=tmp_path).stdout.startswith("25.0 ")


@pytest.mark.parametrize(
    ("name", "version"),
    [("pip-25.1.1-py3-none-any.whl", (25, 1, 1)), ("/x-9/pip-9.0-py2.py3-none-any.whl", (9, 0))],
)
def test_versions_in_names(name: str, version: tuple[int, ...]) -> None:
    assert run_pip.version_of(name) == version
