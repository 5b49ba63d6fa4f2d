"""The functions of isolated-environment 1.x and 2.x, also the shortest way to what they do."""

from __future__ import annotations

from ..environment import IsolatedEnvironment

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from typing import Any

    from ..environment.content import Requirements as Wanted
    from ..process import StrPath


class Requirements(list[str]):
    """A list of requirements, under the name that it has in 1.x.

    Args:
        packages: The requirements.
    """

    def __init__(self, packages: Sequence[str] = ()) -> None:
        super().__init__(packages)


def isolated_environment(env_path: StrPath, requirements: Wanted | None = None, **kwargs: Any) -> dict[str, str]:
    """Build the environment at *env_path* if need be and return its mapping for :mod:`subprocess`.

    Args:
        env_path: As *path* of :class:`~isolated_environment.IsolatedEnvironment`.
        requirements: The whole content.  A requirement may name its own index, as in 1.x:
            ``"torch==2.1.2 --extra-index-url URL"``.
        kwargs: As :class:`~isolated_environment.IsolatedEnvironment`.

    Raises:
        IsolatedEnvironmentError: as :meth:`~isolated_environment.IsolatedEnvironment.ensure`.
    """
    return IsolatedEnvironment(env_path, requirements, **kwargs).environment()


def isolated_environment_run(
    env_path: StrPath,
    requirements: Wanted | None,
    cmd_list: StrPath | Sequence[StrPath],
    full_isolation: bool = False,  # noqa: FBT001, FBT002 -- the signature of 1.x and 2.x
    **kwargs: Any,
) -> subprocess.CompletedProcess[Any]:
    """Build the environment at *env_path* if need be and run a command in it.

    Args:
        env_path: As *path* of :class:`~isolated_environment.IsolatedEnvironment`.
        requirements: As :func:`isolated_environment`.
        cmd_list: As *args* of :meth:`~isolated_environment.IsolatedEnvironment.run`.
        full_isolation: As :class:`~isolated_environment.IsolatedEnvironment`.
        kwargs: As :func:`subprocess.run`; output is text unless they say otherwise.

    Raises:
        IsolatedEnvironmentError: as :meth:`~isolated_environment.IsolatedEnvironment.run`.
    """
    if not kwargs.keys() & {"text", "universal_newlines", "encoding", "errors"}:
        kwargs["text"] = True
    return IsolatedEnvironment(env_path, requirements, full_isolation=full_isolation).run(cmd_list, **kwargs)


#: The name that it had before 1.2.4.
isolated_environment_cmd = isolated_environment_run
