"""Every page with something to type or to run is followed literally, by somebody with a fresh virtual environment."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from isolated_environment.host import find_interpreter
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel, make_wheels
from isolated_environment.toolchains.pip import bundled_wheels
from tests.support.far import HERE
from tests.support.installers import PIP, site_of
from tests.support.pages import CHECKOUT, LIVE, Reader, blocks, variables_of
from tests.support.rehearsal import host_site
from tests.support.torch_world import main_directory, pages, pages_directory  # noqa: F401 -- fixtures

COWSAY = """
def get_output_string(name, text):
    return f"| {text} | says the {name}"


def main():
    import sys
    print(get_output_string("cow", sys.argv[2]))
"""
WHISPER = "import torch\n\ndef main():\n    print('usage: whisper [-h] audio [audio ...]')\n"

#: The pages that have something to type or to run, and where they are followed.
FOLLOWED = {
    "README.md": "test_readme",
    "docs/index.md": "test_the_front_page_and_the_tutorial",
    "docs/tutorial/first-environment.md": "test_the_front_page_and_the_tutorial",
    "docs/how-to/ship-it.md": "test_ship_it_and_build_it_into_an_image",
    "docs/how-to/read-only-installs.md": "test_ship_it_and_build_it_into_an_image",
    "docs/how-to/clusters.md": "test_clusters",
    "docs/how-to/offline.md": "test_offline",
    "docs/how-to/progress-in-a-window.md": "test_progress_in_a_window",
    "docs/how-to/migrate.md": "test_migrate",
    "docs/reference/errors.md": "test_the_head_of_the_errors",
    "docs/how-to/call-functions.md": "test_calls_pages_of_docs.py::test_how_to_call_functions",
    "docs/how-to/pin-cuda-torch.md": "test_torch_pages_of_docs.py::test_every_example_of_how_to_pin_runs",
    "docs/how-to/test-your-application.md": "test_testing_page_of_docs.py::test_the_blocks_of_the_page_pass",
    # what they have to type is what CI runs, and what takes minutes
    "docs/development/contributing.md": "",
    "docs/development/faults.md": "",
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory, library):
    """What the pages name, as tiny packages; the library itself, and what builds a project."""
    directory = tmp_path_factory.mktemp("packages")
    make_wheel(directory, "cowsay", "6.1", files={"cowsay.py": COWSAY}, scripts={"cowsay": "cowsay:main"})
    scripts = {"whisper": "whisper:main"}
    make_wheel(
        directory, "openai-whisper", "20250625", requires=["torch"], files={"whisper.py": WHISPER}, scripts=scripts
    )
    make_wheels(directory, {"numpy": "1.26.4", "tqdm": "4.67", "torch": "2.5.0", "triton": "2.1.0", "tinydep": "1.0"})
    for wheel in (library, *bundled_wheels().glob("setuptools-*.whl")):
        shutil.copy(wheel, directory)
    with PackageIndex(directory).running() as index:
        yield index


@pytest.fixture
def reader(tmp_path, packages, monkeypatch):
    """Somebody with a new virtual environment, whose index has what the pages name."""
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", packages.url)
    venv = PIP.make_venv(tmp_path / "venv")
    home = tmp_path / "home"
    home.mkdir()
    settings = {"PIP_INDEX_URL": packages.url, "PIP_NO_DEPS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    settings["PIP_NO_BUILD_ISOLATION"] = "0"  # pip's word for: build with what is here; it is quicker
    caches = {name: str(tmp_path / name) for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR")}
    python = str(find_interpreter(HERE).executable)
    reader = Reader(home, variables_of(venv, **settings, **caches), {"/sw/python/3.11/bin/python": python})
    reader.run("pip install --quiet isolated_environment setuptools")
    # what the library depends on is not fetched: it comes from the tests' own site-packages
    (site_of(venv) / "of-the-tests.pth").write_text(f"{host_site()}\n")
    return reader


def of(page, *languages):
    return [block for block in blocks(page) if block.language in (languages or LIVE)]


def test_readme(reader, request):
    """Its two commands: the first from a checkout; the second is what CI runs."""
    first, second = of("README.md", "sh")
    assert second.text == "./install && . ./activate.sh && pytest\n"
    for name in ("isolated_environment", "pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        source = CHECKOUT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, reader.directory / name)
    said = reader.run(f"cd {reader.directory} && {first.text}")
    assert said.endswith("| hello | says the cow\n")
    reader.variables["ISOLATED_ENVIRONMENT_TORCH_URL"] = request.getfixturevalue("pages").base_url
    reader.follow(of("README.md", "python"))
    assert reader.said.splitlines() == [
        f"| {text} | says the cow" for text in ("hello", "hello again", "hello", "hello", "again")
    ]


def test_the_front_page_and_the_tutorial(reader):
    reader.follow(of("docs/index.md"))
    reader.follow(of("docs/tutorial/first-environment.md"))
    assert reader.said.count("| hello | says the cow") == 2
    assert "woc eht syas | olleh |" in reader.said, "rev, of the host's PATH"
    assert reader.said.endswith("resolution-failed\n")


def test_ship_it_and_build_it_into_an_image(reader):
    reader.follow(of("docs/how-to/ship-it.md"))
    reader.run("pip wheel --quiet --wheel-dir dist .")
    reader.variables["PIP_FIND_LINKS"] = str(reader.directory / "dist")
    reader.run("pip uninstall --quiet --yes yourapp")
    (site,) = Path(reader.variables["VIRTUAL_ENV"]).glob("lib/python*/site-packages")
    assert not (site / "yourapp").exists()
    assert not (site / ".yourapp.isolated").exists()
    shutil.rmtree(reader.directory / "yourapp")
    reader.follow(of("docs/how-to/read-only-installs.md"))
    assert "ready" in reader.run("isolated-environment list")
    compiled = list((site / ".yourapp.isolated").rglob("whisper.*.pyc"))
    assert len(compiled) == 1, "`now` compiled while it was built"


def test_clusters(reader):
    reader.follow(of("docs/how-to/ship-it.md", "python", "toml"))
    reader.run("pip install --quiet .")
    reader.follow(of("docs/how-to/clusters.md"))


def test_offline(reader):
    reader.run("isolated-environment run ./env --with cowsay==6.1 -- cowsay -t made")
    reader.follow(of("docs/how-to/offline.md"))
    assert [path.name for path in (reader.directory / "wheelhouse").iterdir()] == ["cowsay-6.1-py3-none-any.whl"]
    reader.variables.update(ISOLATED_ENVIRONMENT_OFFLINE="1", UV_CACHE_DIR=str(reader.directory / "empty"))
    reader.run("python -c 'from yourapp.runtime import env; env.ensure()'")


def test_progress_in_a_window(reader):
    reader.follow(of("docs/how-to/progress-in-a-window.md"))
    lines = reader.said.splitlines()
    assert lines[0].startswith("1 package(s), ")
    assert lines[0].endswith("enough free")
    assert lines[-1] == "ready"
    assert any(line.startswith("installing 1 distribution with") for line in lines)


def test_a_build_is_cancelled_as_the_page_says(reader):
    first, *_ = of("docs/how-to/progress-in-a-window.md")
    reader.follow([first, type(first)("python", "cancelled.set()\nwork()\nprint(type(happened.get()).__name__)\n")])
    assert reader.said == "Cancelled\n"
    assert not list((reader.directory / "tools_env").glob("g*"))


def test_migrate(reader, request):
    request.getfixturevalue("pages")
    reader.variables["ISOLATED_ENVIRONMENT_TORCH_URL"] = request.getfixturevalue("pages").base_url
    reader.follow(of("docs/how-to/migrate.md"))
    assert reader.said == "usage: whisper [-h] audio [audio ...]\n\n| hello | says the cow\n\n"


def test_what_is_typed_on_other_pages(reader):
    """Their Python is run where their packages are."""
    reader.follow(of("docs/how-to/pin-cuda-torch.md", "sh", "console"))
    for page in ("docs/how-to/call-functions.md", "docs/how-to/test-your-application.md"):
        assert not of(page, *set(LIVE) - {"python"})


def test_the_head_of_the_errors(reader):
    (block,) = of("docs/reference/errors.md", "python")
    start = "from isolated_environment import IsolatedEnvironment\nenv = IsolatedEnvironment('e', ['cowsay==99'])\n"
    reader.follow([type(block)("python", start + block.text)])


def test_every_page_is_followed_somewhere():
    """A page that gets its first block fails here until it is followed."""
    found = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "docs").rglob("*.md")} | {"README.md"}
    assert {page for page in found if of(page)} == set(FOLLOWED)
    for name in filter(None, FOLLOWED.values()):
        module, _, test = name.rpartition("::")
        assert f"def {test}(" in Path(__file__).with_name(module or Path(__file__).name).read_text("utf-8"), name
