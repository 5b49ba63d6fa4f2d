"""The names of iso-env (``uv-iso-env``): ``from isolated_environment.compat.iso_env import IsoEnv, IsoEnvArgs``.

What differs from iso-env is what it promised: a build that fails is never taken for an installed environment, the path
is fixed when the arguments are made, nothing of the caller's is changed, stdout stays the application's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..ask_input import absolute
from ..environ import host_environment
from ..environment import IsolatedEnvironment
from .pyproject import understood

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..process import StrPath

__all__ = ["IsoEnv", "IsoEnvArgs", "PyProjectToml", "Requirements", "iso_open_process", "iso_run"]


@dataclass
class Requirements:
    """A requirements text.

    Args:
        content: The text, with comments, blank lines, markers and hashes.
        python_version: Every spelling that *python* of :class:`~isolated_environment.IsolatedEnvironment` takes.
    """

    content: str
    python_version: str | None = None

    def declared(self) -> dict[str, Any]:
        """Return the keywords for :class:`~isolated_environment.IsolatedEnvironment`."""
        return {"requirements": f"{self.content}\n", "python": self.python_version}


@dataclass
class PyProjectToml:
    """A ``pyproject.toml``: its dependencies, its Python, and uv's indexes and sources.

    Args:
        content: The text.
    """

    content: str

    def declared(self) -> dict[str, Any]:
        """Return the keywords for :class:`~isolated_environment.IsolatedEnvironment`.

        Raises:
            RequestError: it cannot be read, or says something that cannot be honoured.
        """
        return understood(self.content)


@dataclass
class IsoEnvArgs:
    """Where an environment is, and what it holds.

    Args:
        venv_path: Made absolute at once.
        build_info: The whole content.
    """

    venv_path: Path | str
    build_info: Requirements | PyProjectToml

    def __post_init__(self) -> None:
        self.venv_path = type(self.venv_path)(absolute(os.fspath(self.venv_path)))


class IsoEnv:
    """An environment, by the words of iso-env.

    Args:
        args: Where it is, and what it holds.
    """

    def __init__(self, args: IsoEnvArgs) -> None:
        self.args = args

    @property
    def environment(self) -> IsolatedEnvironment:
        """The same environment, with everything that this library does.

        Raises:
            RequestError: the content cannot be read.
        """
        return IsolatedEnvironment(self.args.venv_path, **self.args.build_info.declared())

    def installed(self) -> bool:
        """Return whether it is there and serves; nothing is made."""
        return self.environment.installed()

    def run(
        self,
        cmd_list: StrPath | Sequence[StrPath],
        verbose: bool | None = None,  # noqa: FBT001 -- iso-env's signature
        **process_args: Any,
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command in the environment, which is built if need be.

        Args:
            cmd_list: As *args* of :func:`subprocess.run`.
            verbose: Nothing: progress goes to the terminal's stderr and to :mod:`logging`, never to stdout.
            process_args: As :func:`subprocess.run`, but ``check`` is true by default; ``env`` is the whole environment
                that the command starts from.

        Raises:
            subprocess.CalledProcessError: the command failed, and ``check`` is true.
            IsolatedEnvironmentError: as :meth:`~isolated_environment.IsolatedEnvironment.run`.
        """
        del verbose
        environment = self.environment
        return environment.run(cmd_list, **{"check": True, **_overlaid(environment, process_args)})

    def open_proc(
        self,
        cmd_list: StrPath | Sequence[StrPath],
        verbose: bool | None = None,  # noqa: FBT001 -- iso-env's signature
        **process_args: Any,
    ) -> subprocess.Popen[Any]:
        """Start a command in the environment, which is built if need be.

        Args:
            cmd_list: As :meth:`run`.
            verbose: As :meth:`run`.
            process_args: As :class:`subprocess.Popen`; ``env`` as :meth:`run`.

        Raises:
            IsolatedEnvironmentError: as :meth:`~isolated_environment.IsolatedEnvironment.popen`.
        """
        del verbose
        environment = self.environment
        return environment.popen(cmd_list, **_overlaid(environment, process_args))


def iso_run(args: IsoEnvArgs, cmd_list: Sequence[StrPath], **process_args: Any) -> subprocess.CompletedProcess[Any]:
    """As :meth:`IsoEnv.run`."""
    return IsoEnv(args).run(cmd_list, **process_args)


def iso_open_process(args: IsoEnvArgs, cmd_list: Sequence[StrPath], **process_args: Any) -> subprocess.Popen[Any]:
    """As :meth:`IsoEnv.open_proc`."""
    return IsoEnv(args).open_proc(cmd_list, **process_args)


def _overlaid(environment: IsolatedEnvironment, process_args: Mapping[str, Any]) -> dict[str, Any]:
    """``env`` is all that the command gets there, and an overlay here: the rest of the host's is taken away."""
    given = process_args.get("env")
    if given is None:
        return dict(process_args)
    mapping = environment.environment(given)
    return {**process_args, "env": {**dict.fromkeys(host_environment()), **mapping}}
