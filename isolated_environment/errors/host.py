"""This machine cannot satisfy the request."""

from __future__ import annotations

from .root import IsolatedEnvironmentError


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
