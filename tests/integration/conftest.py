"""What the tests of uninstalling share."""

from __future__ import annotations

from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment
from tests.support.demoapp import make_demo_wheels
from tests.support.wheels import make_wheel


@pytest.fixture(scope="session")
def demo_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the demo application, 1.0 and 2.0, and of a stranger beside it."""
    return make_demo_wheels(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def beyond(tmp_path_factory: pytest.TempPathFactory) -> IsolatedEnvironment:
    """An environment with the module ``beyond``, which the host has not: what the tests of calls call into."""
    directory = tmp_path_factory.mktemp("beyond")
    source = Path(__file__).parent.parent / "support" / "beyond.py"
    wheel = make_wheel(directory, "beyond", "1.0", files={"beyond.py": source.read_text("utf-8")})
    env = IsolatedEnvironment(directory / "env", [str(wheel)])
    env.ensure()
    return env
