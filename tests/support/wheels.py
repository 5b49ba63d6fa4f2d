"""Tiny real wheels and projects, made from dictionaries."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
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


def make_wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    files: Mapping[str, str | bytes] | None = None,
    scripts: Mapping[str, str] | None = None,
    requires_python: str | None = None,
    tag: str = "py3-none-any",
    data: Mapping[str, str] | None = None,
) -> Path:
    """Make a wheel (PEP 427).

    Args:
        directory: Where to.
        name: Project name; also the module's name unless *files* are given.
        version: PEP 440.
        requires: ``Requires-Dist`` values.
        files: Path in the wheel to content.
        scripts: Console scripts: name to ``module:function``.
        requires_python: ``Requires-Python``.
        tag: PEP 425.
        data: Path below the prefix to content (``.data/data``).
    """
    module = name.replace("-", "_")
    content: dict[str, str | bytes] = dict(
        files or {f"{module}.py": f"__version__ = {version!r}\n\n\ndef main():\n    print({name!r}, __version__)\n"}
    )
    info = f"{module}-{version}.dist-info"
    content.update({f"{module}-{version}.data/data/{path}": text for path, text in (data or {}).items()})
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Python: {requires_python}\n"] if requires_python else []
    extras = sorted(
        {part.split("==")[1].strip(" '\"") for item in requires for part in [item.partition(";")[2]] if "extra" in part}
    )
    metadata += [f"Provides-Extra: {extra}\n" for extra in extras]
    metadata += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    content[f"{info}/METADATA"] = "".join(metadata)
    content[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if scripts:
        lines = "".join(f"{script} = {target}\n" for script, target in scripts.items())
        content[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{module}-{version}-{tag}.whl"
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in content.items():
            encoded = text.encode() if isinstance(text, str) else text
            archive.writestr(member, encoded)
            digest = base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()).rstrip(b"=").decode()
            rows.append(f"{member},sha256={digest},{len(encoded)}\n")
        archive.writestr(f"{info}/RECORD", "".join(rows) + f"{info}/RECORD,,\n")
    return path


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
