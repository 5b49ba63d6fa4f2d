"""What the tests of uninstalling share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.demoapp import make_demo_wheels


@pytest.fixture(scope="session")
def demo_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the demo application, 1.0 and 2.0, and of a stranger beside it."""
    return make_demo_wheels(tmp_path_factory.mktemp("demo"))
