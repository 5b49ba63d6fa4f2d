"""Is an environment still registered with its owner?  Asked on every use, so it costs one ``stat`` (about 10 µs)."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def stamp_of(record: str) -> list[int]:
    """Return what identifies the bytes of a RECORD: size, time in nanoseconds, inode.

    Raises:
        OSError: it is not there.
    """
    found = os.stat(record)
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def is_registered(registration: dict[str, Any] | None) -> bool:
    """Return whether the rows and the link are still there.

    Args:
        registration: What :func:`.registration.register` returned; ``None``, where no RECORD is concerned, is always
            registered.
    """
    if registration is None:
        return True
    try:
        if registration["path"] is not None:
            os.readlink(registration["path"])  # not islink: the link may be a junction
        record = os.fspath(registration["record"])  # a number would be a file descriptor
        if stamp_of(record) == registration["stamp"]:
            return True
        with open(record, "rb") as file:
            data = file.read()
        from .record import has_rows

        return has_rows(data, registration["rows"], link=registration["link"])
    except (OSError, LookupError, TypeError, AttributeError):
        return False
