"""The name of every path under a root, and where things are inside a prefix (PEP 405, sysconfig ``venv`` scheme).

Plain strings: the warm path imports this module and nothing heavier.
"""

from __future__ import annotations

import os

WINDOWS = os.name == "nt"

#: The working directory inside a generation while it is being built.
WORK = ".build"
#: The compiled copy of the program that workers run, inside a generation.
PROGRAM = ".program"
#: The mode of every directory of ours, less what the umask takes: a umask of 0 gives no right to everybody.  What root
#: makes is no group's either: in Debian's site-packages it would be the group ``staff``'s.
DIRECTORY_MODE = 0o755 if hasattr(os, "geteuid") and os.geteuid() == 0 else 0o775
#: The constraints inside a prefix that a pip or uv run there keeps to.
PINS_NAME = "pinned.txt"

_DIGITS = 18  # of a generation's number, at most

#: The tag of a root, also a cache directory tag (https://bford.info/cachedir/), so that backups skip it.
TAG_NAME = "CACHEDIR.TAG"
TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This directory was made by isolated_environment and can be rebuilt by it.\n"
    "# isolated-environment-root\n"
)


class Layout:
    """The paths of one root.

    Args:
        root: Absolute path of the root.
    """

    __slots__ = ("root",)

    def __init__(self, root: str) -> None:
        self.root = root

    def _at(self, *parts: str) -> str:
        return os.sep.join((self.root, *parts))  # os.path.join takes five times as long

    @property
    def receipt(self) -> str:
        """The published proof of the current generation."""
        return self._at("isolated-environment.json")

    @property
    def pylock(self) -> str:
        """The resolved lock of the current generation (PEP 751)."""
        return self._at("pylock.toml")

    @property
    def lock(self) -> str:
        """The file lock: created once, never unlinked."""
        return self._at("lock")

    @property
    def lock_owner(self) -> str:
        """Who holds the file lock, since when, doing what."""
        return self._at("lock.owner")

    @property
    def leases(self) -> str:
        """The directory of leases."""
        return self._at("leases")

    def lease(self, generation: str) -> str:
        """The lease of one generation."""
        return self._at("leases", generation)

    @property
    def trash(self) -> str:
        """What waits to be deleted."""
        return self._at("trash")

    @property
    def log(self) -> str:
        """The directory of build logs."""
        return self._at("log")

    @property
    def bin(self) -> str:
        """The stable link to the current generation's scripts, for people."""
        return self._at("bin")

    @property
    def activate(self) -> str:
        """The stable activation script, for people."""
        return self._at("activate")

    @property
    def tag(self) -> str:
        """The file that marks the root as ours before there is a receipt."""
        return self._at(TAG_NAME)

    @property
    def gitignore(self) -> str:
        """Keeps the root out of version control."""
        return self._at(".gitignore")

    def prefix(self, generation: str) -> str:
        """The prefix of one generation."""
        return self._at(generation)


def generation_number(name: str) -> int | None:
    """Return the number in a generation's name (``g12`` is 12), or ``None`` for any other name."""
    digits = name[1:]
    usual = name[:1] == "g" and len(digits) <= _DIGITS and digits.isascii() and digits.isdigit()
    return int(digits) if usual else None


def bin_of(prefix: str) -> str:
    """Return the directory of scripts in *prefix*."""
    return f"{prefix}\\Scripts" if WINDOWS else f"{prefix}/bin"


def python_of(prefix: str) -> str:
    """Return the interpreter of *prefix*."""
    return f"{prefix}\\Scripts\\python.exe" if WINDOWS else f"{prefix}/bin/python"


def site_packages_of(prefix: str, version: str) -> str:
    """Return the directory of installed distributions in *prefix*.

    Args:
        prefix: Absolute path.
        version: The interpreter's version, at least ``X.Y``; with a trailing ``t`` for a free-threaded build.
    """
    if WINDOWS:
        return f"{prefix}\\Lib\\site-packages"
    threading = "t" if version.endswith("t") else ""
    major, minor = version.rstrip("t").split(".")[:2]
    return f"{prefix}/lib/python{major}.{minor}{threading}/site-packages"
