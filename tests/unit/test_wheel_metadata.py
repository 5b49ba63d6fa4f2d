"""A wheel's METADATA without the wheel: from beside it, by ranges, or not at all; never more bytes than it takes."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

from isolated_environment import wheel_metadata
from isolated_environment.errors import IndexUnreachableError
from isolated_environment.index import Index
from isolated_environment.repository import File
from isolated_environment.settings import Settings
from isolated_environment.wheel_metadata import read_metadata, requirements_in

NAME = "torch-2.1.2+cu121-cp311-cp311-linux_x86_64.whl"
METADATA = b"Metadata-Version: 2.1\nName: torch\nVersion: 2.1.2+cu121\nRequires-Dist: numpy\n"
INFO = "torch-2.1.2+cu121.dist-info"


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


WHEEL = archive({"torch/lib.bin": bytes(range(256)) * 800, f"{INFO}/METADATA": METADATA}, zipfile.ZIP_STORED)


@dataclass
class Site:
    """A server of one wheel and what lies beside it."""

    wheel: bytes = WHEEL
    sidecar: bytes | None = None
    ranges: bool = True
    #: Bytes sent, and what was asked: path, range, authorization.
    sent: int = 0
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    origin: str = ""

    def read(self, *, beside: bool = False, index: Index | None = None) -> bytes | None:
        file = File(NAME, f"{self.origin}/{NAME.replace('+', '%2B')}", None, None, False, VERSION, beside)
        return read_metadata(file, index or Index(self.origin, default=True), Settings())


VERSION = parse_wheel_filename(NAME)[1]


@pytest.fixture
def serve() -> Iterator[Callable[[Site], Site]]:
    servers = []

    def start(site: Site) -> Site:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range")
                site.requests.append((self.path, wanted, self.headers.get("Authorization")))
                data = site.sidecar if self.path.endswith(".metadata") else site.wheel
                if data is None:
                    self.send_error(403)
                    return
                whole = len(data)
                if wanted and site.ranges and not self.path.endswith(".metadata"):
                    first, last = (int(word) for word in wanted.removeprefix("bytes=").split("-"))
                    data = data[first : last + 1]
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {first}-{last}/{whole}")
                else:
                    self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                for start in range(0, len(data), 1 << 16):
                    try:
                        self.wfile.write(data[start : start + (1 << 16)])
                    except OSError:  # nobody listens any more
                        return
                    site.sent += len(data[start : start + (1 << 16)])

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        site.origin = f"http://127.0.0.1:{server.server_address[1]}"
        return site

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_lies_beside_the_wheel(serve):
    site = serve(Site(sidecar=METADATA))
    assert site.read(beside=True) == METADATA
    assert [path for path, _, _ in site.requests] == [f"/{NAME.replace('+', '%2B')}.metadata"], "the plus stays quoted"


def test_by_ranges_only_the_end_is_fetched(serve):
    site = serve(Site())
    assert site.read() == METADATA
    assert site.sent < 2000 < len(WHEEL)


@pytest.mark.parametrize(
    "sidecar",
    [
        None,
        b"",
        b"<html>please log in</html>",
        METADATA.replace(b"2.1.2", b"9.9"),
        METADATA.replace(b"torch", b"evil"),
        METADATA.replace(b"2.1.2+cu121", b"nonsense"),
    ],
)
def test_what_lies_beside_it_and_is_another_s_is_not_believed(serve, sidecar):
    site = serve(Site(sidecar=sidecar))
    assert site.read(beside=True) == METADATA


def test_metadata_without_the_label_is_the_wheel_s(serve):
    """So it is on the main index and its copies."""
    bare = METADATA.replace(b"+cu121", b"")
    assert serve(Site(sidecar=bare)).read(beside=True) == bare


def test_a_server_without_ranges_sends_no_wheel(serve):
    site = serve(Site(wheel=bytes(64 << 20), ranges=False))
    assert site.read() is None
    assert site.sent < 16 << 20, "the connection is closed, not read to its end"


def test_what_lies_beside_it_and_is_huge_is_not_fetched(serve, monkeypatch):
    """A mirror may answer with the wheel itself."""
    monkeypatch.setattr(wheel_metadata, "LIMIT", 1 << 16)
    site = serve(Site(sidecar=METADATA + bytes(64 << 20)))
    assert site.read(beside=True) == METADATA
    assert site.sent < 16 << 20


def test_metadata_that_unpacks_to_more_than_it_can_be_is_not_unpacked(serve, monkeypatch):
    monkeypatch.setattr(wheel_metadata, "LIMIT", 1 << 16)
    bomb = archive({f"{INFO}/METADATA": METADATA + bytes(8 << 20)})
    assert len(bomb) < 1 << 16
    assert serve(Site(wheel=bomb)).read() is None


def test_a_directory_that_is_longer_than_a_wheel_s_is_not_fetched(serve, monkeypatch):
    monkeypatch.setattr(wheel_metadata, "BUDGET", 1 << 14)
    crowded = archive({**{f"torch/{number:06}": b"" for number in range(1000)}, f"{INFO}/METADATA": METADATA})
    site = serve(Site(wheel=crowded))
    assert site.read() is None
    assert site.sent < 1 << 14


def test_the_metadata_of_what_is_vendored_is_not_the_wheel_s(serve):
    other = METADATA.replace(b"torch", b"other")
    members = {"torch/_vendor/other-1.0.dist-info/METADATA": other, f"{INFO}/METADATA": METADATA}
    assert serve(Site(wheel=archive(members))).read() == METADATA


@pytest.mark.parametrize(
    "wheel",
    [
        b"",
        b"no archive",
        WHEEL[:-30],
        archive({"torch/x": b""}),
        archive({f"{INFO}/METADATA": b""}),
        archive({f"{INFO}/METADATA": METADATA * 50}).replace(b"\x08\x00", b"\x63\x00"),
    ],
)
def test_a_wheel_that_cannot_be_read_has_none(serve, tmp_path, wheel):
    assert serve(Site(wheel=wheel)).read() is None
    assert local(tmp_path, wheel) is None


def local(directory: Path, wheel: bytes | None) -> bytes | None:
    path = directory / NAME
    if wheel is not None:
        path.write_bytes(wheel)
    file = File(NAME, path.as_uri(), None, None, False, VERSION)
    return read_metadata(file, Index(directory, default=True), Settings(offline=True))


def test_a_local_wheel_is_read_directly(tmp_path):
    (tmp_path / "with blank").mkdir()
    assert local(tmp_path / "with blank", WHEEL) == METADATA
    assert local(tmp_path, None) is None, "a page may name what is not there"


def test_a_source_archive_has_none(tmp_path):
    file = File("torch-1.0.tar.gz", "https://h/torch-1.0.tar.gz", None, None, False, VERSION, True)
    assert read_metadata(file, Index(tmp_path, default=True), Settings()) is None


def test_a_host_that_does_not_answer(closed_port):
    site = Site(origin=f"http://127.0.0.1:{closed_port}")
    for beside in (True, False):
        with pytest.raises(IndexUnreachableError):
            site.read(beside=beside)


def test_the_index_s_credentials_go_to_its_own_host_alone(serve):
    """The files of the real index lie on another one."""
    site = serve(Site(sidecar=METADATA))
    mine = Index(site.origin.replace("://", "://user:s3cret@"), default=True)
    other = Index("http://user:s3cret@127.0.0.1:1/whl", default=True)
    assert site.read(beside=True, index=mine) == site.read(beside=True, index=other) == METADATA
    assert [bool(authorization) for _, _, authorization in site.requests] == [True, False]


def test_what_a_distribution_needs():
    lines = [
        "Numpy>=1",
        "b_c ; python_version < '3'",
        "d[x] ; extra == 'e'",
        "not a requirement !",
        "F ; os_name == 'posix'",
    ]
    metadata = "".join(f"Requires-Dist: {line}\n" for line in lines).encode()
    assert requirements_in(metadata, {"python_version": "3.11", "os_name": "posix"}) == ["numpy", "f"]
    assert requirements_in(b"", {}) == []
