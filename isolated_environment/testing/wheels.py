"""Tiny real wheels, made from dictionaries."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

#: A version, or the arguments of :func:`make_wheel` from ``version`` on.
Described = str | Mapping[str, Any]


def make_wheels(directory: Path, packages: Mapping[str, Described]) -> Path:
    """Make the files of an index.

    Args:
        directory: Where to; made if need be.
        packages: Project name to its version, or to the arguments of :func:`make_wheel`: ``{"version": "1.0",
            "requires": ["six"], "files": {"mine.py": "ANSWER = 42"}, "scripts": {"mine": "mine:main"}}``.  A module
            with a ``main`` that prints name and version comes with what has no files.

    Returns:
        *directory*.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name, described in packages.items():
        make_wheel(directory, name, **({"version": described} if isinstance(described, str) else described))
    return directory


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
