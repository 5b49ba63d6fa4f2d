"""How much is to be downloaded: from the lock, and from the servers where the index told no sizes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from http import HTTPStatus

from ..errors import IndexUnreachableError
from ..index import Credentials, Index
from ..lockfile import Lock, artifact_of
from ..plan import BuildOrder
from ..repository import fetch
from ..settings import Settings

#: Seconds until a server that does not say a size is not waited for any more.
_PATIENCE = 3.0
_AT_ONCE = 16


def ask_sizes(lock: Lock, order: BuildOrder) -> dict[str, int | None]:
    """Return the bytes to download of each project: 0 for what is on this machine, ``None`` where nobody tells.

    PEP 503 pages tell no sizes, those of the PyTorch index among them, and neither does pip's report.  The servers of
    such files are asked for them (``HEAD``), many at once.  The answers are for people: they do not enter the lock,
    since what a server says of a compressed answer is not the file's size.

    Args:
        lock: What was resolved.
        order: For what; its credentials and settings count.
    """
    sizes = lock.sizes
    unknown = [package for package in lock.packages if sizes[package.name] is None]
    urls = {package.name: getattr(artifact_of(package), "url", None) for package in unknown if not package.vcs}
    asked = {name: url for name, url in urls.items() if url and url.startswith(("http://", "https://"))}
    if not asked or order.settings.offline:
        return sizes
    known = _known_credentials(order)
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(asked)))
    try:
        answers = {
            name: pool.submit(_size_of, url, _index_of(url, known, order.settings), order.settings)
            for name, url in asked.items()
        }
        done = wait(answers.values(), _PATIENCE).done
        return sizes | {name: answer.result() for name, answer in answers.items() if answer in done}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _size_of(url: str, index: Index, settings: Settings) -> int | None:
    headers = {"Accept-Encoding": "identity"}
    with contextlib.suppress(IndexUnreachableError, ValueError):
        answer = fetch(url, index, settings, headers, method="HEAD", timeout=_PATIENCE)
        if answer.status_code == HTTPStatus.OK:
            return int(answer.headers.get("Content-Length", ""))
    return None


def _known_credentials(order: BuildOrder) -> dict[str, Credentials]:
    settings = order.settings
    known = dict(order.credentials)
    if settings.index_url and settings.index_credentials:
        known[settings.index_url] = settings.index_credentials
    return known


def _index_of(url: str, known: Mapping[str, Credentials], settings: Settings) -> Index:
    """The index whose credentials count for *url*; one without any, where it needs none."""
    found = next((prefix for prefix in known if url.startswith(f"{prefix.rstrip('/')}/")), None)
    main = settings.index_url if found is None else found
    return Index(main or url, default=True, credentials=None if main is None else known.get(main))
