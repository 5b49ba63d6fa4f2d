"""Tiny projects that build offline; wheels are made by the library's own testing package."""

from __future__ import annotations

from pathlib import Path

BACKEND = """
import base64, hashlib, os, zipfile

def _wheel(directory, name, version, files):
    info = f"{name}-{version}.dist-info"
    files = {**files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    filename = f"{name}-{version}-py3-none-any.whl"
    rows = []
    with zipfile.ZipFile(os.path.join(directory, filename), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{path},sha256={digest},{len(text.encode())}")
        archive.writestr(f"{info}/RECORD", "\\n".join([*rows, f"{info}/RECORD,,"]) + "\\n")
    return filename

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open(f"{NAME}.py") as file:
        return _wheel(wheel_directory, NAME, VERSION, {f"{NAME}.py": file.read()})

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, NAME, VERSION, {f"__editable__{NAME}.pth": os.getcwd() + "\\n"})

def get_requires_for_build_wheel(config_settings=None):
    return []

get_requires_for_build_editable = get_requires_for_build_wheel
"""


def make_project(directory: Path, name: str, version: str) -> Path:
    """Make a source tree that builds offline: its build backend is in the tree and needs nothing."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "{version}"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (directory / "backend.py").write_text(f"NAME, VERSION = {name!r}, {version!r}\n{BACKEND}")
    (directory / f"{name}.py").write_text(f"__version__ = {version!r}\n")
    return directory
