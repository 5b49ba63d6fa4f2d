"""Every error of the library, under one root.

::

    IsolatedEnvironmentError
    ├── RequestError (ValueError)                      the request itself is wrong
    │   ├── InvalidRequirementError                    requirement, parameter
    │   ├── InvalidOptionError                         option, parameter
    │   ├── InvalidIndexError                          url
    │   ├── InvalidPythonError                         request
    │   └── InvalidLockError                           path
    ├── HostError                                      this machine cannot satisfy it
    │   ├── InterpreterNotFoundError (LookupError)     request, searched
    │   └── ToolchainNotFoundError (FileNotFoundError) toolchain, searched
    ├── StoreError                                     the environment on disk
    │   ├── NotBuiltError (LookupError)                root
    │   ├── NotOurDirectoryError (FileExistsError)     path
    │   ├── ReadOnlyLocationError (PermissionError)    path
    │   ├── LockTimeoutError (TimeoutError)            path, waited, holder
    │   ├── LockLostError                              path
    │   ├── ReentrantBuildError (RuntimeError)         root
    │   ├── InUseError                                 root, generations
    │   ├── RollbackError                              root
    │   ├── OwnerError
    │   │   ├── OwnerNotFoundError (LookupError)       owner
    │   │   ├── OwnerGoneError                         owner
    │   │   └── RecordError                            path
    │   └── BuildError (subprocess.CalledProcessError) step, argv, returncode, tail, log_path
    │       ├── ResolutionError                        no set of versions satisfies the request
    │       ├── IndexUnreachableError (ConnectionError)
    │       ├── DiskFullError                          path, needed, free
    │       └── VerificationError                      damage
    └── ProcessError
        └── CommandNotFoundError (FileNotFoundError)   name, searched

    IsolatedEnvironmentWarning (UserWarning)

Each error carries ``code`` (kebab-case, unique, an anchor in ``docs/reference/errors.md``), ``hint`` (one thing to
do, or ``None``) and the fields named above as attributes.  Messages, hints and fields never hold credentials.  Every
error survives pickling.
"""

from __future__ import annotations

import subprocess
from typing import Any, ClassVar

from .redaction import redact


def _masked(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_masked(item) for item in value)
    return value


def _rebuilt(cls: type[IsolatedEnvironmentError], message: str, fields: dict[str, Any]) -> IsolatedEnvironmentError:
    return cls(message, **fields)


class IsolatedEnvironmentError(Exception):
    """The root of every error of this library.

    Args:
        message: What was wanted and what happened, in one line.
        hint: One thing to do about it, or ``None``.
        fields: The facts, each an attribute of the error.
    """

    code: ClassVar[str] = "isolated-environment-error"

    def __init__(self, message: str, *, hint: str | None = None, **fields: object) -> None:
        self.message = redact(message)
        self.hint = None if hint is None else redact(hint)
        self._fields = {name: _masked(value) for name, value in fields.items()}
        for name, value in self._fields.items():
            setattr(self, name, value)
        # not super(): the builtin beside the root would take the message for its own arguments
        Exception.__init__(self, self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.message, {"hint": self.hint, **self._fields})

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"

    def diagnostics(self) -> str:
        """Return everything that is known: message, hint, code and fields, one a line."""
        lines = [str(self), f"code: {self.code}"]
        for name, value in self._fields.items():
            if isinstance(value, (tuple, list)):
                lines += [f"{name}:", *(f"    {item}" for item in value)]
            else:
                lines.append(f"{name}: {value}")
        return "\n".join(lines)


class RequestError(IsolatedEnvironmentError, ValueError):
    """The request itself is wrong."""

    code = "invalid-request"


class InvalidRequirementError(RequestError):
    """A requirement cannot be read, or would be taken as an installer option (PEP 508, PEP 440)."""

    code = "invalid-requirement"
    requirement: str
    #: The parameter that does what was attempted, or ``None``.
    parameter: str | None


class InvalidOptionError(RequestError):
    """An entry of ``options=`` is not one that both toolchains can honour."""

    code = "invalid-option"
    option: str
    parameter: str | None


class InvalidIndexError(RequestError):
    """An index is not a usable URL or directory."""

    code = "invalid-index"
    url: str


class InvalidPythonError(RequestError):
    """``python=`` is neither a version, a specifier nor a path."""

    code = "invalid-python"
    request: str


class InvalidLockError(RequestError):
    """A given ``pylock.toml`` cannot be read or does not serve this interpreter (PEP 751)."""

    code = "invalid-lock"
    path: str


class HostError(IsolatedEnvironmentError):
    """This machine cannot satisfy the request."""

    code = "host-error"


class InterpreterNotFoundError(HostError, LookupError):
    """No interpreter on this machine satisfies ``python=``."""

    code = "interpreter-not-found"
    request: str
    searched: tuple[str, ...]


class ToolchainNotFoundError(HostError, FileNotFoundError):
    """The program that creates or installs was not found."""

    code = "toolchain-not-found"
    toolchain: str
    searched: tuple[str, ...]


class StoreError(IsolatedEnvironmentError):
    """The environment on disk."""

    code = "store-error"


class NotBuiltError(StoreError, LookupError):
    """There is no usable environment at the root, and the call does not build one."""

    code = "not-built"
    root: str


class NotOurDirectoryError(StoreError, FileExistsError):
    """The path holds something that this library did not make; it is left alone."""

    code = "not-our-directory"
    path: str


class ReadOnlyLocationError(StoreError, PermissionError):
    """The environment's place cannot be written, and no other place is allowed."""

    code = "read-only-location"
    path: str


class LockTimeoutError(StoreError, TimeoutError):
    """Another process held the file lock for longer than ``lock_timeout``."""

    code = "lock-timeout"
    path: str
    #: Seconds waited.
    waited: float
    #: Who holds it: pid, command, age, phase.
    holder: str


class LockLostError(StoreError):
    """The lock file was replaced while it was held; nothing was published."""

    code = "lock-lost"
    path: str


class ReentrantBuildError(StoreError, RuntimeError):
    """A build was asked for from inside a build of the same root (an event handler, say)."""

    code = "reentrant-build"
    root: str


class InUseError(StoreError):
    """Other processes use the environment, so it is not removed."""

    code = "in-use"
    root: str
    generations: tuple[str, ...]


class RollbackError(StoreError):
    """There is no previous generation to go back to."""

    code = "no-rollback"
    root: str


class OwnerError(StoreError):
    """The distribution whose uninstall must remove the environment."""

    code = "owner-error"


class OwnerNotFoundError(OwnerError, LookupError):
    """``owner=`` names a distribution that is not installed here."""

    code = "owner-not-found"
    owner: str


class OwnerGoneError(OwnerError):
    """The owner was uninstalled or replaced while its environment was being built."""

    code = "owner-gone"
    owner: str


class RecordError(OwnerError):
    """The owner's RECORD cannot be edited safely; it was left as it was."""

    code = "record-unusable"
    path: str


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
        lines = [self.message, *(f"    {line}" for line in self.tail[-12:])]
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


class ProcessError(IsolatedEnvironmentError):
    """Starting a command in the environment."""

    code = "process-error"


class CommandNotFoundError(ProcessError, FileNotFoundError):
    """The command is neither in the environment nor, for system tools, on PATH."""

    code = "command-not-found"
    name: str
    searched: tuple[str, ...]


class IsolatedEnvironmentWarning(UserWarning):
    """Something works less well than it should; the text says what and why."""
