"""A small real application: package, subpackage, data, console script; as a wheel, and as a project for editables."""

from __future__ import annotations

from pathlib import Path

from isolated_environment.testing.wheels import make_wheel

_MAIN = """
import os, sys
HERE = os.path.dirname(os.path.abspath(__file__))

def main():
    # what an application of this library looks like
    from isolated_environment import IsolatedEnvironment
    env = IsolatedEnvironment(os.path.join(HERE, "whisper_env"), ["alpha"])
    raise SystemExit(env.run(["alpha", *sys.argv[1:]]).returncode)
"""


def demo_files(version: str) -> dict[str, str]:
    """The application's files, by their path in site-packages."""
    files = {
        "demoapp/__init__.py": f"__version__ = {version!r}\n{_MAIN}",
        "demoapp/core/__init__.py": "",
        "demoapp/core/engine.py": "POWER = 9000\n",
        "demoapp/data/words.txt": "one\ntwo\n",
    }
    if version != "1.0":
        files["demoapp/new_in_2.py"] = ""
    return files


def make_demo_wheels(directory: Path) -> Path:
    """Make versions 1.0 and 2.0, and the wheel of a stranger that shares site-packages; return *directory*."""
    for version in ("1.0", "2.0"):
        make_wheel(directory, "demoapp", version, files=demo_files(version), scripts={"demoapp": "demoapp:main"})
    make_wheel(directory, "stranger", "1.0", files={"stranger/__init__.py": "", "stranger.py.txt": "x"})
    return directory


_BACKEND = """
import base64, os, sys, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    info = "demoapp-1.0.dist-info"
    files = {
        "__editable__demoapp.pth": os.getcwd() + "\\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: demoapp\\nVersion: 1.0\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    name = "demoapp-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"]))
    return name

build_wheel = build_editable

def get_requires_for_build_wheel(config_settings=None):
    return []

get_requires_for_build_editable = get_requires_for_build_wheel
"""


def make_demo_project(directory: Path) -> Path:
    """Make a source tree that installs editable without a network: its build backend is in the tree."""
    for path, text in demo_files("1.0").items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    (directory / "pyproject.toml").write_text(
        '[project]\nname = "demoapp"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (directory / "backend.py").write_text(_BACKEND)
    return directory
