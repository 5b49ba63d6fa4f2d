"""The receipt: the published proof of the current generation (schema 1).

It lies outside every prefix, so that no wheel can forge it, and is only ever replaced whole.  Reading is tolerant:
whatever is not a sound receipt of this schema counts as none, with the reason.
"""

from __future__ import annotations

import errno
import json
import os
import stat

from .layout import generation_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1

_LIMIT = 8 << 20  # bytes; a receipt of 300 distributions has about 60 KB
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
#: What opening answers when there is no regular file at the path: a link, a socket, a file in the place of the root.
_NO_FILE = frozenset({errno.ELOOP, errno.ENXIO, errno.ENOTDIR})


class Unusable(Exception):  # noqa: N818 -- not an error of the library: the reason for a rebuild
    """There is no sound receipt; the text says why."""


class Unreadable(Unusable):
    """There may be a sound receipt, but it cannot be read now: nothing that it names may be given up."""


class Receipt:
    """What was built, from what, where and by what.

    Args:
        fields: The JSON object, as :meth:`as_json` returns it.

    Raises:
        Unusable: a field is missing or of another type, or the schema is not ours.
    """

    __slots__ = ("_fields", "base", "content", "declaration", "generation", "handed_out", "local", "root")

    def __init__(self, fields: dict[str, Any]) -> None:
        schema = fields.get("schema")
        if schema != SCHEMA:
            newer = isinstance(schema, int) and schema > SCHEMA
            raise Unusable(
                f"the receipt has schema {schema!r}" + (", from a newer version of this library" if newer else "")
            )
        self._fields = fields
        #: Name of the current generation.
        self.generation: str = _of(fields, "generation", str)
        #: Absolute path that the generation was built under.
        self.root: str = _of(fields, "root", str)
        #: The base interpreter: ``executable``, ``version``, ``size`` in bytes, ``mtime`` in whole seconds.
        self.base: dict[str, Any] = _of(fields, "base", dict)
        #: What was declared, raw, for comparison without parsing.
        self.declaration: dict[str, Any] = _of(fields, "declaration", dict)
        #: What was built, canonical.
        self.content: dict[str, Any] = _of(fields, "content", dict)
        #: Local files and directories that went into it, with what identified their content.
        self.local: dict[str, Any] = _of(fields, "local", dict)
        #: Whether a caller may already be using the generation.
        self.handed_out: bool = _of(fields, "handed_out", bool)
        if generation_number(self.generation) is None:
            raise Unusable(f"the receipt names the generation {self.generation!r}")

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return self._fields

    def get(self, name: str) -> Any:
        """Return a field that only people and later builds read, or ``None``."""
        return self._fields.get(name)

    def replaced(self, **fields: Any) -> Receipt:
        """Return this receipt with other *fields*."""
        return Receipt({**self._fields, **fields})

    @property
    def previous(self) -> Receipt | None:
        """The receipt before this one, for rollback and as the keeper of its generation."""
        found = self._fields.get("previous")
        try:
            return Receipt(found) if isinstance(found, dict) else None
        except Unusable:
            return None

    def without_previous(self) -> dict[str, Any]:
        """Return the JSON object less the receipt before this one: only one is kept."""
        return {name: value for name, value in self._fields.items() if name != "previous"}

    def serialized(self) -> bytes:
        """Return the bytes to publish."""
        return (json.dumps(self._fields, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _of(fields: dict[str, Any], name: str, kind: type) -> Any:
    value = fields.get(name)
    if type(value) is not kind:
        raise Unusable(f"the receipt has no usable {name!r}")
    return value


def parse(data: bytes) -> Receipt:
    """Read a receipt from its bytes.

    Raises:
        Unusable: it is not one.
    """
    try:
        fields = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise Unusable("the receipt is not JSON" if data else "the receipt is empty") from None
    if not isinstance(fields, dict):
        raise Unusable("the receipt is not a JSON object")
    return Receipt(fields)


def read_bytes(path: str) -> bytes:
    """Return the bytes of the receipt at *path*; never follows a link, never blocks.

    Raises:
        Unusable: there is none, it is not a regular file, or it is larger than 8 MiB.
        Unreadable: the operating system would not let it be read.
    """
    try:
        fd = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise Unusable("there is no environment yet") from None
    except OSError as error:
        kind = Unusable if error.errno in _NO_FILE else Unreadable
        raise kind(f"the receipt cannot be read: {error.strerror}") from None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("the receipt is not a regular file")
        if found.st_size > _LIMIT:
            raise Unusable(f"the receipt has {found.st_size} bytes")
        return os.read(fd, found.st_size + 1)  # it is replaced, never written into; room for 8 MiB costs 25 µs
    except OSError as error:
        raise Unreadable(f"the receipt cannot be read: {error.strerror}") from None
    finally:
        os.close(fd)


def read(path: str) -> Receipt:
    """Read the receipt at *path*.

    Raises:
        Unusable: there is no sound one.
        Unreadable: the operating system would not let it be read.
    """
    return parse(read_bytes(path))


def identify_base(executable: str) -> dict[str, Any]:
    """Return what identifies a base interpreter's file: ``size`` in bytes and ``mtime`` in whole seconds.

    Whole seconds, because container image layers keep no finer times.

    Raises:
        OSError: it is not there.
    """
    found = os.stat(executable)
    return {"size": found.st_size, "mtime": int(found.st_mtime)}
