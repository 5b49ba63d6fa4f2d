"""One attempt at a generation: resolve, create, install, verify; from an empty directory, or not at all."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import VerificationError
from ..events import BuildStarted, Resolved
from ..layout import DIRECTORY_MODE, site_packages_of
from ..leases import Lease, seize
from ..lockfile import Lock
from ..ownership.container import delete_tree
from ..plan import BuildOrder, Stage
from ..spec import Content, secrets_of
from ..torch_index.pin import TorchPin
from ..wanted import Wanted
from .collection import next_generation, to_trash
from .compilation import Compilation, Uncached, check_step
from .finishing import Identity, finish, identify, replaced
from .publication import sync_file_systems
from .resolution import Resolution, Resolver, order_of
from .runner import Runner
from .site import Base, Site
from .verification import verify

_TRIES = 10


@dataclass(frozen=True)
class Built:
    """A generation that is complete, verified and synced, but not published; its exclusive lease is held."""

    generation: str
    lock: Lock
    torch: TorchPin | None
    lease: Lease
    uncached: Uncached | None
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
        self._uncached: Uncached | None = None
        self._identity: Identity | None = None

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
        generation, lease = self._claim()
        try:
            self._site.reporter.report(BuildStarted(layout.root, generation, reason))
            Path(layout.prefix(generation)).mkdir(DIRECTORY_MODE)
            found, is_new = self._fill(generation)
            if is_new:
                duration = time.monotonic() - started
                return Built(generation, found.lock, found.torch, lease, self._uncached, duration)
        except BaseException:
            self._give_up(generation, lease)
            raise
        self._give_up(generation, lease)
        return found.lock

    def _claim(self) -> tuple[str, Lease]:
        """A new name and its lease; where locks do not work, another builder may take the name at this moment."""
        layout = self._site.layout
        for _ in range(_TRIES):
            generation = next_generation(layout, self._base.receipt)
            with suppress(FileExistsError):
                lease = seize(layout.lease(generation), create=True)
                if lease is not None:
                    return generation, lease
        raise FileExistsError(f"the lease of {generation} is taken")

    def _fill(self, generation: str) -> tuple[Resolution, bool]:
        layout, site = self._site.layout, self._site
        prefix, secrets = Path(layout.prefix(generation)), secrets_of(self._content, site.settings)
        order = order_of(site, self._content, self._wanted, self._base, prefix, no_cache=self._no_cache)
        runner = Runner(order.work, self._log_path(generation), site.reporter, secrets)
        examining = site.toolchain.examine(order)
        resolver = Resolver(
            site, order, self._wanted, self._base, runner, lambda: self._create(order, runner, examining)
        )
        found = resolver.resolve()
        if self._is_current(found, order.preferences):
            return found, False
        lock = found.lock
        self._tell(lock, order)
        self._install(order, runner, found, self._create(order, runner, Stage(())))
        cached = site.toolchain.cache_directory(order)
        sync_file_systems([prefix, *([cached] if cached else [])])
        return found, True

    def _tell(self, lock: Lock, order: BuildOrder) -> None:
        """Say how much there is to do; servers are asked for sizes where somebody wants to know."""
        reporter, found = self._site.reporter, lock.sizes
        if reporter.is_watched:
            from .sizes import ask_sizes

            found = ask_sizes(lock, order)
        sizes = list(found.values())
        size = sum(each or 0 for each in sizes)
        reporter.report(Resolved(self._site.layout.root, len(sizes), size, sizes.count(None)))

    def _is_current(self, found: Resolution, previous: Lock | None) -> bool:
        """Whether the current generation has this very lock already, and nobody put another PyTorch into it."""
        receipt = self._base.receipt
        if not self._base.healthy or receipt is None or previous is None or self._no_cache:
            return False
        interpreter = self._site.interpreter
        return (
            found.lock.digest == previous.digest
            and receipt.base.get("executable") == interpreter.executable
            and receipt.base.get("version") == interpreter.version
            and receipt.content.get("system_site_packages") == self._content.system_site_packages
            and receipt.local == self._content.local_files()
            and not self._torch_damage(receipt.generation, found.torch)
        )

    def _torch_damage(self, generation: str, torch: TorchPin | None) -> list[str]:
        if torch is None:
            return []
        from ..torch_index.verify import verify_torch

        return verify_torch(self._site_packages(generation), torch)

    def _site_packages(self, generation: str) -> Path:
        prefix = self._site.layout.prefix(generation)
        return Path(site_packages_of(prefix, self._site.interpreter.minor))

    # installing

    def _create(self, order: BuildOrder, runner: Runner, examining: Stage) -> Identity:
        """Create the prefix and try its interpreter, once; *examining* runs meanwhile."""
        if self._identity is None:
            runner.run(self._site.toolchain.create(order))
            runner.run(examining, lambda: runner.run(Stage((check_step(order),))))
            self._identity = identify(order.prefix)
        return self._identity

    def _install(self, order: BuildOrder, runner: Runner, found: Resolution, identity: Identity) -> None:
        lock, prefix, minor = found.lock, order.prefix, order.interpreter.minor
        site_packages = self._site_packages(prefix.name)
        compilation = Compilation(order, runner, lock, site_packages)
        runner.run(self._site.toolchain.install(order, lock), compilation.link)
        self._uncached = compilation.finish()
        damage = replaced(prefix, identity)
        pins = () if found.torch is None else found.torch.requirements
        finish(prefix, lock.text, pip_for=None if "pip" in lock.versions else minor, pins=pins)
        # last, so that it also shows what a distribution had put in the place of a file of ours
        damage += verify(site_packages, lock.versions)
        damage += self._torch_damage(prefix.name, found.torch)
        if damage:
            raise VerificationError(
                f"install: {damage[0]}" + (f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""),
                hint="the installer reported success: its cache or one of the distributions is damaged",
                step="install",
                damage=tuple(damage),
                log_path=str(self._log_path(prefix.name)),
            )

    def _give_up(self, generation: str, lease: Lease) -> None:
        ours = lease.is_at(self._site.layout.lease(generation))
        if ours and not to_trash(self._site.layout, generation):  # a full disk may have no room for the trash
            delete_tree(Path(self._site.layout.prefix(generation)))
        lease.release()

    def _log_path(self, generation: str) -> Path:
        return Path(self._site.layout.log, f"{generation}.log")
