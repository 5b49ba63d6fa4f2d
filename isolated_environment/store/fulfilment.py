"""Making what is there what is wanted, with the file lock held: look again, build, publish, clean up."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

from ..errors import LockLostError
from ..events import Ready
from ..layout import Layout
from ..lockfile import Lock
from ..locking import RootLock
from ..ownership.placement import Placement
from ..ownership.registration import register, replaced
from ..ownership.stamp import is_registered
from ..receipt import SCHEMA, Receipt, Unreadable, Unusable, identify_base, read
from ..reporter import Reporter
from ..settings import Settings
from ..spec import Content
from ..wanted import Wanted
from .attempt import Built
from .builder import build, find_site
from .collection import collect, discard, mark_superseded
from .publication import publish
from .site import Base, Site
from .warm import ADOPTING, Held, check, share_lease, take


class Fulfilment:
    """One call's passage under the file lock.

    Args:
        place: Where.
        lock: The root's file lock, held.
        settings: What the user of the machine set.
        reporter: Where events go.
        toolchain: ``auto``, ``uv`` or ``pip``.
        registration: What registering the place returned.
    """

    def __init__(
        self,
        place: Placement,
        lock: RootLock,
        settings: Settings,
        reporter: Reporter,
        toolchain: str,
        registration: dict[str, Any] | None,
    ) -> None:
        self._place = place
        self._lock = lock
        self._settings = settings
        self._reporter = reporter
        self._toolchain = toolchain
        self._registration = registration
        self._layout = Layout(str(place.root))

    def run(self, wanted: Wanted, *, hand_out: bool) -> Held:
        """Return a generation that has what is wanted, with a shared lease; build it if need be.

        Args:
            wanted: The declaration, the ask that the call makes, and what to resolve anew.
            hand_out: Whether the caller passes the generation on to its user.

        Raises:
            IsolatedEnvironmentError: it cannot be built; what was there before is untouched.
        """
        self._stay_registered()
        reason = "an upgrade was asked for"
        if not wanted.upgrades:
            try:
                held = take(self._layout.root, wanted.declaration, wanted.new, unissued=True)
            except Unusable as why:
                reason = str(why)
            else:
                return self._stamped(held, hand_out=hand_out)
        base = self._base()
        content = wanted.content(base.receipt)
        current = base.receipt if base.healthy and not wanted.upgrades else None
        if current is not None and current.get("digest") == content.digest():
            return self._touch_up(current, wanted, content, hand_out=hand_out)
        return self._build(wanted, content, base, reason, hand_out=hand_out)

    def _stamped(self, held: Held, *, hand_out: bool) -> Held:
        """Note in the receipt what the next warm check wants to know."""
        receipt = held.receipt
        handed_out = receipt.handed_out or hand_out
        if (handed_out, self._registration) == (receipt.handed_out, receipt.get("registration")):
            return held
        return self._republish(receipt, handed_out=handed_out, registration=self._registration)

    def _build(self, wanted: Wanted, content: Content, base: Base, reason: str, *, hand_out: bool) -> Held:
        started = time.monotonic()
        self._lock.enter_phase("building")
        site = find_site(self._layout, self._settings, self._reporter, self._toolchain, content.python)
        with self._lock.building():
            built = build(site, content, wanted, base, reason)
        if isinstance(built, Lock):
            if base.receipt is None:
                raise AssertionError("a lock alone means that the current generation has it")
            return self._touch_up(base.receipt, wanted, content, hand_out=hand_out)
        try:
            self._assert_lock_held()
            self._stay_registered()
            receipt = self._new_receipt(site, wanted, content, base, built, handed_out=hand_out)
            publish(self._layout, receipt, built.lock.text)
        except BaseException:
            self._withdraw(built)
            raise
        built.lease.downgrade()
        self._stay_registered()  # an uninstall between the last look and the receipt
        self._clean_up(base.receipt, receipt)
        if built.uncached is not None:
            built.uncached.fill_cache()
        self._reporter.report(Ready(self._layout.root, built.generation, time.monotonic() - started))
        return Held(self._layout.root, receipt, built.lease)

    def _withdraw(self, built: Built) -> None:
        """Publication failed; once the receipt names the generation, it is complete and no other serves any more."""
        ours = built.lease.is_at(self._layout.lease(built.generation))
        built.lease.release()
        if not ours:
            return
        try:
            if read(self._layout.receipt).generation == built.generation:
                return
        except Unreadable:
            return  # it may be the one
        except Unusable:
            pass
        discard(self._layout, built.generation)

    def _touch_up(self, current: Receipt, wanted: Wanted, content: Content, *, hand_out: bool) -> Held:
        """The generation serves as it is; only what the receipt says about the request is out of date."""
        return self._republish(
            current,
            declaration=wanted.record(content),
            content=content.record(),
            digest=content.digest(),
            local=content.local_files(),
            registration=self._registration,
            handed_out=current.handed_out or hand_out,
        )

    def _republish(self, receipt: Receipt, **fields: Any) -> Held:
        publish(self._layout, receipt.replaced(**fields), None)
        return take(self._layout.root, ADOPTING, unissued=True)

    def _new_receipt(
        self, site: Site, wanted: Wanted, content: Content, base: Base, built: Built, *, handed_out: bool
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
                **({} if built.torch is None else {"torch": built.torch.as_json()}),
                "registration": self._registration,
                "handed_out": handed_out,
                "previous": _kept_for_rollback(base),
            }
        )

    def _clean_up(self, replaced: Receipt | None, receipt: Receipt) -> None:
        mark_superseded(self._layout, replaced)
        if not self._lock.effective:
            return
        if replaced is not None and not replaced.handed_out:
            discard(self._layout, replaced.generation)
        # what was moved or copied here cannot be in use under this path
        moved = replaced is not None and replaced.root != self._layout.root
        collect(self._layout, receipt, force=moved)

    def _base(self) -> Base:
        try:
            receipt = read(self._layout.receipt)
        except Unreadable:  # what was asked for before is in it
            raise
        except Unusable:
            return Base()
        try:
            check(self._layout.root, receipt)
            share_lease(self._layout, receipt).release()
        except Unusable:
            return Base(receipt, healthy=False)
        return Base(receipt, healthy=True)

    def _stay_registered(self) -> None:
        """An uninstall may come at any moment; then nothing of ours may stay behind."""
        if not is_registered(self._registration):
            self._registration = register(self._place)
            self._assert_lock_held()

    def _assert_lock_held(self) -> None:
        try:
            self._lock.assert_held()
        except LockLostError as error:
            if self._place.owner is None:
                raise
            raise replaced(self._place.owner) from error


def _kept_for_rollback(base: Base) -> dict[str, Any] | None:
    """The last generation that somebody was given; one that nobody was is not worth its space."""
    if base.receipt is None or not base.healthy:
        return None
    kept = base.receipt if base.receipt.handed_out else base.receipt.previous
    return None if kept is None else kept.without_previous()
