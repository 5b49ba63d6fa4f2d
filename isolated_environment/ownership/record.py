"""The owner's RECORD (PEP 376, PEP 627): our rows, put in front, and nothing else touched.

Uninstallers delete what RECORD lists, and a wrong row can make one delete all of site-packages.  The rules here were
each broken once in an experiment: one component (the link's row excepted), no trailing slash, never empty, never
``.``, three fields, prepended, the file's own line end, UTF-8, the old bytes kept as they are.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from ..errors import OwnerGoneError, RecordError
from .replacing import put_in_place

_FORBIDDEN = set('\\:*?"<>|,')


def prepend_rows(data: bytes, paths: Sequence[str], *, link: str | None = None) -> bytes:
    """Return RECORD's bytes with a row for each of *paths*, and for *link*, in front.

    Args:
        data: The RECORD as it is.
        paths: Names directly in site-packages: one component each.
        link: A path below site-packages with ``/`` between components, or ``None``.

    Returns:
        The new bytes; *data* itself when the rows already are in front, as :func:`has_rows` sees it.

    Raises:
        RecordError: a row would be dangerous, or *data* is not a RECORD that can be trusted (empty, not UTF-8, with a
            byte order mark, not ending its first row).
    """
    end = _line_end(data)
    rows = _rows(paths, link)
    if _are_in_front(data, rows, len(paths)):
        return data
    return b"".join(row + end for row in rows) + data


def has_rows(data: bytes, paths: Sequence[str], *, link: str | None = None) -> bool:
    """Return whether RECORD's bytes start with the rows for *paths*, and the link's is one of those that follow.

    First is where uv wants them: it deletes in file order, and stops at what it cannot delete.  An owner of several
    environments has a row for the link of each.
    """
    try:
        return _are_in_front(data, _rows(paths, link), len(paths))
    except RecordError:
        return False


def replace_record(record: Path, old: bytes, new: bytes, *, temporary: Path) -> None:
    """Put *new* in the place of *old*, atomically.

    The temporary file is not in the ``.dist-info``: an uninstaller that removes that directory at the same moment
    would find it not empty.  RECORD may be a hard link into a package cache, so it is never written in place.

    Args:
        record: The RECORD.
        old: What it was when *new* was made.
        new: What it becomes.
        temporary: A name that does not exist, in site-packages.

    Raises:
        OwnerGoneError: RECORD is not there any more: the owner is being uninstalled.
        RecordError: RECORD changed in the meantime, is a link, or cannot be written.
    """
    try:
        mode = record.lstat()
    except FileNotFoundError:
        raise _gone(record) from None
    if not stat.S_ISREG(mode.st_mode):
        raise RecordError(f"{record} is not a regular file", hint="reinstall the application", path=str(record))
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(new)
            file.flush()
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), stat.S_IMODE(mode.st_mode))
            _keep_owner(file.fileno(), mode)
            os.fsync(file.fileno())
        if read_record(record) != old:
            raise RecordError(
                f"{record} changed while it was edited",
                hint="another installer is at work; try again",
                path=str(record),
            )
        put_in_place(temporary, record)
    except FileNotFoundError:
        raise _gone(record) from None
    except OSError as error:
        raise RecordError(
            f"{record} cannot be replaced: {error.strerror}", hint="check its permissions", path=str(record)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def read_record(record: Path) -> bytes:
    """Return RECORD's bytes.

    Raises:
        OwnerGoneError: it is not there.
    """
    try:
        return record.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _gone(record) from None


def _gone(record: Path) -> OwnerGoneError:
    name = record.parent.name.removesuffix(".dist-info")
    return OwnerGoneError(
        f"{name} is being uninstalled: its RECORD is gone", hint="install the application again", owner=name
    )


def _keep_owner(fd: int, found: os.stat_result) -> None:
    if hasattr(os, "fchown") and os.geteuid() == 0:
        os.fchown(fd, found.st_uid, found.st_gid)


def _line_end(data: bytes) -> bytes:
    first, newline, _ = data.partition(b"\n")
    reason = None
    if not newline or not first.strip():
        reason = "it is empty or its first row does not end"
    elif data.startswith(b"\xef\xbb\xbf"):
        reason = "it starts with a byte order mark"
    else:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            reason = "it is not UTF-8"
    if reason is not None:
        raise RecordError(f"RECORD is not edited: {reason}", hint="reinstall the application", path="RECORD")
    return b"\r\n" if first.endswith(b"\r") else b"\n"


def _rows(paths: Sequence[str], link: str | None) -> list[bytes]:
    names = [_checked(path, single=True) for path in paths]
    if link is not None:
        names.append(_checked(link, single=False))
    return [name.encode("utf-8") + b",," for name in names]


def _are_in_front(data: bytes, rows: list[bytes], first: int) -> bool:
    lines = (line.removesuffix(b"\r") for line in data.split(b"\n"))
    leading = list(takewhile(lambda line: line.endswith(b",,"), lines))
    return leading[:first] == rows[:first] and set(rows) <= set(leading)


def _checked(path: str, *, single: bool) -> str:
    """A separator of lines in a name would make two rows of one: pip splits RECORD at all that Unicode knows."""
    parts = path.split("/")
    dangerous = (
        not path.isprintable()
        or any(not part or part != part.strip() or part.endswith(".") for part in parts)
        or not _FORBIDDEN.isdisjoint(path)
        or (single and len(parts) > 1)
    )
    if dangerous:
        raise RecordError(
            f"a RECORD row for {path!r} would be dangerous",
            hint="rename the environment: letters, digits, '.', '-' and '_' are safe",
            path=path,
        )
    return path
