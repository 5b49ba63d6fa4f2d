"""What a handle keeps: the declaration, where the environment lies, and the generation it holds."""

from __future__ import annotations

import _thread
import os

from ..ask_input import AskInput
from ..declaration import Declaration
from ..receipt import Unusable
from ..store.warm import Held, guess_root, take
from .places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..lockfile import Lock
    from ..ownership.placement import Placement
    from ..plan import Plan
    from ..store.store import Store
    from ..wanted import Wanted
    from .choices import Choices


class Handle:
    """The part of an environment's handle that decides between the warm path and a build.

    A handle that holds a generation keeps it, and its lease, until its own content changes.
    """

    def __init__(
        self,
        path: str,
        declaration: Declaration,
        choices: Choices,
        *,
        owner: str | None,
        if_read_only: str,
    ) -> None:
        self.path_text = path
        self.declaration = declaration
        self.choices = choices
        self._owner = owner
        self._held: Held | None = None
        self._places = Places(path, owner, if_read_only)
        self._guard = os.getpid(), _thread.RLock()

    @property
    def _mutex(self) -> _thread.RLock:
        """One for each process: the parent's may be held by a thread that a forked child does not have."""
        pid, mutex = self._guard
        if pid != os.getpid():
            mutex = _thread.RLock()
            self._guard = os.getpid(), mutex
        return mutex

    def ensure(self) -> Held:
        """Return the generation that this handle uses, building it if need be."""
        held = self._held
        if held is not None and held.is_there():
            return held
        with self._mutex:
            self._held = self._taken() or self._built(None, hand_out=True)
            return self._held

    def add(self, ask: AskInput, *, upgrade: bool) -> None:
        """Make *ask* part of the content; return when it is installed."""
        with self._mutex:
            new = None if self.declaration.stated and self.declaration.has(ask) else ask
            if upgrade or not self._is_installed(new):
                self._built(new, hand_out=False, upgrade=ask if upgrade else None)
                self._held = None
            if not self.declaration.has(ask):
                self.declaration.add(ask)

    def upgrade(self) -> None:
        """Resolve everything anew."""
        with self._mutex:
            self._built(None, hand_out=False, upgrade=True)
            self._held = None

    def current(self) -> Held | None:
        """Return the generation in use, or the one that is there and serves; build nothing."""
        held = self._held
        if held is not None and held.is_there():
            return held
        for root in self._places.roots():
            try:
                return take(root, self.declaration, unissued=True)
            except Unusable:
                continue
        return None

    def release(self) -> None:
        """Let the generation and its lease go."""
        with self._mutex:
            held, self._held = self._held, None
            if held is not None:
                held.lease.release()

    def reason(self) -> str | None:
        """Say why what is there does not serve; ``None``: it does."""
        reason = "there is no environment yet"
        for root in self._places.roots():
            try:
                take(root, self.declaration, unissued=True)
            except Unusable as why:
                reason = str(why)
            else:
                return None
        return reason

    def require(self) -> Held:
        """Return the generation in use or there.

        Raises:
            NotBuiltError: there is none that serves.
        """
        held = self.current()
        if held is None:
            from ..errors import NotBuiltError

            raise NotBuiltError(
                f"{self.path_text} has no environment that serves: {self.reason()}",
                hint="call ensure() first",
                root=self.root(),
            )
        return held

    def mapping(self, base: Mapping[str, str] | None, overlay: Mapping[str, str | None]) -> dict[str, str]:
        """Ensure, and return the environment mapping."""
        from ..environ import make_mapping

        return make_mapping(self.ensure().prefix, self.choices.base() if base is None else base, overlay)

    def plan(self, *, resolve: bool) -> Plan:
        """Return what :meth:`ensure` would do; *resolve*: and what it would install."""
        from ..planner import make_plan

        place, wanted, settings = self._serving() or self._places.all()[-1], self.wanted(), self.choices.settings()
        plan = make_plan(str(place.root), place.kind, wanted, self.reason(), settings, self.choices.toolchain)
        if plan.reason is None or not resolve:
            return plan
        from ..store.preview import resolved

        return resolved(plan, wanted, settings, self.choices.toolchain)

    def resolve_for_everybody(self) -> Lock:
        """Return a lock of the content for every platform."""
        from ..store.preview import resolve_for_everybody

        return resolve_for_everybody(self.root(), self.wanted(), self.choices.settings(), self.choices.toolchain)

    def root(self) -> str:
        """Return where the environment is; where there is none yet, where it would be built."""
        return str(self.place().root)

    def place(self) -> Placement:
        """Return the placement whose environment serves, else one that holds any, else the one to build in."""
        if len(self._places.all()) == 1:
            return self._places.all()[0]
        return self._serving() or self._places.holding()

    def _serving(self) -> Placement | None:
        held = self.current()
        if held is None:
            return None
        if held is not self._held:
            held.lease.release()
        return self._places.at(held.root)

    def store(self) -> Store:
        """Return the store of the place to build in.

        Raises:
            ReadOnlyLocationError: no place can be written, and the author allows no other.
        """
        return self.choices.store_at(self._places.to_build_in())

    def store_there(self) -> Store:
        """Return the store of the place that holds an environment, to change what is there.

        Raises:
            ReadOnlyLocationError: it cannot be written by this user.
        """
        place = self.place()
        if place.obstacle is not None:
            from ..errors import ReadOnlyLocationError

            raise ReadOnlyLocationError(
                f"{place.root} cannot be changed by this user",
                hint="do it as the user who built it",
                path=str(place.root),
            )
        return self.choices.store_at(place)

    def wanted(self, new: AskInput | None = None, upgrade: Any = None) -> Wanted:
        """Return what a call wants.

        Args:
            new: The ask it makes.
            upgrade: ``None``: nothing anew; ``True``: everything; an ask: the projects it names.
        """
        from ..wanted import Wanted

        if upgrade is None or upgrade is True:
            return Wanted(self.declaration, new, frozenset() if upgrade is None else None)
        from ..planner import names_in

        return Wanted(self.declaration, new, names_in(upgrade))

    def _taken(self) -> Held | None:
        """The warm path: from the link alone, else from the places that were or are decided."""
        guess = self.path_text if self._owner is None else guess_root(self.path_text)
        if guess is not None:
            try:
                return take(guess, self.declaration)
            except Unusable:
                pass
        for root in self._places.roots():
            try:
                return take(root, self.declaration)
            except Unusable:
                continue
        return None

    def _is_installed(self, new: AskInput | None) -> bool:
        for root in self._places.roots():
            try:
                take(root, self.declaration, new, unissued=True)
            except Unusable:
                continue
            return True
        return False

    def _built(self, new: AskInput | None, *, hand_out: bool, upgrade: Any = None) -> Held:
        from ..errors import OwnerGoneError

        wanted = self.wanted(new, upgrade)
        try:
            self._assert_still_owned()
            return self.store().ensure(wanted, hand_out=hand_out)
        except OwnerGoneError:
            if not self._places.is_owned():
                raise
            # an upgrade uninstalls the old version and installs the new one
            return self.store().ensure(wanted, hand_out=hand_out)
        finally:
            self._places.forget()

    def _assert_still_owned(self) -> None:
        """An application that runs on after its uninstall gets no environment that nobody would remove."""
        registration = None if self._held is None else self._held.receipt.get("registration")
        if registration is not None and not self._places.is_owned():
            from ..errors import OwnerGoneError

            raise OwnerGoneError(
                f"the application that {self.path_text} belonged to was uninstalled",
                hint="install the application again",
                owner=os.path.basename(os.path.dirname(registration["record"])).removesuffix(".dist-info"),
            )
