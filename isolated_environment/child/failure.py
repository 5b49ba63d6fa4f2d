"""Exceptions as data: what the other side needs to tell, and to build the exception again if it can."""

from __future__ import annotations

import sys


def describe(error, dumps):
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
        "type": "%s.%s" % (kind.__module__, kind.__qualname__),
        "text": _text(error),
        "traceback": _traceback(error),
        "exception": None,
        "unpicklable": getattr(error, "unpicklable", None),
    }
    # what would end the host, or a generator of it, is told and not raised
    if isinstance(error, Exception) and described["unpicklable"] is None:
        try:
            described["exception"] = dumps(error)
        except Exception:
            pass
    return described


def _text(error):
    try:
        return str(error)
    except Exception as second:
        return "<its text cannot be had: %s>" % type(second).__name__


def _traceback(error):
    import traceback

    try:
        error.__traceback__ = _without_our_frames(error.__traceback__)
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception as second:
        return "<its traceback cannot be had: %s>" % type(second).__name__


def _without_our_frames(found):
    package = sys.modules[__name__].__package__ + "."
    while found is not None and found.tb_frame.f_globals.get("__name__", "").startswith(package):
        found = found.tb_next
    return found
