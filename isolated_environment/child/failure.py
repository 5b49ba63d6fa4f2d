"""Exceptions as data: what the other side needs to tell, and to build the exception again if it can."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any


def describe(error: BaseException, dumps: Callable[[Any], bytes]) -> dict[str, Any]:
    """Return what is known of an exception as plain data.

    Args:
        error: The exception.
        dumps: Pickles a value; what it raises means that the exception cannot travel whole.

    Returns:
        ``type`` (``module.QualifiedName``), ``text``, ``traceback`` (text, with the chain, without this program's own
        frames), ``exception`` (pickled, or ``None``) and, for a value that cannot be pickled, ``unpicklable``.
    """
    kind = type(error)
    described = {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "text": _text(error),
        "traceback": _traceback(error),
        "exception": None,
        "unpicklable": getattr(error, "unpicklable", None),
    }
    # what would end the host, or a generator of it, is told and not raised
    if isinstance(error, Exception) and described["unpicklable"] is None:
        try:
            described["exception"] = dumps(error)
        except Exception:  # noqa: BLE001 - whatever its parts do when they are pickled: its text is told
            described["exception"] = None
    return described


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - a class of the user's, which may do anything
        return f"<its text cannot be had: {type(second).__name__}>"


def _traceback(error: BaseException) -> str:
    import traceback

    try:
        error.__traceback__ = _without_our_frames(error.__traceback__)
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception as second:  # noqa: BLE001 - as above
        return f"<its traceback cannot be had: {type(second).__name__}>"


def _without_our_frames(found: TracebackType | None) -> TracebackType | None:
    package = __name__.rpartition(".")[0] + "."
    while found is not None and found.tb_frame.f_globals.get("__name__", "").startswith(package):
        found = found.tb_next
    return found
