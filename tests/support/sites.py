"""A site-packages with distributions in it as installers leave them, made without an installer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from isolated_environment.ownership.owners import Owner


def put_distribution(
    site: Path,
    name: str,
    version: str = "1.0",
    *,
    files: Iterable[str] | None = None,
    installer: str | None = "pip",
    metadata: bool = True,
) -> Owner:
    """Install a distribution with empty files.

    Args:
        site: The site-packages; made if need be.
        name: As in the name of the ``.dist-info``.
        version: PEP 440.
        files: Paths below *site*; by default a package of the same name.
        installer: What INSTALLER says; ``None``: there is none.
        metadata: Whether there is a METADATA.
    """
    info = site / f"{name}-{version}.dist-info"
    paths = [f"{name}/__init__.py"] if files is None else list(files)
    info.mkdir(parents=True)
    for path in paths:
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).touch()
    if installer is not None:
        (info / "INSTALLER").write_text(f"{installer}\n")
    if metadata:
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    rows = [f'"{path}"' if "," in path else path for path in [*paths, f"{info.name}/METADATA", f"{info.name}/RECORD"]]
    (info / "RECORD").write_text("".join(f"{row},,\n" for row in rows), "utf-8")
    return Owner(info)
