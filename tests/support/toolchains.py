"""With which toolchain a test runs."""

from __future__ import annotations

import pytest

#: uv each time and pip in the slow run: where both run the same code of ours, or another test shows pip doing it.
PIP_WHEN_SLOW = pytest.mark.parametrize("toolchain", ["uv", pytest.param("pip", marks=pytest.mark.slow)])
