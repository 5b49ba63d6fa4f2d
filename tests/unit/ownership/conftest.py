"""A site-packages of its own for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isolated_environment.ownership.owners import Owner
from isolated_environment.ownership.placement import Placement, find_placements
from tests.support.sites import put_distribution


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "lib" / "python3" / "site-packages"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def put(site: Path) -> Callable[..., Owner]:
    """Install a distribution there, without an installer."""
    return lambda *args, **kwargs: put_distribution(site, *args, **kwargs)


@pytest.fixture
def place_of(tmp_path: Path) -> Callable[..., Placement]:
    """The placement to build in."""

    def find(path: Path, owner: str | None = "auto", **kwargs: str) -> Placement:
        options = {"if_read_only": "user", "data_dir": str(tmp_path / "data"), **kwargs}
        return find_placements(path, owner, **options)[-1]  # type: ignore[arg-type]

    return find
