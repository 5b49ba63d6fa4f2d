"""The environment on disk."""

from __future__ import annotations

from .root import IsolatedEnvironmentError


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


class UntrustedRootError(StoreError, PermissionError):
    """This process is root's, and another user owns the environment or may write into it; nothing in it is executed."""

    code = "untrusted-root"
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


class RemovalError(StoreError):
    """Something of the environment could not be deleted; what is left of it is still ours."""

    code = "not-removed"
    root: str
    #: Absolute paths of the files that are left.
    left: tuple[str, ...]


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
