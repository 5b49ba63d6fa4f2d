"""The lines of the files that pip reads: requirements, pins with hashes, links to exact files."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from packaging.pylock import Package, PackageArchive, PackageDirectory, PackageVcs

from ..index import join_credentials
from ..lockfile import artifact_of
from ..plan import BuildOrder, DirectFile
from ..requirements import Requirement
from .stand_ins import stand_in_line


def requirement_line(item: Requirement, order: BuildOrder) -> str:
    """Return the line of a requirement: as it was asked, or bound to the file that it was resolved to."""
    if item.url is None:
        direct = order.direct.get(item.name or "") if item.applies(order.interpreter.markers) else None
        return item.text if direct is None else direct_line(direct, order)
    return item.line if item.editable else _private(item.text, order)


def direct_line(item: DirectFile, order: BuildOrder) -> str:
    """The stand-in for a file that has one; else the file itself, which pip then fetches to read its metadata."""
    if item.metadata:
        return stand_in_line(item, order)
    fragment = f"#sha256={item.sha256}" if item.sha256 else ""
    return _private(item.reference(f"{item.url}{fragment}"), order)


def _private(text: str, order: BuildOrder) -> str:
    """Put the placeholders for user name and password into a URL that needs them."""
    for prefix, variables in sorted(secret_variables(order).items(), reverse=True):
        # up to the end of a part: https://host is no prefix of https://host.evil
        found = re.search(re.escape(prefix) + r"(?=[/?#\s]|$)", text)
        if found:
            secured = join_credentials(prefix, *(f"${{{name}}}" for name in variables))
            return text[: found.start()] + secured + text[found.end() :]
    return text


def secret_variables(order: BuildOrder) -> dict[str, tuple[str, str]]:
    """For each URL prefix with credentials the two variables that hold them: pip replaces ``${NAME}`` in its files."""
    return {
        prefix: (f"ISOLATED_ENVIRONMENT_USER_{number}", f"ISOLATED_ENVIRONMENT_PASSWORD_{number}")
        for number, prefix in enumerate(sorted(order.credentials))
    }


def has_hashes(package: Package) -> bool:
    """Return whether what is locked has hashes: directories and VCS checkouts cannot."""
    return bool(getattr(artifact_of(package), "hashes", None))


def _url_of(package: Package) -> str:
    artifact = artifact_of(package)
    url = getattr(artifact, "url", None)
    return url or Path(str(artifact.path)).as_uri()


def _hash_of(package: Package) -> tuple[str, str]:
    hashes = dict(getattr(artifact_of(package), "hashes", {}))
    return ("sha256", hashes["sha256"]) if "sha256" in hashes else next(iter(hashes.items()))


def link(package: Package) -> str:
    """Return the link to a locked file, for the page that pip is offered; a direct reference needs none."""
    if isinstance(artifact_of(package), PackageArchive):
        return ""
    url = _url_of(package)
    name = re.split(r"[/\\]", url)[-1]
    return f'<a href="{escape(url)}#{"=".join(_hash_of(package))}">{escape(name)}</a>\n'


def pinned_line(package: Package, order: BuildOrder) -> str:
    """Return the line that installs what is locked, and nothing else."""
    artifact = artifact_of(package)
    if isinstance(artifact, PackageVcs):
        url = artifact.url or Path(str(artifact.path)).as_uri()
        return _reference(
            package, f"{artifact.type}+{_private(url, order)}@{artifact.commit_id}", artifact.subdirectory
        )
    if isinstance(artifact, PackageDirectory):
        if artifact.editable:
            return f"-e {_url_of(package)}"
        return _reference(package, _url_of(package), artifact.subdirectory)
    suffix = f" --hash={':'.join(_hash_of(package))}"
    if isinstance(artifact, PackageArchive):
        return _reference(package, _private(_url_of(package), order), artifact.subdirectory) + suffix
    return f"{package.name}=={package.version}{suffix}"


def _reference(package: Package, url: str, subdirectory: str | None) -> str:
    return f"{package.name} @ {url}" + (f"#subdirectory={subdirectory}" if subdirectory else "")
