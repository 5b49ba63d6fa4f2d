"""What pip says that it would install: its installation report, as a lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from packaging.pylock import Package, PackageArchive, PackageDirectory, PackageSdist, PackageVcs, PackageWheel
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..index import split_credentials
from ..lockfile import Lock, lock_of


def lock_from_report(report: Mapping[str, Any]) -> Lock:
    """Read the installation report of pip (version 1 of its format).

    Args:
        report: The JSON object that ``pip install --dry-run --report`` wrote.

    Returns:
        The lock, without credentials in any URL.
    """
    return lock_of(
        _reported(item["metadata"], item["download_info"], direct=item["is_direct"]) for item in report["install"]
    )


def _reported(metadata: Mapping[str, Any], download: Mapping[str, Any], *, direct: bool) -> Package:
    url = split_credentials(download["url"])[0]
    name, version = canonicalize_name(metadata["name"]), Version(metadata["version"])
    subdirectory = download.get("subdirectory")
    if "vcs_info" in download:
        vcs = download["vcs_info"]
        source = PackageVcs(
            type=vcs["vcs"],
            url=url,
            requested_revision=vcs.get("requested_revision"),
            commit_id=vcs["commit_id"],
            subdirectory=subdirectory,
        )
        return Package(name=name, vcs=source)
    local = _path_of(url)
    if "dir_info" in download:
        editable = download["dir_info"].get("editable") or None
        return Package(
            name=name,
            directory=PackageDirectory(path=local or url, editable=editable, subdirectory=subdirectory),
        )
    hashes = _hashes_of(download["archive_info"])
    where = {"path": local} if local else {"url": url}
    if direct:
        archive = PackageArchive(hashes=hashes, subdirectory=subdirectory, **where)  # type: ignore[arg-type]
        return Package(name=name, version=version, archive=archive)
    if urlsplit(url).path.endswith(".whl"):
        return Package(name=name, version=version, wheels=[PackageWheel(hashes=hashes, **where)])  # type: ignore[arg-type]
    return Package(name=name, version=version, sdist=PackageSdist(hashes=hashes, **where))  # type: ignore[arg-type]


def _hashes_of(archive: Mapping[str, Any]) -> dict[str, str]:
    """The hashes (PEP 610); the last pip for Python 3.8 says those of local files in the older way alone."""
    algorithm, _, value = str(archive.get("hash") or "").partition("=")
    return dict(archive.get("hashes") or ({algorithm: value} if value else {}))


def _path_of(url: str) -> str | None:
    from urllib.request import url2pathname

    parts = urlsplit(url)
    return url2pathname(parts.path) if parts.scheme == "file" else None
