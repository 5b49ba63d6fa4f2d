"""Time-outs of calls."""

from __future__ import annotations

from ..errors import CallTimeoutError


class Late(Exception):  # noqa: N818 - no error yet: who knows which call it was makes one of it
    """A deadline passed."""


_HINT = "give it more time with timeout=, or less to do"


def timed_out(timeout: float | None, target: object = None) -> CallTimeoutError:
    """Return the error of a call that was stopped.

    Args:
        timeout: Seconds; ``None``: it was stopped with the call around it.
        target: What was called, where that is known.
    """
    if timeout is None:
        text = "the call around this one did not end in time; both were stopped"
        return CallTimeoutError(text, hint=_HINT, timeout=0.0)
    name = target if isinstance(target, str) else getattr(target, "__qualname__", None)
    called = f"the call of {name}" if name else "the call"
    text = f"{called} did not end within {timeout:g} s; it was stopped"
    return CallTimeoutError(text, hint=_HINT, timeout=float(timeout))
