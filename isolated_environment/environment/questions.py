"""What can be asked of an environment."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from ..store.inspection import Report, Size, State
    from ..store.verification import Installed
    from .handle import Handle


class QuestionMethods:
    """The part of :class:`~isolated_environment.IsolatedEnvironment` that answers."""

    _handle: Handle

    def installed(self) -> bool:
        """Return whether there is an environment that serves; nothing is built or written."""
        return self._handle.reason() is None

    def state(self) -> State:
        """Return what there is at the environment's place, and which place that is; nothing is built or written."""
        from ..store.inspection import read_state

        return read_state(self._handle.place(), self._handle.reason())

    def pip_list(self) -> list[Installed]:
        """Return the installed distributions by name; :meth:`ensure` comes first.

        Raises:
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..store.inspection import list_distributions

        held = self._handle.ensure()
        return list_distributions(held.root, held.receipt)

    def pip_has(self, specs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> bool:
        """Return whether every requirement is satisfied by what is installed; ``False`` when nothing is built.

        Args:
            specs: PEP 508 requirements; names are compared normalized, versions by their specifiers.

        Raises:
            InvalidRequirementError: one cannot be read.
        """
        from ..ask_input import words_of
        from ..host import markers_of
        from ..store.inspection import has_requirements, list_distributions

        held = self._handle.current()
        if held is None:
            return False
        installed = list_distributions(held.root, held.receipt)
        return has_requirements(installed, list(words_of(specs)), markers_of(held.receipt.base["version"]))

    def installed_requirements(self) -> list[str]:
        """Return what was asked for, canonical, in the order of the asks; empty when nothing is built."""
        held = self._handle.current()
        if held is None:
            return []
        from ..spec import Content

        return [item.text for item in Content.from_record(held.receipt.content).requirements]

    def freeze(self) -> str:
        """Return the lock as a requirements text, one line a distribution; :meth:`ensure` comes first.

        Raises:
            NotBuiltError: the lock is gone.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..store.inspection import freeze
        from ..store.resolution import lock_of_environment

        held = self._handle.ensure()
        return freeze(lock_of_environment(held.root, held.receipt))

    def size(self) -> Size:
        """Return what the environment takes on disk, in bytes."""
        from ..store.inspection import measure

        return measure(self._handle.root())

    def doctor(self, *, deep: bool = False) -> Report:
        """Look for everything that is or may become wrong; nothing is changed.

        Args:
            deep: Compare the content of every installed file with its recorded hash, not only its size.
        """
        from ..store.inspection import examine

        return examine(self._handle.place(), self._handle.reason(), deep=deep)
