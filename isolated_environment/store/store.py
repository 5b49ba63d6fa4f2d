"""The life of one root: ensure, roll back, collect, remove.  The build protocol of the design, section 6."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..declaration import Declaration
from ..errors import (
    InUseError,
    IsolatedEnvironmentError,
    IsolatedEnvironmentWarning,
    OwnerGoneError,
    ReentrantBuildError,
    RollbackError,
)
from ..events import Event, Ready, Reporter, WaitingForLock
from ..layout import Layout, python_of
from ..leases import seize
from ..lockfile import Lock
from ..locking import RootLock, lock_for
from ..ownership.placement import Placement
from ..ownership.registration import register, unregister
from ..ownership.stamp import is_registered
from ..planner import Wanted
from ..receipt import SCHEMA, Receipt, Unusable, identify_base, read
from ..settings import Settings
from ..spec import Content
from .attempt import Base, Built, Site
from .builder import build, find_site
from .collection import collect, delete_tree, discard, empty_trash, mark_superseded, to_trash
from .publication import publish
from .roots import assert_ours, is_ours, make_root
from .warm import Held, check, take

_warned: set[str] = set()


class Store:
    """One environment on disk.

    Args:
        place: Where it lies; writable.
        settings: What the user of the machine set.
        toolchain: ``auto``, ``uv`` or ``pip``.
        lock_timeout: Seconds to wait for another builder; ``None``: for ever.
        on_event: The application's callable for events, or ``None``.
    """

    def __init__(
        self,
        place: Placement,
        settings: Settings,
        *,
        toolchain: str = "auto",
        lock_timeout: float | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self._place = place
        self._settings = settings
        self._toolchain = toolchain
        self._timeout = lock_timeout
        self._layout = Layout(str(place.root))
        self._reporter = Reporter(self._layout.root, on_event, quiet=settings.quiet)

    # the verbs

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
        registration = self._prepare()
        try:
            with self._locked("checking") as lock:
                if not is_registered(registration):
                    registration = register(self._place)
                return self._ensure_locked(lock, wanted, registration, hand_out=hand_out)
        finally:
            empty_trash(self._layout)

    def rollback(self) -> Held:
        """Make the previous generation the current one again.

        Raises:
            RollbackError: there is none, or it cannot be used any more.
        """
        assert_ours(self._layout)
        with self._locked("rolling back"):
            current = self._receipt()
            previous = None if current is None else current.previous
            if current is None or previous is None:
                raise self._no_rollback("no earlier generation is kept")
            try:
                check(self._layout.root, previous)
            except Unusable as reason:
                raise self._no_rollback(str(reason)) from None
            receipt = previous.replaced(previous=_without_previous(current), handed_out=True)
            text = Path(self._layout.prefix(receipt.generation), "pylock.toml").read_text("utf-8")
            publish(self._layout, receipt, text)
            mark_superseded(self._layout, current)
            return take(self._layout.root, _adopting())

    def collect(self, *, force: bool = False) -> list[str]:
        """Give back the space of generations that nobody needs; return their names."""
        if not is_ours(self._layout):
            return []
        with self._locked("collecting") as lock:
            gone = collect(self._layout, self._receipt(), force=force) if lock.effective else []
        empty_trash(self._layout)
        return gone

    def remove(self) -> None:
        """Remove the environment: every generation, the receipt, the root, the link.

        Raises:
            InUseError: another process uses it.
            NotOurDirectoryError: the root was not made by this library.
        """
        if not os.path.lexists(self._layout.root):
            unregister(self._place)
            return
        assert_ours(self._layout)
        with self._locked("removing"):
            self._assert_unused()
            Path(self._layout.receipt).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                for name in os.listdir(self._layout.root):  # noqa: PTH208
                    if name not in {"lock", "lock.owner", "trash", "CACHEDIR.TAG"}:
                        to_trash(self._layout, name)
            empty_trash(self._layout)
            delete_tree(Path(self._layout.root))
        unregister(self._place)

    @contextlib.contextmanager
    def locked(self, phase: str) -> Iterator[None]:
        """Hold the root's file lock; the holding thread may build inside."""
        self._prepare()
        with self._locked(phase):
            yield

    # ensuring

    def _prepare(self) -> dict[str, Any] | None:
        if lock_for(self._layout.root).building_here():
            raise ReentrantBuildError(
                f"a build of {self._layout.root} was asked for from inside one",
                hint="do not use the environment in on_event",
                root=self._layout.root,
            )
        self._warn_of_fallback()
        registration = register(self._place)
        make_root(self._layout)
        return registration

    def _ensure_locked(
        self, lock: RootLock, wanted: Wanted, registration: dict[str, Any] | None, *, hand_out: bool
    ) -> Held:
        current = self._receipt()
        reason = "an upgrade was asked for"
        if not wanted.upgrades:
            try:
                held = take(self._layout.root, wanted.declaration, wanted.new, unissued=True)
            except Unusable as why:
                reason = str(why)
            else:
                if hand_out and not held.receipt.handed_out:
                    return self._republish(held.receipt, handed_out=True)
                return held
        content = wanted.content(current)
        base = Base(current, self._is_healthy(current))
        if base.healthy and current is not None and not wanted.upgrades:
            if current.get("digest") == content.digest():
                return self._touch_up(current, wanted, content, registration, hand_out=hand_out)
        return self._build(lock, wanted, content, base, registration, reason, hand_out=hand_out)

    def _build(
        self,
        lock: RootLock,
        wanted: Wanted,
        content: Content,
        base: Base,
        registration: dict[str, Any] | None,
        reason: str,
        *,
        hand_out: bool,
    ) -> Held:
        lock.enter_phase("building")
        site = find_site(self._layout, self._settings, self._reporter, self._toolchain, content.python)
        started = time.monotonic()
        with lock.building():
            built = self._built(site, content, wanted, base, reason)
        if isinstance(built, Lock):
            assert base.receipt is not None  # noqa: S101 -- a lock alone means the current generation has it
            return self._touch_up(base.receipt, wanted, content, registration, hand_out=hand_out)
        try:
            lock.assert_held()
            registration = self._registered_still(registration)
            receipt = self._new_receipt(site, wanted, content, base, built, registration, handed_out=hand_out)
            publish(self._layout, receipt, built.lock.text)
        except BaseException:
            built.lease.release()
            discard(self._layout, built.generation)
            raise
        built.lease.downgrade()
        self._clean_up(lock, base.receipt, receipt)
        self._reporter.report(Ready(self._layout.root, built.generation, time.monotonic() - started))
        return Held(self._layout.root, receipt, built.lease)

    def _built(self, site: Site, content: Content, wanted: Wanted, base: Base, reason: str) -> Built | Lock:
        try:
            return build(site, content, wanted, base, reason)
        except (IsolatedEnvironmentError, OSError) as error:
            self._assert_owner_there(error)
            raise

    def _touch_up(
        self,
        current: Receipt,
        wanted: Wanted,
        content: Content,
        registration: dict[str, Any] | None,
        *,
        hand_out: bool,
    ) -> Held:
        """The generation serves as it is; only what the receipt says about the request is out of date."""
        return self._republish(
            current,
            declaration=wanted.record(content),
            content=content.record(),
            digest=content.digest(),
            local=content.local_files(),
            registration=registration,
            handed_out=current.handed_out or hand_out,
        )

    def _republish(self, receipt: Receipt, **fields: Any) -> Held:  # noqa: ANN401 -- JSON
        receipt = receipt.replaced(**fields)
        publish(self._layout, receipt, None)
        return take(self._layout.root, _adopting(), unissued=True)

    def _new_receipt(
        self,
        site: Site,
        wanted: Wanted,
        content: Content,
        base: Base,
        built: Built,
        registration: dict[str, Any] | None,
        *,
        handed_out: bool,
    ) -> Receipt:
        interpreter = site.interpreter
        return Receipt(
            {
                "schema": SCHEMA,
                "root": self._layout.root,
                "path": str(self._place.path),
                "generation": built.generation,
                "built_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                "duration": round(built.duration, 3),
                "toolchain": {"name": site.toolchain.name, **site.toolchain.versions},
                "base": {
                    "executable": interpreter.executable,
                    "version": interpreter.version,
                    "minor": interpreter.minor,
                    **identify_base(interpreter.executable),
                },
                "declaration": wanted.record(content),
                "content": content.record(),
                "digest": content.digest(),
                "local": content.local_files(),
                "lock": built.lock.digest,
                "registration": registration,
                "handed_out": handed_out,
                "previous": self._kept_for_rollback(base),
            }
        )

    def _kept_for_rollback(self, base: Base) -> dict[str, Any] | None:
        """The last generation that somebody was given; one that nobody was is not worth its space."""
        if base.receipt is None or not base.healthy:
            return None
        kept = base.receipt if base.receipt.handed_out else base.receipt.previous
        return None if kept is None else _without_previous(kept)

    def _clean_up(self, lock: RootLock, replaced: Receipt | None, receipt: Receipt) -> None:
        mark_superseded(self._layout, replaced)
        if not lock.effective:
            return
        if replaced is not None and not replaced.handed_out:
            discard(self._layout, replaced.generation)
        collect(self._layout, receipt)

    # looking

    def _receipt(self) -> Receipt | None:
        try:
            return read(self._layout.receipt)
        except Unusable:
            return None

    def _is_healthy(self, receipt: Receipt | None) -> bool:
        if receipt is None:
            return False
        try:
            check(self._layout.root, receipt)
        except Unusable:
            return False
        return True

    def _assert_unused(self) -> None:
        used = []
        with contextlib.suppress(OSError):
            for name in os.listdir(self._layout.leases):  # noqa: PTH208
                lease = seize(self._layout.lease(name))
                if lease is None:
                    used.append(name)
                else:
                    lease.release()
        if used:
            raise InUseError(
                f"{self._layout.root} is in use: {', '.join(sorted(used))}",
                hint="end the processes that use it, then try again",
                root=self._layout.root,
                generations=tuple(sorted(used)),
            )

    # the owner

    def _registered_still(self, registration: dict[str, Any] | None) -> dict[str, Any] | None:
        """An uninstall may have come in the middle of the build; then nothing of ours may stay behind."""
        if is_registered(registration):
            return registration
        self._assert_owner_there(None)
        return register(self._place)

    def _assert_owner_there(self, error: BaseException | None) -> None:
        owner, container = self._place.owner, self._place.container
        if owner is None or container is None or owner.record.exists():
            return
        delete_tree(container)
        raise OwnerGoneError(
            f"{owner.name} was uninstalled while its environment was being built; nothing of it is left",
            hint="install the application again",
            owner=owner.name,
        ) from error

    def _warn_of_fallback(self) -> None:
        if self._place.kind == "user" and self._layout.root not in _warned:
            _warned.add(self._layout.root)
            warnings.warn(
                f"{self._place.path} cannot hold the environment ({self._place.reason}); it is built in "
                f"{self._layout.root} instead, and uninstalling the application will not remove it: "
                "`isolated-environment gc` does when the application is gone",
                IsolatedEnvironmentWarning,
                stacklevel=5,
            )

    def _no_rollback(self, why: str) -> RollbackError:
        return RollbackError(
            f"{self._layout.root} cannot be rolled back: {why}",
            hint="build what you want with pip_install or upgrade",
            root=self._layout.root,
        )

    @contextlib.contextmanager
    def _locked(self, phase: str) -> Iterator[RootLock]:
        lock = lock_for(self._layout.root)

        def tell(holder: str, waited: float) -> None:
            self._reporter.report(WaitingForLock(self._layout.root, holder, waited))

        with lock.held(self._timeout, phase, tell):
            yield lock


def _without_previous(receipt: Receipt) -> dict[str, Any]:
    return {name: value for name, value in receipt.as_json().items() if name != "previous"}


def _adopting() -> Declaration:
    """A declaration that takes what is there."""
    return Declaration(
        None, python=None, indexes=(), constraints=(), pylock=None, system_site_packages=False
    )
