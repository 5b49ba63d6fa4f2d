"""Using an environment: its mapping, its commands."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from ..process import StrPath
    from .handle import Handle


class RunningMethods:
    """The part of :class:`~isolated_environment.IsolatedEnvironment` that runs things."""

    _handle: Handle

    def environment(self, base: Mapping[str, str] | None = None, **overlay: str | None) -> dict[str, str]:
        """Return the mapping for ``subprocess``'s ``env=``: the environment's scripts come first on PATH.

        ``VIRTUAL_ENV`` and ``UV_PYTHON`` are set; ``PYTHON*``, ``__PYVENV_LAUNCHER__`` and what belongs to another
        venv or conda environment is gone.  A bare ``pip`` or ``uv pip`` run with it acts on this environment.

        Args:
            base: What to start from; the process environment by default.
            overlay: Variables to set; ``None`` removes one.

        Returns:
            A new mapping.

        Raises:
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        return self._handle.mapping(base, overlay)

    def which(self, name: str) -> Path | None:
        """Return the path of a command of this environment, or ``None``; the host's PATH is not looked at.

        Args:
            name: A console script, ``python``, or another file among the environment's scripts.

        Raises:
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from pathlib import Path

        from ..process import find_command

        found = find_command(name, self._handle.ensure().prefix)
        return None if found is None else Path(found)

    def activation(self, shell: str = "bash") -> str:
        """Return the command that activates the environment in a shell; ``deactivate`` leaves it again.

        Args:
            shell: ``bash``, ``zsh``, ``sh``, ``fish``, ``csh``, ``nushell``, ``powershell``, ``xonsh`` or ``cmd``.

        Raises:
            RequestError: another shell, or one that the toolchain made no script for.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..activation import activation_command

        return activation_command(self._handle.ensure().prefix, shell)

    def run(self, args: StrPath | Sequence[StrPath], **subprocess_kwargs: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command in the environment to its end, as :func:`subprocess.run`.

        Args:
            args: As there.  The first word is found in the environment: a console script, ``python``, or a ``.py``
                file, which its interpreter runs; then, for tools of the system, on PATH.  The host's ``python`` and
                ``pip`` never answer.  A list with ``shell=True`` is quoted for the shell.
            subprocess_kwargs: As there, with the same defaults (``check=False``); ``env`` is an overlay.

        Raises:
            CommandNotFoundError: there is no such command.
            subprocess.CalledProcessError, subprocess.TimeoutExpired: as there.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..process import run

        return run(self._handle.ensure().prefix, args, self._handle.choices.base(), **subprocess_kwargs)

    def popen(self, args: StrPath | Sequence[StrPath], **subprocess_kwargs: Any) -> subprocess.Popen[Any]:
        """Start a command in the environment, as :class:`subprocess.Popen`.

        Args:
            args: As :meth:`run`.
            subprocess_kwargs: As :class:`subprocess.Popen`; ``env`` is an overlay.

        Raises:
            CommandNotFoundError: there is no such command.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..process import popen

        return popen(self._handle.ensure().prefix, args, self._handle.choices.base(), **subprocess_kwargs)

    open_proc = popen
