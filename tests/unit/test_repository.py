"""Pages of indexes: HTML, JSON and directories; which file serves; what failed when none can be read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag

from isolated_environment import Index
from isolated_environment.errors import IndexUnreachableError, ResolutionError
from isolated_environment.host import markers_of
from isolated_environment.index import Credentials
from isolated_environment.lockfile import Target
from isolated_environment.repository import File, choose_file, read_project
from isolated_environment.settings import Settings
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel

TARGET = Target(markers_of("3.11.4"), (Tag("cp311", "cp311", "linux_x86_64"), Tag("py3", "none", "any")))
Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def served() -> Iterator[Callable[..., Index]]:
    """Serve one answer to everything; the index that does."""
    servers = []

    def serve(body: bytes, kind: str = "text/html", status: int = 200) -> Index:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return Index(f"http://127.0.0.1:{server.server_address[1]}/simple", ["a"])

    yield serve
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def names(files: list[File]) -> list[str]:
    return [file.filename for file in files]


PAGE = f"""<!DOCTYPE html><html><head><base href="/files/"></head><body>
<a href="a-1.0-py3-none-any.whl#sha256={"0" * 64}" data-requires-python="&gt;=3.8">a</a>
<a href="https://cdn.example/x/a-2.0.tar.gz" data-yanked="broken">a</a>
<a href="a%2Blocal-3.0.zip">strange</a>
<a href="a-4.0%2Bcu1-cp311-cp311-linux_x86_64.whl#md5=abc">a</a>
<a href="readme.txt">no distribution</a><a name="nothing">x</a>
</body></html>"""


def test_a_page_in_html(served) -> None:
    index = served(PAGE.encode())
    files = read_project(index, "a", Settings())
    origin = index.url.removesuffix("/simple")
    assert [(str(file.version), file.is_wheel, file.yanked) for file in files[:2]] == [
        ("1.0", True, False),
        ("2.0", False, True),
    ]
    assert files[0].url == f"{origin}/files/a-1.0-py3-none-any.whl"
    assert (files[0].sha256, files[0].requires_python) == ("0" * 64, ">=3.8")
    assert (files[1].url, files[1].sha256) == ("https://cdn.example/x/a-2.0.tar.gz", None)
    assert str(files[-1].version) == "4.0+cu1"
    assert files[-1].sha256 is None
    assert "readme.txt" not in names(files)


def test_a_page_in_json(served) -> None:
    files = [
        {"filename": "a-1.0-py3-none-any.whl", "url": "../files/a-1.0-py3-none-any.whl", "hashes": {"sha256": "00"}},
        {"filename": "a-2.0.tar.gz", "url": "https://h/a-2.0.tar.gz", "yanked": "why", "requires-python": ">=3.12"},
        {"filename": "nonsense", "url": "x"},
    ]
    index = served(json.dumps({"files": files}).encode(), "application/vnd.pypi.simple.v1+json")
    one, two = read_project(index, "a", Settings())
    assert one.url == index.url + "/files/a-1.0-py3-none-any.whl"
    assert (one.sha256, one.yanked, two.yanked, two.requires_python) == ("00", False, True, ">=3.12")


def test_a_directory_with_and_without_a_page(tmp_path: Path) -> None:
    make_wheel(tmp_path / "my simple" / "a", "a", "1.0")
    index = Index(tmp_path / "my simple", ["a"])
    (file,) = read_project(index, "a", Settings(offline=True))
    assert file.url == (tmp_path / "my simple" / "a" / file.filename).as_uri()
    (tmp_path / "my simple" / "a" / "index.html").write_text('<a href="../b/a-2.0.zip">a-2.0.zip</a>')
    (file,) = read_project(index, "a", Settings())
    assert file.url == (tmp_path / "my simple" / "b" / "a-2.0.zip").as_uri()
    with pytest.raises(ResolutionError, match="does not have b"):
        read_project(index, "b", Settings())


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (404, ResolutionError, "does not have a"),
        (403, ResolutionError, "does not have a"),
        (401, IndexUnreachableError, "check its credentials"),
        (500, IndexUnreachableError, "try again later"),
        (503, IndexUnreachableError, "answered 503"),
    ],
)
def test_answers_that_are_no_page(served, status: int, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_project(served(b"", status=status), "a", Settings())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"files": 3}', b'{"files": [{}]}', b'{"files": [{"filename": 3, "url": 1}]}']
)
def test_a_broken_page_in_json_is_told_as_one(served, body: bytes) -> None:
    with pytest.raises(IndexUnreachableError, match="not a page of an index"):
        read_project(served(body, "application/json"), "a", Settings())


def test_a_page_without_distributions_has_no_files(served) -> None:
    assert read_project(served(b"<html>Welcome to this network, please log in"), "a", Settings()) == []
    with pytest.raises(IndexUnreachableError, match="not a page of an index"):
        read_project(served(b'<a href="http://[x/a-1.0.zip">'), "a", Settings())


def test_nobody_listens(closed_port: int) -> None:
    index = Index(f"http://user:word@127.0.0.1:{closed_port}/simple", ["a"])
    with pytest.raises(IndexUnreachableError, match="did not answer: ConnectionError") as caught:
        read_project(index, "a", Settings())
    assert "word" not in caught.value.diagnostics()
    assert caught.value.step == "resolve"


def test_offline_asks_nobody(index: PackageIndex) -> None:
    del index.requests[:]
    with pytest.raises(IndexUnreachableError, match="offline"):
        read_project(Index(index.url, ["alpha"]), "alpha", Settings(offline=True))
    assert index.requests == []


def test_credentials_are_sent_to_the_index(tmp_path: Path) -> None:
    make_wheel(tmp_path, "a", "1.0")
    with PackageIndex(tmp_path, credentials="us@er:wo/rd").running() as private:
        known = Index(private.url, ["a"], credentials=Credentials("us@er", "wo/rd"))
        assert names(read_project(known, "a", Settings())) == ["a-1.0-py3-none-any.whl"]
        with pytest.raises(IndexUnreachableError, match="answered 401"):
            read_project(Index(private.url, ["a"]), "a", Settings())


def test_the_proxy_and_the_certificate_of_the_settings_are_used(closed_port: int, index: PackageIndex) -> None:
    here = Index(index.url, ["alpha"])
    with pytest.raises(IndexUnreachableError, match="ProxyError"):
        read_project(here, "alpha", Settings(proxy=f"http://127.0.0.1:{closed_port}"))
    secure = Index(index.url.replace("http:", "https:"), ["alpha"])
    with pytest.raises(IndexUnreachableError, match="OSError"):
        read_project(secure, "alpha", Settings(certificate="/nowhere.pem"))
    for timeout in ("5", "nonsense"):
        assert read_project(here, "alpha", Settings(timeout=timeout))


def file(name: str, *, requires: str | None = None, yanked: bool = False) -> File:
    from packaging.utils import parse_sdist_filename, parse_wheel_filename

    version = parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    return File(name, f"https://h/{name}", None, requires, yanked, version)


@pytest.mark.parametrize(
    ("files", "specifiers", "chosen"),
    [
        (["a-1.0-py3-none-any.whl", "a-2.0-py3-none-any.whl"], "", "a-2.0-py3-none-any.whl"),
        (["a-10.0.zip", "a-9.0.zip"], "", "a-10.0.zip"),
        (["a-1.0.zip", "a-1.0-py3-none-any.whl"], "", "a-1.0-py3-none-any.whl"),
        (["a-1.0-py3-none-any.whl", "a-1.0-cp311-cp311-linux_x86_64.whl"], "", "a-1.0-cp311-cp311-linux_x86_64.whl"),
        (["a-2.0-cp39-cp39-linux_x86_64.whl", "a-1.0.zip"], "", "a-1.0.zip"),
        (["a-2.0rc1.zip", "a-1.0.zip"], "", "a-1.0.zip"),
        (["a-2.0rc1.zip"], "", "a-2.0rc1.zip"),
        (["a-2.0rc1.zip", "a-1.0.zip"], ">=2.0rc0", "a-2.0rc1.zip"),
        (["a-1.0+cu1.zip", "a-1.0+cu2.zip"], "==1.0+cu1", "a-1.0+cu1.zip"),
        (["a-1.0+cu1.zip"], "==1.0", "a-1.0+cu1.zip"),
        (["a-1.0.zip"], ">1.0", None),
        ([], "", None),
    ],
)
def test_the_newest_version_s_best_file(files: list[str], specifiers: str, chosen: str | None) -> None:
    found = choose_file(map(file, files), [SpecifierSet(specifiers)], TARGET)
    assert (found.filename if found else None) == chosen


def test_prereleases_on_request() -> None:
    files = [file("a-2.0rc1.zip"), file("a-1.0.zip")]
    found = choose_file(files, [], TARGET, prereleases=True)
    assert found is not None
    assert found.filename == "a-2.0rc1.zip"


def test_every_specifier_counts() -> None:
    files = [file(f"a-{number}.0.zip") for number in range(5)]
    found = choose_file(files, [SpecifierSet(">=1"), SpecifierSet("<4"), SpecifierSet("!=3.0")], TARGET)
    assert found is not None
    assert found.filename == "a-2.0.zip"


def test_yanked_files_and_other_pythons_are_left_out() -> None:
    files = [
        file("a-1.0.zip"),
        file("a-2.0.zip", requires=">=3.12"),
        file("a-3.0.zip", yanked=True),
        file("a-1.5.zip", requires="nonsense"),
    ]
    found = choose_file(files, [], TARGET)
    assert found is not None
    assert found.filename == "a-1.5.zip", "what cannot be read forbids nothing"


@pytest.mark.parametrize(
    "name",
    ["a-1.0-1%2F..%2F..%2Fx-py3-none-any.whl", "a-1.0-py3-none-any%5C..%5Cx.whl", "a-1.0-1%0A-py3-none-any.whl"],
)
def test_a_filename_that_leads_elsewhere_is_none(served, name) -> None:
    """Files are written under these names, and packaging looks at project and version only."""
    page = f'<a href="{name}">x</a><a href="a-1.0-1-py3-none-any.whl">x</a>'
    assert names(read_project(served(page.encode()), "a", Settings())) == ["a-1.0-1-py3-none-any.whl"]
    files = [{"filename": unquote(name), "url": "x.whl"}]
    index = served(json.dumps({"files": files}).encode(), "application/vnd.pypi.simple.v1+json")
    assert read_project(index, "a", Settings()) == []
