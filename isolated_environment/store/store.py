"""The life of one root: ensure, roll back, collect, remove.  The build protocol of the design, section 6."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ReentrantBuildError, RollbackError, StoreError
from ..events import WaitingForLock
from ..layout import Layout
from ..locking import RootLock, lock_for
from ..ownership.placement import Placement
from ..ownership.registration import register, unregister, watched
from ..ownership.stamp import is_registered
from ..receipt import Receipt, Unreadable, Unusable, read
from ..reporter import Reporter, warn
from ..settings import Settings
from ..wanted import Wanted
from .collection import collect, empty_trash, mark_superseded
from .diagnosis import typed_errors
from .orphans import collect_orphans
from .publication import publish
from .removal import delete, seize_all
from .roots import assert_ours, assert_trusted, is_ours, make_root
from .warm import Held, check, share_lease, take

_warned: set[str] = set()


class Store:
    """One environment on disk.

    Args:
        place: Where it lies; writable.
        settings: What the user of the machine set.
        reporter: Where events go.
        toolchain: ``auto``, ``uv`` or ``pip``.
        lock_timeout: Seconds to wait for another builder; ``None``: for ever.
    """

    def __init__(
        self,
        place: Placement,
        settings: Settings,
        reporter: Reporter,
        *,
        toolchain: str = "auto",
        lock_timeout: float | None = None,
    ) -> None:
        self._place = place
        self._settings = settings
        self._toolchain = toolchain
        self._timeout = lock_timeout
        self._layout = Layout(str(place.root))
        self._reporter = reporter

    def ensure(self, wanted: Wanted, *, hand_out: bool) -> Held:
        """Return a generation that has what is wanted; build it if need be.

        Args:
            wanted: The declaration, the ask that the call makes, and what to resolve anew.
            hand_out: Whether the caller passes the generation on to its user.

        Returns:
            The generation, with a shared lease.

        Raises:
            IsolatedEnvironmentError: it cannot be built; what was there before is untouched.
        """
        with typed_errors(self._layout.root), contextlib.ExitStack() as stack:
            registration = self._prepare()  # whatever fails before this is over, nothing here is ours to delete
            stack.callback(empty_trash, self._layout)
            stack.enter_context(watched(self._place))
            lock = self._entered(stack, "checking")
            held = self._built_by_another(wanted, registration)
            if held is not None:
                return held
            from .fulfilment import Fulfilment  # takes as long to load as others wait for

            fulfilment = Fulfilment(self._place, lock, self._settings, self._reporter, self._toolchain, registration)
            return fulfilment.run(wanted, hand_out=hand_out)

    def _built_by_another(self, wanted: Wanted, registration: dict[str, Any] | None) -> Held | None:
        """What somebody else has built meanwhile, if nothing about it is to be written."""
        if wanted.upgrades or not is_registered(registration):
            return None
        with contextlib.suppress(Unusable):
            held = take(self._layout.root, wanted.declaration, wanted.new, unissued=True)
            if held.receipt.handed_out and held.receipt.get("registration") == registration:
                return held
            held.lease.release()
        return None

    def rollback(self) -> Held:
        """Make the previous generation the current one again.

        Raises:
            RollbackError: there is none, or it cannot be used any more.
            NotOurDirectoryError: the root was not made by this library.
        """
        assert_ours(self._layout)
        assert_trusted(self._layout)
        with self._locked("rolling back"), typed_errors(self._layout.root):
            current = self._receipt()
            previous = None if current is None else current.previous
            if current is None or previous is None:
                raise self._no_rollback("no earlier generation is kept")
            try:
                check(self._layout.root, previous)
                lease = share_lease(self._layout, previous)
            except Unusable as reason:
                raise self._no_rollback(str(reason)) from None
            receipt = previous.replaced(previous=current.without_previous(), handed_out=True)
            text = Path(self._layout.prefix(receipt.generation), "pylock.toml").read_text("utf-8")
            publish(self._layout, receipt, text)
            mark_superseded(self._layout, current)
            return Held(self._layout.root, receipt, lease)

    def collect(self, *, force: bool = False) -> list[str]:
        """Give back the space of generations that nobody needs; return their names.

        Args:
            force: Skip the hour that a superseded generation stays, never its lease.

        Raises:
            StoreError: the receipt cannot be read, or the disk fails.
        """
        if not is_ours(self._layout):
            return []
        with self._locked("collecting") as lock, typed_errors(self._layout.root):
            gone = collect(self._layout, self._receipt(), force=force) if lock.effective else []
        empty_trash(self._layout)
        return gone

    def remove(self) -> None:
        """Remove the environment: every generation, the receipt, the root, the link.

        Raises:
            InUseError: another process uses it.
            NotOurDirectoryError: the root was not made by this library.
            RemovalError: something in it cannot be deleted.
        """
        if not os.path.lexists(self._layout.root):
            unregister(self._place)
            return
        assert_ours(self._layout)
        with self._locked("removing"), typed_errors(self._layout.root):
            leases = seize_all(self._layout)  # held to the end, so that nobody begins to use what is being deleted
            try:
                delete(self._layout)
            finally:
                for lease in leases:
                    lease.release()
        unregister(self._place)

    @contextlib.contextmanager
    def locked(self, phase: str) -> Iterator[None]:
        """Hold the root's file lock; the holding thread may build inside.

        Args:
            phase: What it is held for, in words, shown to those who wait.
        """
        with contextlib.ExitStack() as stack:
            with typed_errors(self._layout.root):
                self._prepare()
                self._entered(stack, phase)
            yield

    def _prepare(self) -> dict[str, Any] | None:
        """Make the place and register it; nothing of ours lies anywhere before it is registered."""
        if lock_for(self._layout.root).building_here():
            raise ReentrantBuildError(
                f"a build of {self._layout.root} was asked for from inside one",
                hint="do not use the environment in on_event",
                root=self._layout.root,
            )
        assert_trusted(self._layout)  # before anything is written into it, and before its owner's RECORD is
        if self._place.kind == "user":
            collect_orphans(self._settings.data_dir, at_most_daily=True)
        registration = register(self._place)
        if self._place.kind == "user":
            self._warn_of_fallback()
        with watched(self._place):
            self._make_root()
        return registration

    def _make_root(self) -> None:
        make_root(self._layout, adopted=self._place.container is not None)

    def _entered(self, stack: contextlib.ExitStack, phase: str) -> RootLock:
        """Take the lock of the prepared root; whoever held it may have removed the root, and then it is made again."""
        while True:
            try:
                lock = stack.enter_context(self._locked(phase))
            except StoreError as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
                self._prepare()
            else:
                self._make_root()  # another one who waited may just have begun to
                return lock

    @contextlib.contextmanager
    def _locked(self, phase: str) -> Iterator[RootLock]:
        lock = lock_for(self._layout.root)

        def tell(holder: str, waited: float) -> None:
            self._reporter.report(WaitingForLock(self._layout.root, holder, waited))

        with contextlib.ExitStack() as stack:
            with typed_errors(self._layout.root):
                stack.enter_context(lock.held(self._timeout, phase, tell))
            yield lock

    def _receipt(self) -> Receipt | None:
        """The current receipt; that it cannot be read now is no reason to treat what it names as abandoned."""
        try:
            return read(self._layout.receipt)
        except Unreadable:
            raise
        except Unusable:
            return None

    def _warn_of_fallback(self) -> None:
        if self._layout.root not in _warned:
            _warned.add(self._layout.root)
            warn(
                f"{self._place.path} cannot hold the environment ({self._place.reason}); it is built in "
                f"{self._layout.root} instead, and uninstalling the application will not remove it: "
                "`isolated-environment gc` does when the application is gone"
            )

    def _no_rollback(self, why: str) -> RollbackError:
        return RollbackError(
            f"{self._layout.root} cannot be rolled back: {why}",
            hint="build what you want with pip_install or upgrade",
            root=self._layout.root,
        )
