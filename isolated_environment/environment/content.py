"""What changes an environment: installing, upgrading, going back, removing."""

from __future__ import annotations

import os

from ..ask_input import asks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from typing_extensions import Self

    from ..index import Index
    from ..plan import Plan
    from ..torch_index.request import TorchIndex
    from .handle import Handle

    Requirements = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


class ContentMethods:
    """The part of :class:`~isolated_environment.IsolatedEnvironment` that changes the environment."""

    _handle: Handle

    def pip_install(
        self,
        requirements: Requirements,
        index: Index | TorchIndex | str | os.PathLike[str] | None = None,
        *,
        constraints: Requirements = (),
        upgrade: bool = False,
        options: Iterable[str | os.PathLike[str]] = (),
    ) -> Self:
        """Add to what the environment holds; return when it is installed, at once when it is already.

        Asking again for a project replaces the earlier ask for it.  Later asks never replace what an earlier one
        pinned exactly.  The order inside one ask does not matter.

        Args:
            requirements: A PEP 508 requirement, a requirements text, the path of a wheel, a project or a requirements
                file, or a list of these; an empty list asks for nothing more than :meth:`ensure`.
            index: Where the projects named in this call come from, and only they: a URL, a directory or an
                :class:`~isolated_environment.Index`.  A :class:`~isolated_environment.TorchIndex`, or a URL whose last
                part is a channel of PyTorch (``…/whl/cu121``): the PyTorch family comes from that channel, pinned to
                the exact build, and everything else from the main index.
            constraints: Requirements that limit but do not ask.
            upgrade: Take the newest versions of the projects named, also when older ones satisfy.
            options: Installer options that both toolchains can honour, such as ``"--pre"``; one word an element.

        Returns:
            This environment.

        Raises:
            RequestError: the request cannot be read.  Nothing was changed.
            BuildError: it could not be installed.  What was there before is untouched.
            HostError: no interpreter or toolchain serves.
            TorchError: no build of PyTorch fits; nothing of it was downloaded.
            StoreError: the place cannot be used.

        Example:
            ``env.pip_install("torch==2.1.2", index=URL).pip_install("openai-whisper")``
        """
        for ask in asks_of(requirements, index, constraints, options):
            if ask.requirements or upgrade:
                self._handle.add(ask, upgrade=upgrade)
            else:
                self._handle.ensure()
        return self

    def install_environment(self) -> Self:
        """Build the environment if need be; an empty one when nothing was asked for.  Idempotent.

        Raises:
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        self._handle.ensure()
        return self

    def ensure(self) -> Path:
        """Build the environment if need be.

        Any number of threads and processes may call this at once: one builds, the others wait for it.  When what is
        there serves, no lock is taken, no process started and nothing written.

        Returns:
            The concrete prefix, ready to use.  This handle keeps that very generation for its lifetime, whatever
            others install, unless its own content changes.

        Raises:
            RequestError: the declaration cannot be read.
            HostError: no interpreter or toolchain serves.
            LockTimeoutError: somebody else built for longer than *lock_timeout*; the error names them.
            NotOurDirectoryError: the path holds something that this library did not make.
            ReadOnlyLocationError: no place can be written, and *if_read_only* is ``"raise"``.
            BuildError: a step failed; what was there before is untouched.

        Source:
            PEP 405 for the prefix, PEP 751 for what is installed, PEP 376 for what counts as installed.
        """
        from pathlib import Path

        return Path(self._handle.ensure().prefix)

    def ensure_installed(self, requirements: Requirements = ()) -> dict[str, str]:
        """Install *requirements* unless they are there, and return the mapping for :mod:`subprocess`.

        Args:
            requirements: As :meth:`pip_install`; nothing: only ensure.

        Raises:
            IsolatedEnvironmentError: as :meth:`pip_install`.
        """
        for ask in asks_of(requirements):
            if ask.requirements:
                self._handle.add(ask, upgrade=False)
        return self._handle.mapping(None, {})

    def plan(self, *, resolve: bool = False) -> Plan:
        """Return what :meth:`ensure` would do, without doing it.

        Args:
            resolve: Say too what would be installed, and how much is to be downloaded: an index is asked for that, and
                nothing is kept.  Else there is no network, and no process of an installer.

        Raises:
            RequestError: the declaration cannot be read.
            HostError: no interpreter or toolchain serves.
            IsolatedEnvironmentError: with *resolve*, as :meth:`ensure` up to the moment when something is installed.
        """
        return self._handle.plan(resolve=resolve)

    def upgrade(self) -> Self:
        """Resolve everything anew and take the newest versions that the request admits.

        Raises:
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        self._handle.upgrade()
        return self

    def rollback(self) -> Self:
        """Go back to the generation before the current one.

        Raises:
            RollbackError: none is kept, or it cannot be used any more.
        """
        self._handle.release()
        self._handle.store_there().rollback().lease.release()
        return self

    def remove(self) -> None:
        """Remove the environment: every generation, the root and the link.  The next use builds it from nothing.

        Raises:
            InUseError: another process uses it.
            RemovalError: something in it cannot be deleted; asking again goes on where this one stopped.
            NotOurDirectoryError: what is there was not made by this library.
        """
        self._handle.release()
        self._handle.store_there().remove()

    def clean(self) -> None:
        """As :meth:`remove`, under the name it has in isolated-environment 1.x and 2.x."""
        self.remove()

    def gc(self, *, force: bool = False) -> list[str]:
        """Give back the space of generations that nobody needs.

        Abandoned builds go at once; superseded generations when nobody uses them and an hour has passed.  The last one
        stays for :meth:`rollback`.

        Args:
            force: Skip the hour.

        Returns:
            The names of the generations that went.
        """
        return self._handle.store_there().collect(force=force)

    def lock(self) -> AbstractContextManager[None]:
        """Hold the environment's file lock: other processes cannot build meanwhile, this thread can.

        Raises:
            LockTimeoutError: on entering, as :meth:`ensure`.
        """
        return self._handle.store().locked("held by the application")
