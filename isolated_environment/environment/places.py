"""Where a handle's environment lies or would lie: decided when it is needed, and anew after a build."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ownership.placement import Placement


class Places:
    """The placements of one path, in the order of looking; the last is where to build.

    Args:
        path: What the author named, absolute.
        owner: As :class:`~isolated_environment.IsolatedEnvironment`.
        if_read_only: Likewise.
    """

    def __init__(self, path: str, owner: str | None, if_read_only: str) -> None:
        self._path = path
        self._owner = owner
        self._if_read_only = if_read_only
        self._found: tuple[Placement, ...] | None = None

    def all(self) -> tuple[Placement, ...]:
        """Return the placements."""
        if self._found is None:
            from pathlib import Path

            from ..ownership.placement import find_placements
            from ..settings import read_settings

            self._found = find_placements(
                Path(self._path), self._owner, if_read_only=self._if_read_only, data_dir=read_settings().data_dir
            )
        return self._found

    def forget(self) -> None:
        """Decide anew next time: who owns the path may have changed."""
        self._found = None

    def roots(self) -> list[str]:
        """Return the roots, in the order of looking."""
        return [str(place.root) for place in self.all()]

    def at(self, root: str) -> Placement | None:
        """Return the placement with that root."""
        return next((place for place in self.all() if str(place.root) == root), None)

    def holding(self) -> Placement:
        """Return the first placement with an environment, whether it serves or not; else the one to build in."""
        from ..layout import Layout

        found = (place for place in self.all() if os.path.exists(Layout(str(place.root)).receipt))
        return next(found, self.all()[-1])

    def to_build_in(self) -> Placement:
        """Return the placement to build in.

        Raises:
            ReadOnlyLocationError: no place can be written, and the author allows no other.
        """
        place = self.all()[-1]
        if place.obstacle is not None:
            from ..errors import ReadOnlyLocationError

            raise ReadOnlyLocationError(
                f"{self._path} cannot hold an environment: {place.obstacle}",
                hint="run once as a user who may write there, or allow if_read_only='user'",
                path=self._path,
            )
        return place

    def is_owned(self) -> bool:
        """Return whether a distribution owns the path now, writable or not."""
        from ..errors import OwnerNotFoundError

        self.forget()
        try:
            return any(place.owner for place in self.all())
        except OwnerNotFoundError:
            return False
