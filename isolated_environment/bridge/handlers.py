"""Handlers of the application for what comes beside a call: what one raises is reported, and ends no call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any


def hand(handler: Callable[[Any], object], item: Any) -> None:
    """Call a handler; an exception of it goes to the log of this library: nobody waits for it.

    Args:
        handler: What to call.
        item: Its argument.
    """
    try:
        handler(item)
    except Exception:
        import logging

        with contextlib.suppress(Exception):  # it may be logging itself that fails
            logging.getLogger("isolated_environment").exception("a handler of what a worker writes failed: %r", handler)
