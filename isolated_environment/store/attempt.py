"""One attempt at a generation: resolve, create, install, verify; from an empty directory, or not at all."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ResolutionError, VerificationError
from ..events import BuildStarted, Reporter
from ..host import Interpreter
from ..layout import WORK, Layout, python_of, site_packages_of
from ..leases import Lease, seize
from ..lockfile import Lock, load_lock, parse_lock, restrict_hashes
from ..ownership.container import delete_tree
from ..plan import BuildOrder, Stage, Step
from ..planner import Wanted, ask_index_for_missing, unrouted, with_direct_files
from ..receipt import Receipt
from ..settings import Settings
from ..spec import Content, credentials_by_prefix
from ..toolchains import Toolchain
from .collection import next_generation, to_trash
from .finishing import finish, identify, replaced
from .publication import sync_file_systems
from .runner import Runner
from .verification import verify

_ROUNDS = 4  # resolutions until every project of an explicit index is bound to it
_SMOKE = "import os, sys; sys.exit(0 if os.path.samefile(sys.prefix, sys.argv[1]) else 'sys.prefix is ' + sys.prefix)"


@dataclass(frozen=True)
class Site:
    """Where is built, by what and for whom: the same for every attempt."""

    layout: Layout
    settings: Settings
    reporter: Reporter
    toolchain: Toolchain
    interpreter: Interpreter


@dataclass(frozen=True)
class Base:
    """What is there already."""

    #: The receipt, when it can be read; its generation need not be usable.
    receipt: Receipt | None = None
    #: Whether its generation can be used.
    healthy: bool = False


@dataclass(frozen=True)
class Built:
    """A generation that is complete, verified and synced, but not published; its exclusive lease is held."""

    generation: str
    lock: Lock
    lease: Lease
    #: Seconds.
    duration: float


class Attempt:
    """One attempt.

    Args:
        site: Where is built, by what.
        content: The whole content.
        wanted: What the call wants: which projects are resolved anew.
        base: What is there already.
        no_cache: Take nothing from the installer's cache.
    """

    def __init__(self, site: Site, content: Content, wanted: Wanted, base: Base, *, no_cache: bool = False) -> None:
        self._site = site
        self._content = content
        self._wanted = wanted
        self._base = base
        self._no_cache = no_cache

    def run(self, reason: str) -> Built | Lock:
        """Make the attempt.

        Args:
            reason: Why what is there does not serve, for the event.

        Returns:
            The generation; or its lock alone when the current generation, healthy, has the very same: then nothing is
            kept of this one.

        Raises:
            BuildError: a step failed.  Whatever is raised, the directory is in the trash then.
        """
        layout, started = self._site.layout, time.monotonic()
        generation = next_generation(layout, self._base.receipt)
        lease = seize(layout.lease(generation), create=True)
        if lease is None:
            raise FileExistsError(f"the lease of {generation} is taken")
        try:
            self._site.reporter.report(BuildStarted(layout.root, generation, reason))
            Path(layout.prefix(generation)).mkdir()
            lock, is_new = self._fill(generation)
            if is_new:
                return Built(generation, lock, lease, time.monotonic() - started)
        except BaseException:
            self._give_up(generation, lease)
            raise
        self._give_up(generation, lease)
        return lock

    def _fill(self, generation: str) -> tuple[Lock, bool]:
        layout, site = self._site.layout, self._site
        prefix = Path(layout.prefix(generation))
        work = prefix / WORK
        work.mkdir(mode=0o700)
        previous = self._previous_lock()
        order = BuildOrder(
            self._content,
            site.interpreter,
            prefix,
            work,
            site.settings,
            preferences=previous,
            upgrade=self._wanted.upgrade,
            no_cache=self._no_cache,
        )
        runner = Runner(work, self._log_path(generation), site.reporter, self._secrets())
        lock = self._lock(order, runner, previous)
        if self._is_current(lock, previous):
            return lock, False
        self._install(order, runner, lock)
        cache = site.toolchain.cache_directory(order)
        sync_file_systems([prefix, *([cache] if cache else [])])
        return lock, True

    # resolving

    def _lock(self, order: BuildOrder, runner: Runner, previous: Lock | None) -> Lock:
        if self._content.pylock_text is not None:
            lock = parse_lock(
                self._content.pylock_text,
                order.interpreter.target(),
                origin=self._content.pylock_path or "pylock.toml",
            )
        elif previous is not None and self._knows_the_answer():
            lock = previous
        else:
            lock = self._resolve(order, runner)
        allowed = {item.name: item.hashes for item in self._content.requirements if item.hashes and item.name}
        strangers = restrict_hashes(lock, allowed)
        if strangers:
            raise VerificationError(
                f"resolve: {strangers[0]}",
                hint="check the hashes asked for, and pin the version they are of",
                step="resolve",
                damage=tuple(strangers),
            )
        return lock

    def _knows_the_answer(self) -> bool:
        """The same content on the same Python has a lock already: no index is asked."""
        receipt = self._base.receipt
        return (
            receipt is not None
            and not self._wanted.upgrades
            and receipt.get("digest") == self._content.digest()
            and receipt.base.get("minor") == self._site.interpreter.minor
        )

    def _resolve(self, order: BuildOrder, runner: Runner) -> Lock:
        """Resolve until every project of an explicit index is bound to it."""
        lock = self._resolve_preferring(order, runner)
        for _ in range(_ROUNDS):
            found = unrouted(order, lock)
            if not found:
                return lock
            order = order.with_widened(found)
            lock = self._resolve_preferring(order, runner)
        raise ResolutionError(
            "the explicit indexes bring ever new projects of theirs",
            hint="name those projects in requirements=",
            step="resolve",
        )

    def _resolve_preferring(self, order: BuildOrder, runner: Runner) -> Lock:
        toolchain = self._site.toolchain
        if not toolchain.routes_by_name:
            order = with_direct_files(order)
        try:
            self._resolve_once(order, runner)
        except ResolutionError:
            if not (toolchain.insists_on_preferences and order.kept_versions):
                raise
            order = replace(order, preferences=None)
            self._resolve_once(order, runner)
        return toolchain.resolution(order)

    def _resolve_once(self, order: BuildOrder, runner: Runner) -> None:
        try:
            runner.run(self._site.toolchain.resolve(order))
        except ResolutionError as error:
            ask_index_for_missing(order, "\n".join(error.tail))
            raise

    def _previous_lock(self) -> Lock | None:
        """The lock of the generation that is there, from beside the receipt or from the generation itself."""
        receipt, layout = self._base.receipt, self._site.layout
        if receipt is None:
            return None
        for path in (Path(layout.pylock), Path(layout.prefix(receipt.generation), "pylock.toml")):
            with suppress(OSError, UnicodeDecodeError):
                lock = load_lock(path.read_text("utf-8"))
                if lock is not None and lock.digest == receipt.get("lock"):
                    return lock
        return None

    def _is_current(self, lock: Lock, previous: Lock | None) -> bool:
        """Whether the current generation has this very lock already."""
        receipt = self._base.receipt
        if not self._base.healthy or receipt is None or previous is None or self._no_cache:
            return False
        interpreter = self._site.interpreter
        return (
            lock.digest == previous.digest
            and receipt.base.get("executable") == interpreter.executable
            and receipt.base.get("version") == interpreter.version
            and receipt.content.get("system_site_packages") == self._content.system_site_packages
            and receipt.local == self._content.local_files()
        )

    # installing

    def _install(self, order: BuildOrder, runner: Runner, lock: Lock) -> None:
        toolchain, prefix = self._site.toolchain, order.prefix
        minor = order.interpreter.minor
        runner.run(toolchain.create(order))
        why = "checking that the interpreter runs"
        argv = (python_of(str(prefix)), "-I", "-c", _SMOKE, str(prefix))
        runner.run(Stage((Step("check", why, argv),)))
        identity = identify(prefix)
        runner.run(toolchain.install(order, lock))
        damage = replaced(prefix, identity)
        finish(prefix, lock.text, pip_for=None if "pip" in lock.versions else minor)
        # last, so that it also shows what a distribution had put in the place of a file of ours
        damage += verify(Path(site_packages_of(str(prefix), minor)), lock.versions)
        if damage:
            raise VerificationError(
                f"install: {damage[0]}" + (f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""),
                hint="the installer reported success: its cache or one of the distributions is damaged",
                step="install",
                damage=tuple(damage),
                log_path=str(self._log_path(prefix.name)),
            )

    def _give_up(self, generation: str, lease: Lease) -> None:
        if not to_trash(self._site.layout, generation):  # a full disk may have no room for the trash
            delete_tree(Path(self._site.layout.prefix(generation)))
        lease.release()

    def _log_path(self, generation: str) -> Path:
        return Path(self._site.layout.log, f"{generation}.log")

    def _secrets(self) -> tuple[str, ...]:
        known = [*credentials_by_prefix(self._content).values(), self._site.settings.index_credentials]
        return tuple(word for credentials in known if credentials for word in credentials.secrets())
