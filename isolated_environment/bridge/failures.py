"""What a worker told of an exception, as an exception."""

from __future__ import annotations

from typing import Any

from ..child import pickling
from ..errors import RemoteError, SerializationError


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
            f"the result cannot travel: {path or 'it'} is a {kind}: {reason}",
            hint="return simple values, or keep the object there with worker.new()",
            type_name=kind,
            path=path,
            side="environment",
        )
    shown = f"{told['type']}: {told['text']}" if told["text"] else told["type"]
    remote = RemoteError(
        f"{shown}\n\n{told['traceback'].rstrip()}", type_name=told["type"], traceback=told["traceback"]
    )
    if told["exception"] is None:
        return remote
    try:
        error = pickling.loads(told["exception"])
    except Exception:  # noqa: BLE001 - whatever the class does when it is built again, here or there
        return remote
    if not isinstance(error, Exception):
        return remote
    error.__cause__ = remote
    return error
