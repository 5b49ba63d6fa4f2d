"""From a content to a lock: known already, given, or resolved until every project is bound to where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import IndexUnreachableError, InvalidLockError, NotBuiltError, ResolutionError, VerificationError
from ..events import Notice
from ..layout import WORK, Layout
from ..lockfile import Lock, artifact_of, load_lock, parse_lock, restrict_hashes
from ..plan import BuildOrder
from ..planner import ask_index_for_missing
from ..receipt import Receipt
from ..routing import unrouted, with_direct_files, with_pages
from ..spec import Content
from ..torch_index.pin import TorchPin
from ..wanted import Wanted
from .runner import Runner
from .site import Base, Site

if TYPE_CHECKING:
    from ..torch_index.binding import Binder

_ROUNDS = 7  # resolutions until every project is bound


@dataclass(frozen=True)
class Resolution:
    """What will be installed."""

    lock: Lock
    #: The build of PyTorch, when a source for it was named and something of its family is wanted.
    torch: TorchPin | None = None


def recorded_torch(receipt: Receipt | None) -> TorchPin | None:
    """Return the pin in a receipt, or ``None``."""
    record = None if receipt is None else receipt.get("torch")
    try:
        return None if record is None else TorchPin.from_json(record)
    except (KeyError, TypeError, ValueError):
        return None


class Resolver:
    """Resolves one order.

    Args:
        site: By what.
        order: What is to be resolved.
        wanted: What the call wants.
        base: What is there already.
        runner: Runs the toolchain's steps.
        meanwhile: What has to be done before the lock can be attributed, and may be done while an index is asked.  It
            may be called more than once, and is not where the lock is known.
    """

    def __init__(
        self,
        site: Site,
        order: BuildOrder,
        wanted: Wanted,
        base: Base,
        runner: Runner,
        meanwhile: Callable[[], object],
    ) -> None:
        self._site = site
        self._order = order
        self._wanted = wanted
        self._base = base
        self._runner = runner
        self._meanwhile = meanwhile

    def resolve(self) -> Resolution:
        """Return the lock and the pin.

        Raises:
            ResolutionError: no versions satisfy the request.
            TorchError: no build of PyTorch fits.
            IndexUnreachableError: an index did not answer.
            InvalidLockError: the given lock does not serve.
            VerificationError: a file has none of the hashes asked for.
        """
        content, previous = self._order.content, self._order.preferences
        if content.pylock_text is not None:
            found = Resolution(self._given(content.pylock_text, content.pylock_path or "pylock.toml"))
        elif previous is not None and self._knows_the_answer():
            found = Resolution(previous, recorded_torch(self._base.receipt))
        else:
            found = self._resolve_bound()
        allowed = {item.name: item.hashes for item in content.requirements if item.hashes and item.name}
        strangers = restrict_hashes(found.lock, allowed)
        if strangers:
            raise VerificationError(
                f"resolve: {strangers[0]}",
                hint="check the hashes asked for, and pin the version they are of",
                step="resolve",
                damage=tuple(strangers),
            )
        return found

    def _given(self, text: str, origin: str) -> Lock:
        lock = parse_lock(text, self._order.interpreter.target(), origin=origin)
        files = (artifact_of(package).path for package in lock.packages)
        missing = next((path for path in files if path is not None and not Path(path).exists()), None)
        if missing is not None:
            raise InvalidLockError(
                f"the lock {origin} names {missing}, which is not there",
                hint="ship every file of the bundle, *.whl too, as package data",
                path=origin,
            )
        return lock

    def _knows_the_answer(self) -> bool:
        """The same content on the same Python has a lock already: no index is asked."""
        receipt = self._base.receipt
        return (
            receipt is not None
            and not self._wanted.upgrades
            and receipt.get("digest") == self._order.content.digest()
            and receipt.base.get("minor") == self._site.interpreter.minor
        )

    def _resolve_bound(self) -> Resolution:
        """Resolve until every project of an explicit index, and of PyTorch's family, is bound to it."""
        binder = self._binder()
        order = self._order if binder is None else binder.bind()
        for _ in range(_ROUNDS):
            try:
                lock = self._resolve_preferring(order)
            except ResolutionError as error:
                order = _reconsidered(binder, error).with_widened(order.widened)
                continue
            bound = None if binder is None else binder.extend(lock)
            found = unrouted(bound or order, lock)
            if bound is None and not found:
                torch = None if binder is None else binder.settled(lock)
                self._tell(torch)
                self._meanwhile()
                return Resolution(self._site.toolchain.attributed(order, lock), torch)
            order = (bound or order).with_widened((*order.widened, *found))
        raise ResolutionError(
            "the explicit indexes bring ever new projects of theirs",
            hint="name those projects in requirements=",
            step="resolve",
        )

    def _binder(self) -> Binder | None:
        source = self._order.content.torch
        if source is None:
            return None
        from ..torch_index.binding import Binder

        return Binder(self._order, source, self._recorded(source.record()))

    def _recorded(self, source: dict[str, object]) -> TorchPin | None:
        """The pin that the environment has, unless another source is asked for now; a mirror may have moved."""
        receipt = self._base.receipt
        before = None if receipt is None else receipt.content.get("torch")
        if not isinstance(before, dict) or {**before, "base_url": None} != {**source, "base_url": None}:
            return None
        return recorded_torch(receipt)

    def _tell(self, torch: TorchPin | None) -> None:
        if torch is not None and torch.versions:
            root = self._site.reporter.root
            why = f" ({torch.reasons[0]})" if torch.reasons else ""
            self._site.reporter.report(Notice(root, f"PyTorch: {', '.join(torch.requirements)}{why}"))

    def _resolve_preferring(self, order: BuildOrder) -> Lock:
        toolchain = self._site.toolchain
        routed = with_pages if toolchain.routes_by_name else with_direct_files
        ready = routed(order)
        try:
            self._resolve_once(ready)
        except ResolutionError:
            if not (toolchain.insists_on_preferences and order.kept_versions):
                raise
            ready = routed(replace(order, preferences=None))
            self._resolve_once(ready)
        return toolchain.resolution(ready)

    def _resolve_once(self, order: BuildOrder) -> None:
        try:
            self._runner.run(self._site.toolchain.resolve(order), self._meanwhile)
        except ResolutionError as error:
            try:
                ask_index_for_missing(order, "\n".join(error.tail))
            except IndexUnreachableError as unreachable:
                names = ("step", "argv", "returncode", "tail", "log_path")
                fields = {name: getattr(error, name) for name in names}
                raise IndexUnreachableError(unreachable.message, hint=unreachable.hint, **fields) from error
            raise


