"""Reading an index page (PEP 503, PEP 691): which files a project has there, and which one serves an interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from .errors import IndexUnreachableError, ResolutionError
from .index import Index
from .lockfile import Target
from .settings import Settings

if TYPE_CHECKING:
    from requests import Response

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class File:
    """One file on an index page."""

    filename: str
    #: Absolute, without its fragment.
    url: str
    #: ``sha256`` as hex, where the page tells.
    sha256: str | None
    requires_python: str | None
    yanked: bool
    version: Version
    #: Whether its metadata can be had beside it (PEP 658).
    has_metadata: bool = False

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel."""
        return self.filename.endswith(".whl")


def read_project(index: Index, project: str, settings: Settings) -> list[File]:
    """Read the page of *project*.

    Args:
        index: The index; ``file://`` directories are read with or without an ``index.html``.
        project: Normalized name.
        settings: Offline, time-out, certificates, proxy, trusted hosts.

    Returns:
        Its files; those with a name that is neither a wheel's nor a source archive's are left out.

    Raises:
        IndexUnreachableError: no answer, or an answer that is neither a page nor "not found".
        ResolutionError: the index does not have the project.
    """
    url = f"{index.url}/{project}/"
    if urlsplit(url).scheme == "file":
        return _parse_html(_read_directory(url, project, index), url)
    answer = fetch(url, index, settings)
    if answer.status_code in {403, 404}:
        raise _unknown(index, project)
    if answer.status_code != HTTPStatus.OK:
        hint = "check its credentials" if answer.status_code == HTTPStatus.UNAUTHORIZED else "try again later"
        raise _unreachable(f"the index {index.url} answered {answer.status_code} for {project}", hint)
    try:
        if "json" in answer.headers.get("Content-Type", ""):
            return _parse_json(answer.json(), answer.url)
        return _parse_html(answer.text, answer.url)
    except (ValueError, KeyError, TypeError, AttributeError):
        reason = f"the index {index.url} answered for {project} with what is not a page of an index"
        raise _unreachable(reason, "check the index's URL: it ends in /simple with most servers") from None


def choose_file(
    files: Iterable[File], specifiers: Iterable[SpecifierSet], target: Target, *, prereleases: bool = False
) -> File | None:
    """Return the newest version's best file that serves *target*, or ``None``."""
    ranks = {tag: rank for rank, tag in enumerate(target.tags)}
    python = target.markers["python_full_version"]
    wanted = SpecifierSet()
    for specifier in specifiers:
        wanted &= specifier
    usable = [file for file in files if not file.yanked and _admits(file.requires_python, python)]
    allowed = set(wanted.filter([file.version for file in usable], prereleases=prereleases or None))

    def rank(file: File) -> tuple[Version, int] | None:
        if not file.is_wheel:
            return file.version, -len(ranks) - 1
        best = min((ranks[tag] for tag in parse_wheel_filename(file.filename)[3] if tag in ranks), default=None)
        return None if best is None else (file.version, -best)

    ranked = [(key, file) for file in usable if file.version in allowed and (key := rank(file)) is not None]
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else None


def fetch(
    url: str,
    index: Index,
    settings: Settings,
    headers: Mapping[str, str] | None = None,
    *,
    stream: bool = False,
    method: str = "GET",
    timeout: float | None = None,
) -> Response:
    """Ask for *url*; the index's credentials go to its own host alone.

    Args:
        url: A page or a file of the index, on its host or another.
        index: The index.
        settings: Offline, time-out, certificates, proxy, trusted hosts.
        headers: What else to send.
        stream: Leave the body where it is until it is read.
        method: ``GET`` or ``HEAD``.
        timeout: Seconds; as the settings say by default.

    Raises:
        IndexUnreachableError: no answer.
    """
    import requests

    if settings.offline:
        hint = "allow the network once, or give a wheelhouse by options=['--find-links', DIR]"
        raise _unreachable(f"the index {index.url} is not asked: offline", hint)
    place = urlsplit(url)
    credentials = index.credentials if place.netloc == urlsplit(index.url).netloc else None
    trusted = {place.netloc, place.hostname} & {*(settings.trusted_hosts or "").split()}
    try:
        return requests.request(
            method,
            url,
            headers={"Accept": _ACCEPT, **(headers or {})},
            timeout=timeout or _seconds(settings.timeout),
            auth=(credentials.username, credentials.password) if credentials else None,
            verify=False if trusted else settings.certificate or True,
            cert=settings.client_certificate,
            proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else None,
            stream=stream,
        )
    except (requests.RequestException, OSError) as error:
        reason = f"the index {index.url} did not answer: {type(error).__name__}"
        raise _unreachable(reason, "check the network, the proxy, the certificate and the index's URL") from None


def _seconds(timeout: str | None) -> float:
    try:
        return float(timeout or _TIMEOUT)
    except ValueError:
        return _TIMEOUT


def has_page(index: Index, project: str) -> bool:
    """Return whether an index that is a directory has a page of *project*, rather than its files alone."""
    return _directory_of(f"{index.url}/{project}/").joinpath("index.html").is_file()


def _directory_of(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))


def _unreachable(reason: str, hint: str) -> IndexUnreachableError:
    return IndexUnreachableError(reason, hint=hint, step="resolve")


def _unknown(index: Index, project: str) -> ResolutionError:
    return ResolutionError(
        f"the index {index.url} does not have {project}",
        hint="check the project's name and the index",
        step="resolve",
    )


def _admits(requires_python: str | None, python: str) -> bool:
    try:
        return not requires_python or SpecifierSet(requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


def _read_directory(url: str, project: str, index: Index) -> str:
    directory = _directory_of(url)
    page = directory / "index.html"
    if page.is_file():
        return page.read_text("utf-8")
    if not directory.is_dir():
        raise _unknown(index, project)
    return "".join(f'<a href="{entry.as_uri()}">{entry.name}</a>' for entry in sorted(directory.iterdir()))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "base" and self.base is None:
            self.base = values.get("href")
        elif tag == "a" and values.get("href"):
            self.found.append(values)


def _parse_html(text: str, url: str) -> list[File]:
    links = _Links()
    links.feed(text)
    base = urljoin(url, links.base or "")
    files = []
    for link in links.found:
        target, _, fragment = urljoin(base, str(link["href"])).partition("#")
        sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
        filename = unquote(urlsplit(target).path.rsplit("/", 1)[-1])
        yanked = "data-yanked" in link
        metadata = "data-core-metadata" in link or "data-dist-info-metadata" in link
        python = link.get("data-requires-python")
        files.append(_file(filename, target, sha256, python, yanked=yanked, has_metadata=metadata))
    return [file for file in files if file is not None]


def _parse_json(page: dict[str, Any], url: str) -> list[File]:
    files = [
        _file(
            item["filename"],
            urljoin(url, item["url"]),
            item.get("hashes", {}).get("sha256"),
            item.get("requires-python"),
            yanked=bool(item.get("yanked")),
            has_metadata=bool(item.get("core-metadata") or item.get("dist-info-metadata")),
        )
        for item in page.get("files", [])
    ]
    return [file for file in files if file is not None]


def _file(
    filename: str, url: str, sha256: str | None, requires_python: str | None, *, yanked: bool, has_metadata: bool
) -> File | None:
    if any(char in "/\\" or not char.isprintable() for char in filename):
        return None  # packaging looks at names and versions only, and files are written under this name
    try:
        is_wheel = filename.endswith(".whl")
        version = parse_wheel_filename(filename)[1] if is_wheel else parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return File(filename, url, sha256, requires_python, yanked, version, has_metadata)
