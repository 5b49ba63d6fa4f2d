"""The request itself is wrong."""

from __future__ import annotations

from .root import IsolatedEnvironmentError


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


class InvalidTargetError(RequestError):
    """The target of a call is neither ``"module:name"`` nor a callable."""

    code = "invalid-target"
    target: str


class InvalidDeclarationError(RequestError):
    """An application's entry point for an environment leads to none."""

    code = "invalid-declaration"
    entry_point: str
