"""For the tests of applications: ``pytest_plugins = ["isolated_environment.testing"]`` in ``conftest.py``.

An index of tiny packages without a network, an environment that records what is asked of it and builds nothing, and
assertions.  pytest is needed, and is no dependency of this library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from .assertions import assert_has, host_unchanged
from .fakes import Asked, FakeEnvironment
from .indexes import PackageIndex
from .wheels import Described, make_wheels

__all__ = [
    "Asked",
    "FakeEnvironment",
    "PackageIndex",
    "assert_has",
    "fake_environment",
    "host_unchanged",
    "make_wheels",
    "package_index",
]


@pytest.fixture
def package_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Mapping[str, Described]], PackageIndex]]:
    """A function that serves packages on 127.0.0.1, as the main index of every environment that the test builds.

    It takes what :func:`.wheels.make_wheels` takes, and returns the index, which keeps what it was asked for::

        def test_it_is_installed(package_index):
            package_index({"whisper": {"version": "1.0", "scripts": {"whisper": "whisper:main"}}})
            assert yourapp.transcribe("talk.mp3") == "..."

    The installers' caches are the test's own, so that a package may have another content in the next test.
    """
    with ExitStack() as stack:
        number = 0

        def serve(packages: Mapping[str, Described]) -> PackageIndex:
            nonlocal number
            number += 1
            index = PackageIndex(make_wheels(tmp_path / f"packages{number}", packages))
            stack.enter_context(index.running())
            monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
            return index

        for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "ISOLATED_ENVIRONMENT_CACHE_DIR"):
            monkeypatch.setenv(name, str(tmp_path / "caches" / name))
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_BYTECODE", "off")
        yield serve


@pytest.fixture
def fake_environment(tmp_path: Path) -> FakeEnvironment:
    """An environment that builds nothing; put it in the place of yours with ``monkeypatch.setattr``."""
    return FakeEnvironment(tmp_path / "fake_env")
