"""A wheel's METADATA without the wheel: from beside it, or out of its end by ranges."""

from __future__ import annotations

import contextlib
import io
import zipfile
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from .index import Index
from .repository import File, fetch
from .settings import Settings

if TYPE_CHECKING:
    from requests import Response


def read_metadata(file: File, index: Index, settings: Settings) -> bytes | None:
    """Return a wheel's METADATA without fetching the wheel, or ``None`` where that cannot be done.

    From beside the wheel (PEP 658), or out of the wheel's end by ranges; from a local wheel directly.

    Raises:
        IndexUnreachableError: the index did not answer.
    """
    if not file.is_wheel:
        return None
    if urlsplit(file.url).scheme == "file":
        return _metadata_in(open(url2pathname(urlsplit(file.url).path), "rb"))
    if file.has_metadata:
        answer = fetch(f"{file.url}.metadata", index, settings)
        if answer.status_code == HTTPStatus.OK:
            return answer.content
    remote = _Ranges(file.url, index, settings)
    return _metadata_in(remote) if remote.size else None


def _metadata_in(stream: IO[bytes] | io.RawIOBase) -> bytes | None:
    with stream, contextlib.suppress(zipfile.BadZipFile, StopIteration), zipfile.ZipFile(stream) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))
    return None


class _Ranges(io.RawIOBase):
    """A remote file, read by ranges; of size 0 when the server has none."""

    def __init__(self, url: str, index: Index, settings: Settings) -> None:
        super().__init__()
        self._url, self._index, self._settings = url, index, settings
        self._position = 0
        answer = self._get("bytes=0-0")
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
        self.size = int(total) if answer.status_code == HTTPStatus.PARTIAL_CONTENT and total.isdigit() else 0

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
        answer = self._get(f"bytes={self._position}-{end - 1}")
        data = answer.content if answer.status_code == HTTPStatus.PARTIAL_CONTENT else b""
        self._position += len(data)
        return data

    def _get(self, wanted: str) -> Response:
        headers = {"Range": wanted, "Accept-Encoding": "identity"}
        answer = fetch(self._url, self._index, self._settings, headers, stream=True)
        if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
            answer.close()  # the whole file was about to come
        return answer
