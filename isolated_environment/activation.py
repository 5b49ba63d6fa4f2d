"""The command that activates a prefix in a shell, by the scripts that the toolchain wrote."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from .errors import RequestError
from .layout import bin_of

_SCRIPTS = {
    "bash": "activate",
    "zsh": "activate",
    "sh": "activate",
    "dash": "activate",
    "ash": "activate",
    "ksh": "activate",
    "fish": "activate.fish",
    "csh": "activate.csh",
    "tcsh": "activate.csh",
    "nushell": "activate.nu",
    "nu": "activate.nu",
    "powershell": "activate.ps1",
    "pwsh": "activate.ps1",
    "xonsh": "activate.xsh",
    "cmd": "activate.bat",
}


def activation_command(prefix: str, shell: str) -> str:
    """Return what to type, or to evaluate, in *shell*.

    Args:
        prefix: Absolute path.
        shell: A shell's name, or the path of one.

    Raises:
        RequestError: the shell is unknown, or the prefix has no script for it.
    """
    name = os.path.basename(shell).lower().removesuffix(".exe")
    script = _SCRIPTS.get(name)
    if script is None:
        raise RequestError(f"no activation for the shell {shell!r}", hint=f"known are {', '.join(_SCRIPTS)}")
    path = Path(bin_of(prefix), script)
    if not path.is_file():
        raise RequestError(f"{prefix} has no activation script for {name}", hint="use environment() or run()")
    if name in {"powershell", "pwsh"}:
        return "& '{}'".format(str(path).replace("'", "''"))
    if name == "cmd":
        return f'"{path}"'
    if name in {"nushell", "nu"}:
        return f'overlay use "{path}"'
    quoted = shlex.quote(str(path))
    return f"source {quoted}" if name in {"fish", "csh", "tcsh", "xonsh"} else f". {quoted}"
