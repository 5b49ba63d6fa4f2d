"""pip's wheel with its bytecode in it: the same pip, which then starts in a third of the time.

The library runs pip from the wheel that virtualenv carries, and Python compiles what it imports from an archive anew in
each process: a second that is most of a build of the tests' tiny packages.  Processes that the tests start themselves
(hosts, the command line) still run the wheel as it is.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import py_compile
import zipfile
from pathlib import Path

from isolated_environment.child.run_pip import version_of
from isolated_environment.toolchains.pip import bundled_wheels


def quick_wheels(directory: Path) -> Path | None:
    """Make in *directory*, once, what :func:`bundled_wheels` names; only the newest pip differs."""
    source = bundled_wheels()
    if source is None or directory.is_dir():
        return source and directory
    building = directory.with_name(f"{directory.name}.new")
    building.mkdir()
    newest = max(source.glob("pip-*.whl"), key=lambda wheel: version_of(wheel.name))
    for wheel in source.glob("*.whl"):
        if wheel != newest:
            (building / wheel.name).symlink_to(wheel)
    _add_bytecode(newest, building)
    building.rename(directory)
    return directory


def _add_bytecode(wheel: Path, directory: Path) -> None:
    """Copy *wheel* with each module's bytecode where an archive is searched for it, and where a directory is."""
    unpacked = directory / "one module.py"
    compiled = directory / "one module.pyc"
    rows = []
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(directory / wheel.name, "w") as new:
        record = next(name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".py"):
                unpacked.write_bytes(data)
                mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
                py_compile.compile(str(unpacked), str(compiled), name, doraise=True, invalidation_mode=mode)
                for place in (f"{name}c", importlib.util.cache_from_source(name)):
                    new.writestr(place, compiled.read_bytes())
                    rows.append(_row(place, compiled.read_bytes()))
            new.writestr(name, data if name != record else data + "".join(rows).encode())
    os.unlink(unpacked)
    os.unlink(compiled)


def _row(path: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}\n"
