"""What a build does, as values: steps, stages and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .settings import Settings
from .spec import Content, credentials_by_prefix, torch_base
from .wording import counted

if TYPE_CHECKING:
    from .host import Interpreter
    from .index import Credentials, Index
    from .lockfile import Lock


#: Where in the working directory pages for plain directories are written: ``<index>/<project>/index.html`` below it.
PAGES = "pages"


@dataclass(frozen=True)
class Step:
    """One command of a build.

    Args:
        name: ``resolve``, ``create``, ``install`` …
        why: What it does, in words for people.
        argv: The command line; never holds a credential.
        env: Variables added to the scrubbed environment; credentials travel here.
        silencing: Those of them that keep it from showing its progress; they are left out where a terminal is there
            to show it on.
        is_brief: Whether it is over before anybody could read of it.
        telling: Variables that make it tell its progress in lines, to who listens and has no terminal.
    """

    name: str
    why: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    silencing: frozenset[str] = frozenset()
    telling: Mapping[str, str] | None = None
    is_brief: bool = False


@dataclass(frozen=True)
class Stage:
    """Files to write into the working directory, then steps to run there."""

    steps: tuple[Step, ...]
    files: Mapping[str, str | bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class DirectFile:
    """A project of an explicit index, resolved to one file, for a toolchain that cannot route by name."""

    name: str
    version: str
    filename: str
    #: Absolute, without credentials.
    url: str
    #: As hex, where the index tells.
    sha256: str | None
    #: The wheel's METADATA, where it can be had without the wheel.
    metadata: bytes | None = field(default=None, repr=False)
    #: Extras asked for, sorted.
    extras: tuple[str, ...] = ()
    #: The marker asked for, or nothing.
    marker: str = ""

    def reference(self, url: str) -> str:
        """Return the requirement that takes this project from *url*."""
        head = f"{self.name}[{','.join(self.extras)}]" if self.extras else self.name
        return f"{head} @ {url}" + (f" ; {self.marker}" if self.marker else "")


@dataclass(frozen=True)
class BuildOrder:
    """Everything a toolchain needs to know."""

    content: Content
    interpreter: Interpreter
    #: The prefix to create, absolute.
    prefix: Path
    #: Where files are written and commands run, absolute, inside the prefix.
    work: Path
    settings: Settings
    #: The previous lock; its versions are preferences.
    preferences: Lock | None = None
    #: Normalized names that are resolved anew; ``None``: every one.
    upgrade: frozenset[str] | None = frozenset()
    #: Take nothing from the installer's cache.
    no_cache: bool = False
    #: Resolve for every platform, and for this Python and newer ones.
    universal: bool = False
    #: Projects resolved to one file already, by name (for a toolchain that cannot route by name).
    direct: Mapping[str, DirectFile] = field(default_factory=dict)
    #: Pages written for explicit indexes that are plain directories: path in the working directory to HTML.
    pages: Mapping[str, str] = field(default_factory=dict)
    #: Projects that came up during the resolution and belong to an explicit index.
    widened: tuple[str, ...] = ()
    #: Projects that belong to an explicit index, and came up nowhere yet.
    unbound: tuple[str, ...] = ()

    @property
    def credentials(self) -> dict[str, Credentials]:
        """Every set of credentials with the URL prefix it is for."""
        return credentials_by_prefix(self.content, self.settings)

    @property
    def private_indexes(self) -> tuple[Index, ...]:
        """The indexes with credentials that serve some projects only."""
        torch = () if self.content.torch is None else (torch_base(self.content.torch, self.settings),)
        return tuple(index for index in (*self.content.explicit_indexes, *torch) if index.credentials)

    def with_widened(self, names: tuple[str, ...]) -> BuildOrder:
        """Return this order with more projects bound to their explicit index."""
        return replace(self, widened=tuple(sorted({*self.widened, *names})))

    @cached_property
    def kept_versions(self) -> dict[str, str]:
        """The versions that are preferred, and that nothing asked for excludes: name to version."""
        if self.preferences is None or self.upgrade is None:
            return {}
        kept = {
            name: version
            for name, version in self.preferences.versions.items()
            if version is not None and name not in self.upgrade
        }
        for item in (*self.content.requirements, *self.content.all_constraints):
            if item.name in kept and not item.admits(kept[item.name], self.interpreter.markers):
                del kept[item.name]
        return kept


@dataclass(frozen=True)
class Planned:
    """A distribution that would be installed."""

    #: Normalized (PEP 503).
    name: str
    #: Empty where only building tells it: directories, checkouts.
    version: str
    #: Bytes of its file, where the index tells.
    size: int | None

    def __str__(self) -> str:
        size = "" if self.size is None else f"  {self.size / 1e6:.1f} MB"
        return f"  {self.name} {self.version}{size}"


@dataclass(frozen=True)
class Plan:
    """What would be done: nothing when *reason* is ``None``.

    Printing it shows the steps as they would run.
    """

    root: str
    #: Why what is there does not serve; ``None``: it does.
    reason: str | None
    #: ``owner``, ``path`` or ``user``: why the root is where it is.
    placement: str
    toolchain: str
    #: The base interpreter.
    python: str
    requirements: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    #: Bytes that are free where the root is, or will be; ``None``: nothing is to be done.
    free: int | None = None
    #: What would be installed; ``None``: it was not resolved.
    distributions: tuple[Planned, ...] | None = None

    @property
    def download(self) -> int | None:
        """Bytes to download at most, as far as the index tells; what the installer's cache has is not downloaded.

        ``None``: it was not resolved.
        """
        if self.distributions is None:
            return None
        return sum(each.size or 0 for each in self.distributions)

    def __str__(self) -> str:
        lines = [f"root: {self.root} ({self.placement})"]
        if self.reason is None:
            return "\n".join([*lines, "ready: nothing to do"])
        lines += [
            f"reason: {self.reason}",
            f"python: {self.python}",
            f"toolchain: {self.toolchain}",
            f"requirements: {', '.join(self.requirements) or 'none'}",
        ]
        lines += [] if self.free is None else [f"free: {self.free / 1e9:.1f} GB"]
        if self.distributions is not None:
            size = f", {self.download / 1e6:.1f} MB to download at most" if self.download else ""
            lines += [
                f"to install: {counted(len(self.distributions), 'distribution')}{size}",
                *map(str, self.distributions),
            ]
        lines += [f"{step.name}: {' '.join(step.argv)}" for step in self.steps]
        return "\n".join(lines)
