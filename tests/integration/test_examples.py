"""The example applications, installed, used and uninstalled as their READMEs say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from contextlib import ExitStack

import pytest

from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.installers import UV, build_wheel, run, site_of
from tests.support.listing import listing
from tests.support.rehearsal import host_site
from tests.support.torch_world import make_main, pages, pages_directory  # noqa: F401 -- fixtures
from tests.support.visitors import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
WHISPER = """
import torch.version

class Model:
    def __init__(self, name): self.name = name
    def transcribe(self, path): return {"text": f" {open(path).read()} ({self.name}, {torch.version.__version__})"}

load_model = Model
"""


class Application:
    """A virtual environment with the library in it, and one example.

    Args:
        workplace: An empty directory.
        library: The library's wheel; what it depends on comes from the tests' own site-packages.
    """

    def __init__(self, workplace, library):
        self.workplace = workplace
        self.venv = UV.make_venv(workplace / "venv")
        self.site = site_of(self.venv)
        UV.install(self.venv, library.parent, str(library), "--no-deps")
        (self.site / "of-the-tests.pth").write_text(f"{host_site()}\n")
        self.before = self._listing()

    def install(self, name, *, bundle=None):
        """Install an example from a copy of it; what is built leaves nothing in the checkout."""
        project = self.workplace / name
        shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns("build", "*.egg-info", "bundle"))
        if bundle is not None:
            shutil.copytree(bundle, project / name / "bundle")
        wheel = build_wheel(project, self.workplace / "wheels")
        UV.install(self.venv, wheel.parent, str(wheel), "--no-deps")

    def call(self, program, *words, code=0):
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        argv = [self.venv / "bin" / program, *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ, cwd=self.workplace)
        assert done.returncode == code, done.stderr
        return done

    def uninstall(self, name):
        """Uninstall; return what is left."""
        run("uv", "pip", "uninstall", "--quiet", "--python", self.venv / "bin/python", name)
        after = self._listing()
        return sorted(after.keys() ^ self.before.keys())

    def _listing(self):
        found = listing(self.venv)
        return {path: what for path, what in found.items() if path != ".lock" and "__pycache__" not in path}


@pytest.fixture
def application(tmp_path, library):
    return Application(tmp_path / "app", library)


@pytest.fixture
def serve():
    """Serves a directory of wheels."""
    with ExitStack() as stack:
        yield lambda directory: stack.enter_context(PackageIndex(directory).running())


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/pyproject.toml")), ids=lambda path: path.parent.name)
def test_an_example_is_short(path):
    modules = list(path.parent.glob(f"{path.parent.name}/*.py"))
    assert 0 < sum(len(module.read_text().splitlines()) for module in modules) < 100


def test_the_transcriber_has_its_own_pytorch(application, serve, tmp_path, monkeypatch, request):
    request.getfixturevalue("pages")
    main = make_main(tmp_path / "main")
    (main / "openai_whisper-20240930-py3-none-any.whl").unlink()
    make_wheel(main, "openai-whisper", "20250625", requires=["torch", "tinydep"], files={"whisper.py": WHISPER})
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", serve(main).url)
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_BACKEND", "cu121")  # not the machine's
    for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    application.install("transcriber")
    (application.workplace / "talk.mp3").write_text("hello")
    planned = json.loads(application.call("isolated-environment", "plan", "transcriber", "--json").stdout)
    assert {"torch", "openai-whisper"} <= {each["name"] for each in planned["transcriber:whisper"]["distributions"]}
    assert application.call("transcriber", "talk.mp3", "talk.mp3").stdout == "hello (tiny, 2.5.1+cu121)\n" * 2
    assert "hello (base," in application.call("transcriber", "--model", "base", "talk.mp3").stdout
    failed = application.call("transcriber", "no-such.mp3", code=1)
    assert "no-such.mp3" in failed.stderr
    assert failed.stdout == ""
    assert application.uninstall("transcriber") == []


def test_the_air_gapped_application_needs_no_network(application, serve, tmp_path, monkeypatch, closed_port):
    """Its author builds once with a network, and ships the bundle."""
    author = tmp_path / "author"
    files = {"cowsay.py": COWSAY}
    cow = make_wheel(tmp_path / "cow", "cowsay", "6.1", files=files, scripts={"cowsay": "cowsay:main"})
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", serve(cow.parent).url)
    application.call("isolated-environment", "run", "env", "--with", "cowsay==6.1", "--", "cowsay", "-t", "author")
    application.call("isolated-environment", "bundle", "env", "--output", author)
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", f"http://127.0.0.1:{closed_port}/simple")
    for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    application.install("air_gapped", bundle=author)
    with zipfile.ZipFile(next((application.workplace / "wheels").glob("*.whl"))) as wheel:
        assert "air_gapped/bundle/cowsay-6.1-py3-none-any.whl" in wheel.namelist()
    assert application.call("air-gapped", "moo").stdout == "moo\n"
    shutil.rmtree(application.workplace / "env")
    assert application.uninstall("air-gapped") == []


COWSAY = "import sys\n\ndef main():\n    print(sys.argv[2])\n"


@pytest.mark.network
def test_thumbnails_come_from_four_workers(application):
    application.install("thumbnails")
    colours = {"red": b"\xff\0\0", "green": b"\0\xff\0", "blue": b"\0\0\xff", "grey": b"\x80" * 3, "black": b"\0" * 3}
    for name, colour in colours.items():
        (application.workplace / f"{name}.ppm").write_bytes(b"P6 256 128 255\n" + colour * 256 * 128)
    said = application.call("thumbnails", "sheet.ppm", *(f"{name}.ppm" for name in colours)).stdout
    assert said == "5 thumbnail(s) in sheet.ppm\n"
    header, _, pixels = (application.workplace / "sheet.ppm").read_bytes().partition(b"255\n")
    assert header.split() == [b"P6", b"512", b"256"]
    corners = [512 * row + column for row, column in ((0, 0), (0, 128), (0, 256), (0, 384), (128, 0))]
    assert [pixels[3 * corner :][:3] for corner in corners] == list(colours.values())
    assert application.call("thumbnails", "sheet.png", "no-such.jpg", code=1).stderr.startswith("thumbnails: ")
    assert application.uninstall("thumbnails") == []
