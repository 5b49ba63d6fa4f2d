"""An audit of an environment that shares no code with the library: RECORD hashes, scripts, interpreter."""

from __future__ import annotations

import base64
import csv
import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path


def audit(prefix: Path, versions: Mapping[str, str] | None = None) -> list[str]:
    """Return one line for everything wrong in *prefix*.

    Args:
        prefix: The environment.
        versions: What must be installed, and nothing else; ``None``: anything.
    """
    problems = []
    (site_packages,) = [*prefix.glob("lib/python*/site-packages")] or [prefix / "missing"]
    found: dict[str, str] = {}
    for dist_info in site_packages.glob("*.dist-info"):
        name, _, version = dist_info.name.removesuffix(".dist-info").partition("-")
        found[name.lower().replace("_", "-")] = version
        for needed in ("METADATA", "RECORD", "WHEEL"):
            if not (dist_info / needed).is_file():
                problems.append(f"{dist_info.name} has no {needed}")
        if (dist_info / "RECORD").is_file():
            problems += _audit_record(dist_info)
    if versions is not None and found != dict(versions):
        problems.append(f"installed is {found}, not {dict(versions)}")
    answer = subprocess.run(
        [prefix / "bin" / "python", "-I", "-c", "import sys; print(sys.prefix)"],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0 or Path(answer.stdout.strip()).resolve() != prefix.resolve():
        problems.append(f"the interpreter answers {answer.stdout!r} {answer.stderr!r}")
    return problems


def _audit_record(dist_info: Path) -> list[str]:
    problems = []
    with (dist_info / "RECORD").open(newline="", encoding="utf-8") as file:
        for path, digest, _ in csv.reader(file):
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
