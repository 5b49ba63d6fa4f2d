"""A build failed."""

from __future__ import annotations

import re
import subprocess

from .store import StoreError

#: What an installer writes before the line that says most, which is in the message then.
_PREFIX = re.compile(r"^\s*(?:error|cause)\b:?", re.IGNORECASE)


class BuildError(StoreError, subprocess.CalledProcessError):
    """A step of the build failed; the previous generation is untouched.

    Also a :class:`subprocess.CalledProcessError`: ``cmd`` and ``output`` are ``argv`` and ``tail``.
    """

    code = "build-failed"
    step: str
    argv: tuple[str, ...]
    #: Exit code of the step; negative: the signal that ended it.
    returncode: int
    #: The last lines of its output.
    tail: tuple[str, ...]
    log_path: str | None

    def __init__(self, message: str, *, hint: str | None = None, **fields: object) -> None:
        fields = {"step": "", "argv": (), "returncode": 0, "tail": (), "log_path": None, **fields}
        super().__init__(message, hint=hint, **fields)
        self.cmd = self.argv
        self.output = "\n".join(self.tail)
        self.stderr = None

    def __str__(self) -> str:
        more = (line for line in self.tail[-12:] if _PREFIX.sub("", line).strip() not in self.message)
        lines = [self.message, *(f"    {line}" for line in more)]
        if self.log_path:
            lines.append(f"log: {self.log_path}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class ResolutionError(BuildError):
    """No set of versions satisfies the request: unknown project, impossible version, or a conflict."""

    code = "resolution-failed"


class IndexUnreachableError(BuildError, ConnectionError):
    """An index did not answer."""

    code = "index-unreachable"


class DiskFullError(BuildError):
    """The disk has, or was left with, less free space than the build needs."""

    code = "disk-full"
    path: str
    #: Bytes, as far as known; 0: unknown.
    needed: int
    #: Bytes.
    free: int


class VerificationError(BuildError):
    """What was installed is not what the lock says."""

    code = "verification-failed"
    #: One line per damaged distribution or file.
    damage: tuple[str, ...]
