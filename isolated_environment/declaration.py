"""What the application declared, raw: compared with the receipt on the warm path, parsed only for a build."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from .ask_input import AskInput, asks_of, raw_index, raw_word, words_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def host_minor() -> str:
    """Return the host's Python version as ``X.Y``."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def content_of(local: str) -> list[int]:
    """Return what identifies the content of a local file or directory: sizes in bytes and times in nanoseconds.

    For a directory these are of the files that uv and pip build from it by: ``pyproject.toml``, ``setup.py`` and
    ``setup.cfg``.
    """
    if not os.path.isdir(local):
        names = [local]
    else:
        names = [f"{local}/{name}" for name in ("pyproject.toml", "setup.py", "setup.cfg")]
    facts: list[int] = []
    for name in names:
        try:
            found = os.stat(name)
        except OSError:
            facts += [-1, -1]
        else:
            facts += [found.st_size, found.st_mtime_ns]
    return facts


class Declaration:
    """Everything that one handle declared.

    Args:
        requirements: The whole content, or ``None`` when the handle only adds.
        python: A version, a specifier, a path, or ``None``.
        indexes: Indexes of the constructor; one alone counts as a list of one.
        constraints: Constraints of the constructor.
        pylock: Path of a given lock, or ``None``.
        system_site_packages: See PEP 405.
        torch: Where PyTorch comes from: a TorchIndex, a channel's name, a URL, or ``None``.
        build_constraints: Constraints on what builds from source need.
    """

    __slots__ = (
        *("asks", "build_constraints", "constraints", "indexes", "pylock", "python"),
        *("stated", "system_site_packages", "torch"),
    )

    def __init__(
        self,
        requirements: object,
        *,
        python: str | None,
        indexes: object,
        constraints: object,
        pylock: str | None,
        system_site_packages: bool,
        torch: object = None,
        build_constraints: object = (),
    ) -> None:
        #: Whether the constructor stated the whole content.
        self.stated = requirements is not None or pylock is not None
        self.asks: tuple[AskInput, ...] = () if requirements is None else asks_of(requirements)
        self.python = python
        self.indexes = tuple(indexes) if isinstance(indexes, Iterable) and not isinstance(indexes, str) else (indexes,)
        self.constraints = words_of(constraints)
        self.pylock = pylock
        self.system_site_packages = system_site_packages
        self.torch = torch
        self.build_constraints = words_of(build_constraints)

    def settings(self) -> dict[str, Any]:
        """Return the JSON form of everything but the asks."""
        python = self.python
        if python is None and self.stated:
            python = f"host {host_minor()}"
        limits = sorted(map(raw_word, self.build_constraints))
        return {
            "stated": self.stated,
            "python": python,
            "indexes": [raw_index(index) for index in self.indexes],
            "constraints": sorted(map(raw_word, self.constraints)),
            "pylock": self.pylock,
            "system_site_packages": self.system_site_packages,
            **({} if self.torch is None else {"torch": raw_index(self.torch)}),
            **({"build_constraints": limits} if limits else {}),
        }

    def raw(self) -> dict[str, Any]:
        """Return the JSON form that the receipt keeps."""
        return {**self.settings(), "asks": [ask.raw() for ask in self.asks]}

    def has(self, ask: AskInput) -> bool:
        """Return whether *ask* was made before."""
        raw = ask.raw()
        return any(earlier.raw() == raw for earlier in self.asks)

    def add(self, ask: AskInput) -> None:
        """Make *ask* part of the declaration."""
        self.asks = (*self.asks, ask)

    def mismatch(self, built: dict[str, Any], new: AskInput | None = None) -> str | None:
        """Say why what was built does not serve, or return ``None``.

        Args:
            built: The declaration in the receipt.
            new: The ask that this call makes, not yet among :attr:`asks`.
        """
        if self.stated:
            wanted = self.raw()
            if new is not None:
                wanted["asks"] = [*wanted["asks"], new.raw()]
            return None if wanted == built else "the declared content changed"
        asks = built.get("asks")
        if new is not None and (not isinstance(asks, list) or new.raw() not in asks):
            return "more was asked for"
        return self._settings_mismatch(built)

    def _settings_mismatch(self, built: dict[str, Any]) -> str | None:
        """A handle that states nothing takes what is there, but for what it names itself."""
        settings = self.settings()
        for name in ("python", "indexes", "constraints", "build_constraints", "system_site_packages", "torch"):
            if settings.get(name) and settings[name] != built.get(name):
                return f"{name}= differs"
        return None
