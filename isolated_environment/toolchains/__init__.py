"""What creates and installs: ``uv``, or ``virtualenv`` and ``pip``.  Values become steps here; none is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..errors import RequestError
from ..lockfile import Lock
from ..plan import BuildOrder, Stage

NAMES = ("auto", "uv", "pip")


class Toolchain(Protocol):
    """What the planner needs of a toolchain."""

    @property
    def name(self) -> str:
        """``uv`` or ``pip``."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the programs, by name."""

    @property
    def routes_by_name(self) -> bool:
        """Whether it can take named projects from an explicit index by itself."""

    @property
    def insists_on_preferences(self) -> bool:
        """Whether preferred versions that do not fit make the resolution fail, so that it must run without them."""

    def resolve(self, order: BuildOrder) -> Stage:
        """Return what resolves the order's content from metadata."""

    def resolution(self, order: BuildOrder) -> Lock:
        """Read what :meth:`resolve` left in the working directory."""

    def attributed(self, order: BuildOrder, lock: Lock) -> Lock:
        """Return what was resolved with the index of each project, where that is known and of use."""

    def create(self, order: BuildOrder) -> Stage:
        """Return what creates the prefix."""

    def examine(self, order: BuildOrder) -> Stage:
        """Return what has to be known for :meth:`attributed`, and is found out while the interpreter is tried."""

    def install(self, order: BuildOrder, lock: Lock) -> Stage:
        """Return what installs exactly the lock, with its hashes."""

    def cache_directory(self, order: BuildOrder) -> Path | None:
        """Return the installer's cache, so that it can be synced before publication; ``None``: unknown."""


def find_toolchain(wanted: str) -> Toolchain:
    """Choose a toolchain.

    Args:
        wanted: ``uv``, ``pip``, or ``auto``: uv where it is found, else pip.

    Raises:
        RequestError: another word.
        ToolchainNotFoundError: it is not on this machine; it lists where was looked.
    """
    from . import pip, uv

    if wanted not in NAMES:
        raise RequestError(f"no toolchain {wanted!r}", hint=f"give one of {', '.join(NAMES)}")
    if wanted == "pip":
        return pip.find()
    if wanted == "uv":
        return uv.find()
    return uv.find(required=False) or pip.find()
