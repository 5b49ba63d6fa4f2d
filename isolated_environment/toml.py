"""Reading TOML: :mod:`tomllib`, or ``tomli`` on Python 3.10."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(text: str) -> dict[str, Any]:
    """Return the table that *text* holds.

    Raises:
        ValueError: it is not TOML.
    """
    table: dict[str, Any] = tomllib.loads(text)
    return table
