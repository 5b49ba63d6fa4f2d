"""Our own files in a prefix, and whether a distribution took the place of one.

A wheel may put a file anywhere below the prefix (``.data/data``), so none of ours is taken on trust afterwards; and
an installed file may be a hard link into the installer's cache, so none is written through: a new file takes its place.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from ..child import run_pip
from ..layout import PINS_NAME, PROGRAM, WINDOWS, WORK, bin_of, python_of
from ..toolchains.pip import bundled_wheels

#: What makes a prefix the environment that it is: the bytes of ``pyvenv.cfg``, and what its interpreter is.
Identity = tuple[bytes, object]


def identify(prefix: Path) -> Identity:
    """Return what must be the same after the installation."""
    python = python_of(str(prefix))
    found = os.lstat(python)
    target = os.readlink(python) if os.path.islink(python) else (found.st_ino, found.st_size, found.st_mtime_ns)
    return (prefix / "pyvenv.cfg").read_bytes(), target


def replaced(prefix: Path, identity: Identity) -> list[str]:
    """Return a line for everything of *identity* that a distribution replaced."""
    try:
        configuration, python = identify(prefix)
    except OSError as error:
        return [f"a distribution removed {error.filename}"]
    pairs = (("pyvenv.cfg", configuration, identity[0]), ("the interpreter", python, identity[1]))
    return [f"a distribution replaced {name}" for name, now, before in pairs if now != before]


def finish(prefix: Path, lock_text: str, *, pip_for: str | None, pins: tuple[str, ...] = ()) -> None:
    """Leave the prefix as it is published: with its lock, with ``pip``, without what only the build needed.

    Args:
        prefix: The prefix.
        lock_text: Its ``pylock.toml``.
        pip_for: The Python version, for the scripts ``pip``, ``pip3`` and ``pipX.Y``; ``None``: pip is installed.
        pins: Requirements that a pip or uv run inside must keep to.

    Raises:
        OSError: a file cannot be written.
    """
    _write(prefix / "pylock.toml", lock_text)
    (prefix / ".lock").unlink(missing_ok=True)  # uv's, and writable by everybody
    _keep_program(prefix)
    shutil.rmtree(prefix / WORK)
    if pip_for is not None:
        _write_pip(prefix, pip_for)
    if pins:
        _write_pins(prefix, pins)


def _keep_program(prefix: Path) -> None:
    """Publish the compiled copy of the program for calls, in place of whatever a distribution has put there."""
    made, kept = prefix / WORK / PROGRAM, prefix / PROGRAM
    if os.path.islink(kept) or os.path.isfile(kept):
        kept.unlink()
    elif kept.exists():
        shutil.rmtree(kept)
    if made.exists():
        made.rename(kept)


def _write_pins(prefix: Path, pins: tuple[str, ...]) -> None:
    """A constraints file, and pip's configuration of this environment that names it: a bare ``pip`` keeps to it."""
    path = prefix / PINS_NAME
    _write(path, "".join(f"{pin}\n" for pin in pins))
    # a URI, since a path with blanks would be split (measured)
    _write(prefix / ("pip.ini" if WINDOWS else "pip.conf"), f"[global]\nconstraint = {path.as_uri()}\n")


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def _write_pip(prefix: Path, minor: str) -> None:
    """A bare ``pip`` acts on this environment, never on the host's: it runs the one that virtualenv carries."""
    wheels = bundled_wheels() or Path()
    words = (python_of(str(prefix)), "-I", str(Path(run_pip.__file__).absolute()), str(wheels))
    directory = Path(bin_of(str(prefix)))
    if WINDOWS:
        quoted = " ".join(f'"{word}"' for word in words)
        scripts = {"pip.cmd": f"@{quoted} %*\r\n"}
    else:
        note = "# pip is not installed in this environment; this runs another copy of it on this environment"
        text = f'#!/bin/sh\n{note}\nexec {shlex.join(words)} "$@"\n'
        scripts = dict.fromkeys(("pip", "pip3", f"pip{minor}"), text)
    for name, text in scripts.items():
        if not os.path.lexists(directory / name):  # a distribution brings its own
            _write(directory / name, text, mode=0o755)
