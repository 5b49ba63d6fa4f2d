"""What the tests of faults share."""

from __future__ import annotations

from tests.integration.conftest import beyond

__all__ = ["beyond"]