def _reconsidered(binder: Binder | None, error: ResolutionError) -> BuildOrder:
    """The order to resolve after a failure, or the error that says most."""
    said = "\n".join(error.tail)
    order = None if binder is None else binder.reconsider(said)
    if order is not None:
        return order
    if binder is not None and binder.pin is not None:
        from ..torch_index.conflicts import conflict_with

        conflict = conflict_with(said, binder.pin)
        if conflict is not None:
            raise conflict from error
    raise error


def order_of(
    site: Site,
    content: Content,
    wanted: Wanted,
    base: Base,
    prefix: Path,
    *,
    no_cache: bool = False,
    universal: bool = False,
) -> BuildOrder:
    """Return the order for *content*, and make its working directory.

    Args:
        site: By what is built.
        content: The whole content.
        wanted: What the call wants: which projects are resolved anew.
        base: What is there already; the versions of its lock are preferred.
        prefix: Where to; is there.
        no_cache: Take nothing from a cache.
        universal: Resolve for every platform.
    """
    work = prefix / WORK
    work.mkdir(mode=0o700)
    return BuildOrder(
        content,
        site.interpreter,
        prefix,
        work,
        site.settings,
        preferences=None if base.receipt is None else read_lock(site.layout.root, base.receipt),
        upgrade=wanted.upgrade,
        no_cache=no_cache,
        universal=universal,
    )


def read_lock(root: str, receipt: Receipt) -> Lock | None:
    """Return the lock of the current generation, from beside the receipt or from the generation itself, or ``None``."""
    layout = Layout(root)
    for path in (Path(layout.pylock), Path(layout.prefix(receipt.generation), "pylock.toml")):
        with suppress(OSError, UnicodeDecodeError):
            lock = load_lock(path.read_text("utf-8"))
            if lock is not None and lock.digest == receipt.get("lock"):
                return lock
    return None


def lock_of_environment(root: str, receipt: Receipt) -> Lock:
    """Return the lock of the current generation.

    Raises:
        NotBuiltError: it is gone, or was changed.
    """
    lock = read_lock(root, receipt)
    if lock is None:
        raise NotBuiltError(f"the lock of {root} is gone or was changed", hint="call upgrade()", root=root)
    return lock
