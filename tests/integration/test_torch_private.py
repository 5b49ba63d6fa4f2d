"""A private copy of the PyTorch index: its password reaches it in every step, and shows nowhere."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from isolated_environment import TorchIndex, errors
from tests.support.torch_world import (  # noqa: F401 -- fixtures
    main_directory,
    main_index,
    pages_directory,
    torch_of,
)

pytestmark = pytest.mark.usefixtures("main_index")


class _Private(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"user:s3cr%et").decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def private(pages_directory: Path) -> Iterator[str]:  # noqa: F811
    """The base of the copy, with user name and password."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Private, directory=str(pages_directory)))
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://user:s3cr%25et@127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def named(how: str, base: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """The channel, by one of three ways to name the copy."""
    if how == "argument":
        return TorchIndex("cu121", base_url=base)
    if how == "url":
        return f"{base}/cu121"
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_URL", base)
    return "cu121"


@pytest.fixture(
    params=[
        pytest.param(("uv", "setting")),
        pytest.param(("pip", "argument")),
        *(pytest.param(pair, marks=pytest.mark.slow) for pair in (("uv", "argument"), ("pip", "setting"))),
        *(pytest.param((toolchain, "url"), marks=pytest.mark.slow) for toolchain in ("uv", "pip")),
    ]
)
def words(request, private, monkeypatch) -> dict[str, object]:
    """The toolchain, and where torch comes from."""
    toolchain, how = request.param
    return {"toolchain": toolchain, "torch": named(how, private, monkeypatch)}


def mentions(directory: Path) -> list[str]:
    found = subprocess.run(
        ["grep", "-rlE", "s3cr(%|%25)et", str(directory)], check=False, capture_output=True, text=True
    )
    return found.stdout.split()


def test_it_is_asked_and_fetched_from_with_the_password(make, words, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))  # nothing of it is there already
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
    events: list[object] = []
    env = make(["torch==2.1.2"], on_event=events.append, **words)
    assert torch_of(env) == "2.1.2+cu121 12.1"
    assert mentions(tmp_path / "env") == []
    assert "s3cr" not in str(events)


def test_a_refusal_does_not_show_it(make, words, tmp_path):
    with pytest.raises(errors.TorchConflictError) as caught:
        make(["torch==2.1.2", "needsnew"], **words).ensure()
    for error in (caught.value, caught.value.__cause__):
        assert "s3cr" not in str(error) + repr(vars(error))
    assert mentions(tmp_path / "env") == []
