"""The pages of the documentation, as the tests run them."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def python_blocks(page: str) -> list[str]:
    """The Python examples of a page, in order; *page* is its path in the checkout."""
    return re.findall(r"^```python\n(.*?)^```", (CHECKOUT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
