"""Running commands in an environment: found there first, and never on the host by mistake."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from .environ import make_mapping, name_of_path
from .errors import CommandNotFoundError
from .layout import WINDOWS, bin_of, python_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Names that always mean the environment's own: the host's must never answer to them.
_OWN = re.compile(r"^(?P<kind>pythonw?|pip)(?P<version>\d+(?:\.\d+)?t?)?(?:\.exe)?$", re.IGNORECASE)

StrPath = str | os.PathLike[str]


def find_command(name: str, prefix: str) -> str | None:
    """Return the absolute path of a command of the environment itself, or ``None``."""
    found = shutil.which(name, path=bin_of(prefix))
    own = _OWN.match(name)
    if found is None and own and own["kind"].lower() != "pip" and not own["version"]:
        found = shutil.which(python_of(prefix))
    return found


def run(
    prefix: str, args: StrPath | Sequence[StrPath], base: Mapping[str, str] | None = None, **kwargs: Any
) -> subprocess.CompletedProcess[Any]:
    """As :func:`subprocess.run`, in the environment."""
    check = kwargs.pop("check", False)
    command, options = prepare(prefix, args, kwargs, base)
    return subprocess.run(command, check=check, **options)


def popen(
    prefix: str, args: StrPath | Sequence[StrPath], base: Mapping[str, str] | None = None, **kwargs: Any
) -> subprocess.Popen[Any]:
    """As :class:`subprocess.Popen`, in the environment."""
    command, options = prepare(prefix, args, kwargs, base)
    return subprocess.Popen(command, **options)


def prepare(
    prefix: str,
    args: StrPath | Sequence[StrPath],
    kwargs: Mapping[str, Any],
    base: Mapping[str, str] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Return what to give to :mod:`subprocess`.

    Args:
        prefix: Absolute path.
        args: A command as :mod:`subprocess` takes it.  The first word is found in the environment: a console script,
            ``python``, or a ``.py`` file, which its interpreter runs.
        kwargs: Keywords of :class:`subprocess.Popen`; ``env`` is an overlay over the environment's mapping.
        base: What the mapping starts from; the process environment by default.

    Returns:
        The command and the keywords.  Neither *args* nor *kwargs* is changed.

    Raises:
        CommandNotFoundError: the command is neither in the environment nor, for tools of the system, on PATH.
    """
    options = dict(kwargs)
    options["env"] = make_mapping(prefix, base, options.get("env") or {})
    if options.get("shell"):
        return _for_shell(args), options
    if isinstance(args, (str, os.PathLike)):
        words: list[str] = [os.fspath(args)]
        if WINDOWS and isinstance(args, str):  # the whole command line, as CreateProcess takes it
            words = shlex.split(args, posix=False)
    else:
        words = [os.fspath(word) for word in args]
    if not words or options.get("executable") is not None:
        return words, options
    return [*_resolved(os.fsdecode(words[0]), prefix, options), *words[1:]], options


def _for_shell(args: StrPath | Sequence[StrPath]) -> str:
    """A list given to a shell is quoted for it; ``subprocess`` alone would drop all but its first word on POSIX."""
    if isinstance(args, (str, os.PathLike)):
        return os.fspath(args)
    words = [os.fsdecode(word) for word in args]
    return subprocess.list2cmdline(words) if WINDOWS else shlex.join(words)


def _resolved(word: str, prefix: str, options: Mapping[str, Any]) -> list[str]:
    script = [python_of(prefix), word]
    if os.path.dirname(word):
        return script if word.endswith(".py") else [word]
    found = find_command(word, prefix)
    if found is None and word.endswith(".py"):
        return script
    if found is None and not _OWN.match(word):
        found = shutil.which(word, path=_search_path(options["env"]))
    if found is None:
        searched = (bin_of(prefix),) if _OWN.match(word) else (bin_of(prefix), "PATH")
        raise CommandNotFoundError(
            f"no command {word!r} in the environment {prefix}",
            hint=_hint_for(word),
            name=word,
            searched=searched,
        )
    return [found]


def _hint_for(word: str) -> str:
    if len(word.split()) > 1:
        return f"give a list of words, {word.split()}, or shell=True"
    if _OWN.match(word):
        return "the environment has one Python, by the names python and pip: python= of the environment says which"
    return f"ask for the project that brings it: env.pip_install('{word}')"


def _search_path(env: Mapping[str, str]) -> str:
    return env.get(name_of_path(env), os.defpath)
