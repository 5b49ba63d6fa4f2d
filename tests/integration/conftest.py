"""What the tests of uninstalling share, and those of calls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment
from isolated_environment.testing.wheels import make_wheel
from tests.support.demoapp import make_demo_wheels
from tests.support.far import HERE, Far, far, present
from tests.support.installers import build_wheel
from tests.support.visitors import CHECKOUT

#: The oldest, the newest, and the host's own in every run; those between in long ones.
ALWAYS = ("3.8", HERE, "3.13")
PYTHONS = [pytest.param(minor, marks=[] if minor in ALWAYS else pytest.mark.slow) for minor in present()]


@pytest.fixture(scope="session")
def demo_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the demo application, 1.0 and 2.0, and of a stranger beside it."""
    return make_demo_wheels(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, built away from it and without a network."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(CHECKOUT / "isolated_environment", source / "isolated_environment")
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    return build_wheel(source, tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="session")
def beyond(tmp_path_factory: pytest.TempPathFactory) -> IsolatedEnvironment:
    """An environment with the module ``beyond``, which the host has not: what the tests of calls call into."""
    directory = tmp_path_factory.mktemp("beyond")
    source = Path(__file__).parent.parent / "support" / "beyond.py"
    wheel = make_wheel(directory, "beyond", "1.0", files={"beyond.py": source.read_text("utf-8")})
    env = IsolatedEnvironment(directory / "env", [str(wheel)])
    env.ensure()
    return env


@pytest.fixture(scope="module", params=PYTHONS)
def there(request: pytest.FixtureRequest) -> Iterator[Far]:
    """Another Python, or one like this, that functions and values are sent to; one after the other."""
    with far(request.param) as other:
        yield other


@pytest.fixture(scope="module")
def oldest() -> Iterator[Far]:
    """The oldest Python that an environment can have."""
    with far("3.8") as other:
        yield other
