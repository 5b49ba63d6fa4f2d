"""A faithful miniature of the PyTorch index on 127.0.0.1.

PEP 503 pages only, ``%2B`` in links, ``#sha256=`` fragments, ``.metadata`` sidecars, 403 for what is missing, the files
on a second host (another port), dependency pages that are stale.  Every request is in a log.
"""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from isolated_environment.testing.wheels import make_wheel

#: What a torch wheel of the tests is padded with, so that a download of one is seen in bytes.
PADDING = 200_000


class TorchPages:
    """The miniature.

    Args:
        directory: ``<channel>/<project>/*.whl``.
        sidecars: Whether metadata is offered beside the wheels (PEP 658).
        hashes: Whether links carry ``#sha256=``.
    """

    def __init__(self, directory: Path, *, sidecars: bool = True, hashes: bool = True) -> None:
        self.directory = directory
        self.sidecars = sidecars
        self.hashes = hashes
        #: ``METHOD path`` of every request to either host.
        self.requests: list[str] = []
        #: Those of them that asked for a part of a file.
        self.ranges: list[str] = []
        #: File name to the bytes served in its place.
        self.tampered: dict[str, bytes] = {}
        #: Answer every page with this status.
        self.broken: int | None = None
        self._pages = _Server(self._answer_page)
        self._files = _Server(self._answer_file)

    @property
    def base_url(self) -> str:
        return f"{self._pages.origin}/whl"

    def channel_url(self, channel: str) -> str:
        return f"{self.base_url}/{channel}"

    def wheels_fetched(self) -> list[str]:
        """The wheels that were asked for, whole or in part; sidecars do not count."""
        return [request for request in self.requests if request.endswith(".whl") and request.startswith("GET")]

    def pages_asked(self) -> set[str]:
        """The projects whose pages were asked for."""
        return {request.rstrip("/").rpartition("/")[2] for request in self.requests if "/whl/" in request}

    @contextmanager
    def running(self) -> Iterator[TorchPages]:
        with ExitStack() as stack:
            stack.enter_context(self._pages.running())
            stack.enter_context(self._files.running())
            yield self

    def _answer_page(self, method: str, path: str, _range: str | None) -> tuple[int, bytes, dict[str, str]]:
        self.requests.append(f"{method} {path}")
        if self.broken is not None:
            return self.broken, b"", {}
        parts = path.strip("/").split("/")
        project = self.directory.joinpath(*parts[1:]) if parts[0] == "whl" else None
        if project is None or len(parts) != 3 or not project.is_dir():
            return 403, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"}
        links = "".join(self._link(parts[1], parts[2], wheel) for wheel in sorted(project.glob("*.whl")))
        page = f"<!DOCTYPE html><html><body><h1>Links</h1>{links}</body></html>\n<!--TIMESTAMP 1-->"
        return 200, page.encode(), {"Content-Type": "text/html"}

    def _link(self, channel: str, project: str, wheel: Path) -> str:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        fragment = f"#sha256={digest}" if self.hashes else ""
        metadata = hashlib.sha256(read_metadata(wheel)).hexdigest()
        core = (
            f' data-dist-info-metadata="sha256={metadata}" data-core-metadata="sha256={metadata}"'
            if self.sidecars
            else ""
        )
        href = f"{self._files.origin}/files/{channel}/{project}/{quote(wheel.name)}{fragment}"
        return f'<a href="{href}"{core}>{wheel.name}</a><br/>\n'

    def _answer_file(self, method: str, path: str, wanted: str | None) -> tuple[int, bytes, dict[str, str]]:
        self.requests.append(f"{method} {path}")
        if wanted is not None:
            self.ranges.append(f"{method} {path}")
        is_sidecar = path.endswith(".metadata")
        target = self.directory.joinpath(*path.removesuffix(".metadata").strip("/").split("/")[1:])
        if not target.is_file() or (is_sidecar and not self.sidecars):
            return 403, b"", {}
        data = read_metadata(target) if is_sidecar else self.tampered.get(target.name, target.read_bytes())
        headers = {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        if wanted is None:
            return 200, data, headers
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(len(data) - int(last), 0)
        end = min(int(last), len(data) - 1) if first and last else len(data) - 1
        return 206, data[start : end + 1], {**headers, "Content-Range": f"bytes {start}-{end}/{len(data)}"}


class _Server:
    def __init__(self, answer: object) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, data, headers = answer(self.command, unquote(self.path), self.headers.get("Range"))  # type: ignore[operator]
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(5)


def read_metadata(wheel: Path) -> bytes:
    """The METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return archive.read(name)


def make_torch(directory: Path, version: str, *, requires: Iterable[str] = (), tag: str = "py3-none-any") -> Path:
    """Make a torch wheel with a ``version.py`` like the real one's."""
    _, _, label = version.partition("+")
    cuda = f"'{label[2:-1]}.{label[-1]}'" if label.startswith("cu") else "None"
    hip = f"'{label.removeprefix('rocm')}'" if label.startswith("rocm") else "None"
    xpu = "'20250100'" if label == "xpu" else "None"
    text = (
        "from typing import Optional\n\n"
        "__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'xpu']\n"
        f"__version__ = '{version}'\ndebug = False\ncuda: Optional[str] = {cuda}\n"
        f"git_version = '0000000'\nhip: Optional[str] = {hip}\nxpu: Optional[str] = {xpu}\n"
    )
    files = {
        "torch/__init__.py": f"__version__ = '{version}'\n",
        "torch/version.py": text,
        "torch/lib/libtorch.bin": "x" * PADDING,
    }
    return make_wheel(directory, "torch", version, requires=requires, files=files, tag=tag)
