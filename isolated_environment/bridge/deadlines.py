"""Time-outs of calls."""

from __future__ import annotations

from ..errors import CallTimeoutError


class Late(Exception):  # noqa: N818 - no error yet: who knows which call it was makes one of it
    """A deadline passed."""


def timed_out(timeout: float | None) -> CallTimeoutError:
    """Return the error of a call that was stopped after *timeout* seconds, ``None``: with the one around it."""
    if timeout is None:
        return CallTimeoutError("the call around this one did not end in time; both were stopped", timeout=0.0)
    return CallTimeoutError(f"the call did not end within {timeout:g} s; it was stopped", timeout=float(timeout))
