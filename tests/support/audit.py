"""An audit of an environment that shares no code with the library: RECORD hashes, scripts, interpreter."""

from __future__ import annotations

import base64
import csv
import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

_VIRTUALENV = {"_virtualenv.py", "_virtualenv.pth"}


def audit(prefix: Path, versions: Mapping[str, str] | None = None, *, run: bool = True) -> list[str]:
    """Return one line for everything wrong in *prefix*.

    Args:
        prefix: The environment.
        versions: What must be installed, and nothing else; ``None``: anything.
        run: Whether to ask the interpreter too.
    """
    problems = []
    site_packages, found = _site_packages(prefix), versions_in(prefix)
    for dist_info in site_packages.glob("*.dist-info"):
        needed = ("METADATA", "RECORD", "WHEEL")
        problems += [f"{dist_info.name} has no {file}" for file in needed if not (dist_info / file).is_file()]
        if (dist_info / "RECORD").is_file():
            problems += _audit_record(dist_info)
    problems += _strays(site_packages)
    if versions is not None and found != dict(versions):
        problems.append(f"installed is {found}, not {dict(versions)}")
    if not (prefix / "bin" / "python").exists():
        return [*problems, "there is no interpreter"]
    return problems + (_ask_interpreter(prefix) if run else [])


def versions_in(prefix: Path) -> dict[str, str]:
    """Return what is installed, by the names of the directories alone."""
    names = (path.name.removesuffix(".dist-info") for path in _site_packages(prefix).glob("*.dist-info"))
    return {name.lower().replace("_", "-"): version for name, _, version in (name.partition("-") for name in names)}


def _site_packages(prefix: Path) -> Path:
    (found,) = [*prefix.glob("lib/python*/site-packages")] or [prefix / "missing"]
    return found


def _ask_interpreter(prefix: Path) -> list[str]:
    answer = subprocess.run(
        [prefix / "bin" / "python", "-I", "-c", "import sys; print(sys.prefix)"],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0 or Path(answer.stdout.strip()).resolve() != prefix.resolve():
        return [f"the interpreter answers {answer.stdout!r} {answer.stderr!r}"]
    return []


def _strays(site_packages: Path) -> list[str]:
    """Files that no distribution lists, but for compiled ones and virtualenv's own."""
    listed = set()
    for record in site_packages.glob("*.dist-info/RECORD"):
        with record.open(newline="", encoding="utf-8") as file:
            listed |= {row[0] for row in csv.reader(file) if row}
    found = (path for path in site_packages.rglob("*") if not path.is_dir() and "__pycache__" not in path.parts)
    names = (path.relative_to(site_packages).as_posix() for path in found)
    return [f"{name} belongs to nothing" for name in names if name not in listed and name not in _VIRTUALENV]


def _audit_record(dist_info: Path) -> list[str]:
    problems = []
    with (dist_info / "RECORD").open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            if len(row) != 3:
                problems.append(f"{dist_info.name}: a row of RECORD is {row}")
                continue
            path, digest, _ = row
            if not digest:
                continue
            target = dist_info.parent / path
            if not target.is_file():
                problems.append(f"{dist_info.name}: {path} is missing")
                continue
            name, _, wanted = digest.partition("=")
            actual = base64.urlsafe_b64encode(hashlib.new(name, target.read_bytes()).digest()).rstrip(b"=").decode()
            if actual != wanted:
                problems.append(f"{dist_info.name}: {path} has another hash")
    return problems
