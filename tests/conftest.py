"""What every test gets: a clean world without network, and an index of tiny packages on 127.0.0.1."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from isolated_environment import IsolatedEnvironment
from isolated_environment.store import publication
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from isolated_environment.toolchains import pip
from tests.support.quick_pip import quick_wheels

_FAMILIES = ("PIP_", "UV_", "ISOLATED_ENVIRONMENT_", "CONDA_", "VIRTUAL_ENV", "PYTHON", "VIRTUALENV_")
_HOST = dict(os.environ)

# no deadline: other processes share the machine; no database: no file outside the tests' own directories
settings.register_profile("tests", deadline=None, database=None)
settings.load_profile("tests")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let what a module shares be made by one worker."""
    from tests.support.scheduling import GroupedModules

    return GroupedModules(config, log)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def clean_world(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No setting of the machine's user reaches a test, and no test reaches the network, the home or the real caches."""
    for name in list(os.environ):
        if name.startswith(_FAMILIES) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    base = tmp_path_factory.getbasetemp()
    home = base / "home"
    home.mkdir(exist_ok=True)
    if "PYENV_ROOT" not in os.environ and Path("~/.pyenv").expanduser().is_dir():
        monkeypatch.setenv("PYENV_ROOT", str(Path("~/.pyenv").expanduser()))
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_CACHE_DIR", str(base / "uv-cache"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(base / "pip-cache"))
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_DATA_DIR", str(base / "data"))
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_CACHE_DIR", str(base / "cache"))
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_BYTECODE", "off")  # no test leaves a process that compiles
    # no test cuts the power, and a sync waits for whatever else this machine writes; processes of the tests' do sync
    monkeypatch.setattr(publication, "_sync_one", lambda _: None)
    if request.node.get_closest_marker("network"):
        if not _has_network():
            pytest.skip("the package registry cannot be reached")
        for name in ("PIP_CERT", "SSL_CERT_FILE", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "HTTPS_PROXY", "HTTP_PROXY"):
            if name in _HOST:
                monkeypatch.setenv(name, _HOST[name])
    else:
        index: PackageIndex = request.getfixturevalue("index")
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")


@pytest.fixture(scope="session", autouse=True)
def quick_pip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The library finds pip with its bytecode; made when it is first looked for."""
    directory = tmp_path_factory.getbasetemp() / "pip's wheels"
    with pytest.MonkeyPatch.context() as patch:
        pip.find.cache_clear()
        patch.setattr(pip, "bundled_wheels", lambda: quick_wheels(directory))
        yield
    pip.find.cache_clear()


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the main index of the tests."""
    directory = tmp_path_factory.mktemp("wheels")
    for version in ("1.0", "2.0", "3.0rc1"):
        make_wheel(directory, "alpha", version, scripts={"alpha": "alpha:main"})
    make_wheel(directory, "beta", "1.0", requires=["alpha"])
    make_wheel(directory, "old-beta", "1.0", requires=["alpha<2"])
    make_wheel(directory, "gamma", "1.0", requires=["alpha; extra == 'more'"])
    make_wheel(directory, "delta", "1.0")
    make_wheel(directory, "future", "1.0", requires_python=">=3.99")
    return directory


@pytest.fixture(scope="session")
def index(wheels: Path) -> Iterator[PackageIndex]:
    """The main index of the tests."""
    with PackageIndex(wheels).running() as running:
        yield running


@pytest.fixture(params=["uv", "pip"])
def toolchain(request: pytest.FixtureRequest) -> str:
    """Both toolchains, one after the other."""
    return str(request.param)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., IsolatedEnvironment]:
    """A maker of environments in this test's directory."""

    def maker(*args: object, name: str = "env", **kwargs: object) -> IsolatedEnvironment:
        return IsolatedEnvironment(tmp_path / name, *args, **kwargs)  # type: ignore[arg-type]

    return maker


_network: bool | None = None


def _has_network() -> bool:
    """Whether the registry that pip uses answers; asked once."""
    global _network  # noqa: PLW0603
    if _network is None:
        import subprocess

        uv = subprocess.run(
            ["uv", "pip", "compile", "-", "--quiet", "--no-cache"],
            input="six\n",
            text=True,
            capture_output=True,
            check=False,
            env={**_HOST, "UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "10"},
        )
        _network = uv.returncode == 0
    return _network


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
