"""Environments by the application that declares them: the entry-point group ``isolated_environment.environments``.

An entry point has the environment's name, and leads to the :class:`~isolated_environment.IsolatedEnvironment` of the
application: ``whisper = "yourapp.runtime:whisper"``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from packaging.utils import canonicalize_name

from ..ask_input import absolute
from ..environment import IsolatedEnvironment
from ..errors import InvalidDeclarationError
from ..layout import Layout

GROUP = "isolated_environment.environments"


@dataclass(frozen=True)
class Declared:
    """An environment that an installed application declares."""

    #: The distribution, normalized.
    application: str
    #: The entry point's name.
    name: str
    entry_point: EntryPoint

    @property
    def label(self) -> str:
        """What the command line calls it: ``application:name``."""
        return f"{self.application}:{self.name}"

    def load(self) -> IsolatedEnvironment:
        """Import the application's module; return its environment.

        Raises:
            InvalidDeclarationError: the entry point leads to none.
        """
        value = self.entry_point.value
        try:
            found = self.entry_point.load()
        except Exception as error:
            raise self._invalid(f"{value} cannot be loaded: {type(error).__name__}: {error}") from error
        if not isinstance(found, IsolatedEnvironment):
            raise self._invalid(f"{value} is a {type(found).__name__}, not an IsolatedEnvironment")
        return found

    def _invalid(self, why: str) -> InvalidDeclarationError:
        return InvalidDeclarationError(
            f"the environment {self.label}: {why}",
            hint=f"tell the authors of {self.application}: the entry point leads nowhere",
            entry_point=self.entry_point.value,
        )


def declared() -> Iterator[Declared]:
    """Yield what the distributions of this interpreter declare, by application and name."""
    found = {
        (canonicalize_name(point.dist.name), point.name): point for point in entry_points(group=GROUP) if point.dist
    }
    for (application, name), point in sorted(found.items()):
        yield Declared(application, name, point)


def declared_by(text: str) -> list[Declared]:
    """Return what ``APPLICATION`` or ``APPLICATION:NAME`` means; nothing for what is a path, or names none.

    An application comes before a file or directory of that name, which its author has in the working directory, but
    not before an environment.

    Args:
        text: As on the command line.
    """
    if os.sep in text or "/" in text or os.path.lexists(Layout(absolute(text)).receipt):
        return []
    application, _, name = text.partition(":")
    wanted = canonicalize_name(application)
    return [each for each in declared() if each.application == wanted and name in ("", each.name)]
