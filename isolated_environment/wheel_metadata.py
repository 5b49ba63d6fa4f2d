"""A wheel's METADATA without the wheel: from beside it, or out of its end by ranges."""

from __future__ import annotations

import contextlib
import email
import errno
import io
import zipfile
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from .errors import IndexUnreachableError
from .index import Index
from .repository import File, fetch
from .settings import Settings

if TYPE_CHECKING:
    from requests import Response

#: The longest METADATA that is read, in bytes; real ones have some ten thousand.
LIMIT = 8 << 20
#: What is fetched of a wheel's end at most: a directory of a hundred thousand files fits.
BUDGET = 32 << 20

_CHUNK = 1 << 16
#: What a damaged archive, or one of a kind that cannot be read, ends in.
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError)


def read_metadata(file: File, index: Index, settings: Settings) -> bytes | None:
    """Return a wheel's METADATA without fetching the wheel, or ``None`` where that cannot be done.

    From beside the wheel (PEP 658), or out of the wheel's end by ranges; from a local wheel directly.

    Raises:
        IndexUnreachableError: the index did not answer.
    """
    if not file.is_wheel:
        return None
    if urlsplit(file.url).scheme == "file":
        with contextlib.suppress(OSError):
            return _metadata_in(open(url2pathname(urlsplit(file.url).path), "rb"), file)
        return None
    if file.has_metadata:
        answer = fetch(f"{file.url}.metadata", index, settings, stream=True)
        data = None
        with answer, contextlib.suppress(OSError):  # cut short: then by ranges
            data = _body(answer, LIMIT) if answer.status_code == HTTPStatus.OK else None
        if data is not None and _is_of(data, file):
            return data
    remote = _Ranges(file.url, index, settings)
    return _metadata_in(remote, file) if remote.size else None


def requirements_in(metadata: bytes, markers: Mapping[str, str]) -> list[str]:
    """Return the normalized names of what a distribution needs without extras, for an interpreter's *markers*."""
    found = []
    for line in email.message_from_bytes(metadata).get_all("Requires-Dist") or []:
        with contextlib.suppress(InvalidRequirement):
            needed = Parsed(line)
            if needed.marker is None or needed.marker.evaluate({**markers, "extra": ""}):
                found.append(str(canonicalize_name(needed.name)))
    return found


def _is_of(metadata: bytes, file: File) -> bool:
    """Whether it is that wheel's: a proxy may answer with a page of its own.

    The main index's wheels, and pages that copy them, leave the label out of the metadata.
    """
    headers = email.message_from_bytes(metadata)
    try:
        name, version = canonicalize_name(headers["Name"] or ""), Version(headers["Version"] or "")
    except (InvalidVersion, TypeError):
        return False
    return name == parse_wheel_filename(file.filename)[0] and version.public == file.version.public


def _metadata_in(stream: IO[bytes] | io.RawIOBase, file: File) -> bytes | None:
    """Read the one at the top: below it may be those of vendored distributions."""
    try:
        with stream, zipfile.ZipFile(stream) as archive:
            for name in archive.namelist():
                if name.count("/") == 1 and name.endswith(".dist-info/METADATA"):
                    data = archive.read(name) if archive.getinfo(name).file_size <= LIMIT else b""
                    return data if _is_of(data, file) else None
    except IndexUnreachableError:
        raise
    except _DAMAGED:
        pass
    return None


def _body(answer: Response, limit: int) -> bytes | None:
    """Return what was sent, or ``None`` when it is longer: then the rest is not fetched."""
    data = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        data += chunk
        if len(data) > limit:
            return None
    return bytes(data)


class _Ranges(io.RawIOBase):
    """A remote file, read by ranges; of size 0 when the server has none."""

    def __init__(self, url: str, index: Index, settings: Settings) -> None:
        super().__init__()
        self._url, self._index, self._settings = url, index, settings
        self._position = 0
        self._left = BUDGET
        with self._get("bytes=0-0") as answer:
            total = answer.headers.get("Content-Range", "").rpartition("/")[2]
            self.size = int(total) if answer.status_code == HTTPStatus.PARTIAL_CONTENT and total.isdecimal() else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self.size if size < 0 else min(self._position + size, self.size)
        if end <= self._position:
            return b""
        if end - self._position > self._left:
            raise OSError(errno.EFBIG, "more than a wheel's directory and metadata can be")
        with self._get(f"bytes={self._position}-{end - 1}") as answer:
            partial = answer.status_code == HTTPStatus.PARTIAL_CONTENT
            data = (_body(answer, end - self._position) if partial else None) or b""
        self._position += len(data)
        self._left -= len(data)
        return data

    def _get(self, wanted: str) -> Response:
        headers = {"Range": wanted, "Accept-Encoding": "identity"}
        return fetch(self._url, self._index, self._settings, headers, stream=True)
