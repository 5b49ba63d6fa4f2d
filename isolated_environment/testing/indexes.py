"""A package index on 127.0.0.1 (PEP 503), with a log of what was asked for."""

from __future__ import annotations

import base64
import hashlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

_FILE = "application/octet-stream"
#: Of a file that takes its time.
_PIECES = 16


class PackageIndex:
    """An index that serves the wheels and archives in a directory.

    Args:
        directory: Files, flat.
        credentials: ``user:password`` that every request must carry, or ``None``.
        hashes: Whether links carry ``#sha256=``.
        immutable: Whether files may be cached for ever, as a registry's may: installers then do not ask again.
        duration: Seconds that sending a file takes, for progress to be seen.
    """

    def __init__(
        self,
        directory: Path,
        *,
        credentials: str | None = None,
        hashes: bool = True,
        immutable: bool = False,
        duration: float = 0.0,
    ) -> None:
        self.directory = directory
        self.credentials = credentials
        self.hashes = hashes
        self.duration = duration
        self.file_headers = {"Cache-Control": "max-age=365000000, immutable, public"} if immutable else {}
        #: ``METHOD path`` of every request, in order.
        self.requests: list[str] = []
        #: File name to the bytes served in its place.
        self.tampered: dict[str, bytes] = {}
        #: File name to the number of bytes after which the connection is closed.
        self.truncated: dict[str, int] = {}
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def origin(self) -> str:
        """Scheme, address and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The index's root, without credentials."""
        return f"{self.origin}/simple"

    @property
    def url_with_credentials(self) -> str:
        """The index's root, with credentials."""
        return self.url.replace("http://", f"http://{self.credentials}@")

    def asked_for(self, name: str) -> list[str]:
        """Return the requests whose path holds *name*."""
        return [request for request in self.requests if name in request]

    @contextmanager
    def running(self) -> Iterator[PackageIndex]:
        """Serve for the length of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(5)

    def page(self, project: str) -> str | None:
        """Return the page of a project (PEP 503); ``None``: there is none."""
        links = []
        for path in sorted(self.directory.iterdir()):
            if path.name.split("-")[0].replace("_", "-").lower() != project:
                continue
            fragment = f"#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}" if self.hashes else ""
            links.append(f'<a href="/files/{quote(path.name)}{fragment}">{path.name}</a><br/>')
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>" if links else None


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # an installer that was killed hangs up
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(index: PackageIndex) -> type[_Handler]:
    return type("Handler", (_Handler,), {"index": index})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    index: PackageIndex

    def do_GET(self) -> None:
        index = self.index
        index.requests.append(f"{self.command} {self.path}")
        if not self._may_enter():
            self._answer(401, b"", "text/plain", {"WWW-Authenticate": 'Basic realm="tests"'})
            return
        kind, _, name = unquote(self.path.split("?")[0]).strip("/").partition("/")
        page = index.page(name) if kind == "simple" else None
        if page is not None:
            self._answer(200, page.encode(), "text/html")
        elif kind == "files" and "/" not in name and (index.directory / name).is_file():
            data = index.tampered.get(name, (index.directory / name).read_bytes())
            self._answer(200, data, _FILE, index.file_headers, cut=index.truncated.get(name))
        else:
            self._answer(404, b"not found", "text/plain")

    do_HEAD = do_GET  # noqa: N815 -- the name is http.server's

    def _may_enter(self) -> bool:
        if self.index.credentials is None:
            return True
        wanted = "Basic " + base64.b64encode(self.index.credentials.encode()).decode()
        return self.headers.get("Authorization") == wanted

    def _answer(
        self, status: int, data: bytes, kind: str, headers: dict[str, str] | None = None, cut: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send(data if cut is None else data[:cut], self.index.duration if kind == _FILE else 0.0)
        if cut is not None:
            self.close_connection = True

    def _send(self, data: bytes, duration: float) -> None:
        if not duration:
            self.wfile.write(data)
            return
        length = -(-len(data) // _PIECES) or 1
        for start in range(0, len(data), length):
            self.wfile.write(data[start : start + length])
            time.sleep(duration / _PIECES)

    def log_message(self, *args: object) -> None:
        pass
