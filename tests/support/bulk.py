"""Distributions of many small files, in two versions: what is torn shows."""

from __future__ import annotations

from pathlib import Path

from isolated_environment.testing.wheels import make_wheel

PROJECTS = ("bulk-a", "bulk-b", "bulk-c")
VERSIONS = ("1.0", "2.0")


def make_bulk(directory: Path, *, modules: int = 60, data: int = 250) -> Path:
    """Make wheels of many files, in two versions, each file with its version in it."""
    for project in PROJECTS:
        for version in VERSIONS:
            package = project.replace("-", "_")
            files: dict[str, str | bytes] = {f"{package}/__init__.py": f"__version__ = {version!r}\n"}
            files |= {f"{package}/m{n}.py": f"VERSION = {version!r}\nN = {n}\n" for n in range(modules)}
            files |= {f"{package}/data/d{n}.txt": f"{project} {version} {n}\n" * (n % 9 + 1) for n in range(data)}
            scripts = {project: f"{package}:main"}
            make_wheel(directory, project, version, files=files, scripts=scripts)
    return directory


def other(version: str) -> str:
    """Return the other one of :data:`VERSIONS`."""
    return VERSIONS[1 - VERSIONS.index(version)]


def asked(version: str) -> list[str]:
    """Return requirements of every project in one version."""
    return [f"{project}=={version}" for project in PROJECTS]
