"""What a worker told of an exception, or what did not arrive of a value, as an exception."""

from __future__ import annotations

import contextlib
from typing import Any

from ..child import pickling
from ..errors import ProtocolError, RemoteError, SerializationError

_ALONE = "catch errors.RemoteError and look at its type_name, or let the function raise a class that both sides have"


def exception_of(told: dict[str, Any]) -> BaseException:
    """Return the exception to raise.

    Its own class where this side has it and it survives pickling, with a :class:`~isolated_environment.errors.
    RemoteError` as its cause that holds the remote traceback; else that error.

    Args:
        told: What :func:`isolated_environment.child.failure.describe` returned there.
    """
    if told["unpicklable"] is not None:
        path, kind, reason = told["unpicklable"]
        return SerializationError(
            f"the environment cannot take or give back a value: {path or 'it'} is a {kind}: {reason}",
            hint="pass and return simple values, or keep the object there with worker.new()",
            type_name=kind,
            path=path,
            side="environment",
        )
    shown = f"{told['type']}: {told['text']}" if told["text"] else told["type"]
    remote = RemoteError(
        f"{shown}\n\n{told['traceback'].rstrip()}", type_name=told["type"], traceback=told["traceback"]
    )
    error = None
    if told["exception"] is not None:
        with contextlib.suppress(Exception):  # whatever the class does when it is built again, here or there
            error = pickling.loads(told["exception"])
    if not isinstance(error, Exception):
        remote.hint = _ALONE  # beside an exception of this side it would be noise
        return remote
    error.__cause__ = remote
    return error


def cannot_build(error: Exception) -> SerializationError:
    """Return the error of a value that came and cannot be made again.

    Args:
        error: What was raised while it was.
    """
    return SerializationError(
        f"the result cannot be built here: {type(error).__name__}: {error}",
        hint="install here what its class needs, or return simple values",
        type_name=type(error).__name__,
        path="",
        side="host",
    )


def not_understood(payload: bytes | memoryview, error: Exception) -> ProtocolError:
    """Return the error of a frame that does not say what it should.

    Args:
        payload: What it holds.
        error: What was raised when it was used.
    """
    return ProtocolError(
        f"the worker sent what it may not: {type(error).__name__}: {error}",
        hint="look for code in the environment that writes to descriptors it did not open",
        received=repr(bytes(payload[:80])),
    )
