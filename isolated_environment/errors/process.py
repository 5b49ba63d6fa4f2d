"""Starting a command in the environment."""

from __future__ import annotations

from .root import IsolatedEnvironmentError


class ProcessError(IsolatedEnvironmentError):
    """Starting a command in the environment."""

    code = "process-error"


class CommandNotFoundError(ProcessError, FileNotFoundError):
    """The command is neither in the environment nor, for system tools, on PATH."""

    code = "command-not-found"
    name: str
    searched: tuple[str, ...]
