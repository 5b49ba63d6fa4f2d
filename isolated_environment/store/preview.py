"""What a build would install, without building: resolved beside the root, and nothing of it is kept."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import RequestError
from ..layout import Layout
from ..lockfile import EMPTY_LOCK, Lock, lock_for_everybody
from ..plan import BuildOrder, Plan, Planned
from ..receipt import Receipt, Unusable, read
from ..reporter import Reporter
from ..settings import Settings
from ..spec import secrets_of
from ..toolchains.uv import RESOLVED
from ..wanted import Wanted
from .builder import find_site
from .resolution import Resolver, order_of
from .runner import Runner
from .site import Base
from .sizes import ask_sizes


def resolved(plan: Plan, wanted: Wanted, settings: Settings, toolchain: str) -> Plan:
    """Return *plan* with what it would install.

    Args:
        plan: What would be done.
        wanted: What the call wants.
        settings: What the user of the machine set.
        toolchain: ``auto``, ``uv`` or ``pip``.

    Raises:
        IsolatedEnvironmentError: as the build would, up to the moment when something is installed.
    """
    with _resolution(plan.root, wanted, settings, toolchain) as (order, lock):
        sizes = ask_sizes(lock, order)
    found = (Planned(name, version or "", sizes[name]) for name, version in lock.versions.items())
    return replace(plan, distributions=tuple(found))


def resolve_for_everybody(root: str, wanted: Wanted, settings: Settings, toolchain: str) -> Lock:
    """Return a lock for every platform, and for the environment's version of Python and newer ones.

    Args:
        root: Where the environment is, or would be; versions that it has are preferred.
        wanted: What the call wants.
        settings: What the user of the machine set.
        toolchain: ``auto``, ``uv`` or ``pip``.

    Raises:
        RequestError: pip resolves for this machine alone, and so does a channel of PyTorch.
        IsolatedEnvironmentError: as a build would, up to the moment when something is installed.
    """
    with _resolution(root, wanted, settings, toolchain, universal=True) as (order, _):
        if not order.content.requirements:
            return EMPTY_LOCK
        return lock_for_everybody((order.work / RESOLVED).read_text("utf-8"))


@contextlib.contextmanager
def _resolution(
    root: str, wanted: Wanted, settings: Settings, toolchain: str, *, universal: bool = False
) -> Iterator[tuple[BuildOrder, Lock]]:
    layout = Layout(root)
    try:
        receipt: Receipt | None = read(layout.receipt)
    except Unusable:
        receipt = None
    content, base = wanted.content(receipt), Base(receipt)
    reporter = Reporter(root, quiet=True)
    site = find_site(layout, settings, reporter, toolchain, content.python)
    if universal and (content.torch is not None or content.pylock_text is not None or site.toolchain.name != "uv"):
        raise RequestError(
            "only uv resolves for every platform, and only what no channel of PyTorch and no lock decides",
            hint="write one lock on each platform",
        )
    with tempfile.TemporaryDirectory(prefix="isolated-environment-") as directory:
        prefix = Path(directory)
        order = order_of(site, content, wanted, base, prefix, universal=universal)
        runner = Runner(order.work, prefix / "log", reporter, secrets_of(content, settings), keeps_log=False)
        known = Base() if universal else base  # whose lock is for this platform
        yield order, Resolver(site, order, wanted, known, runner, lambda: None).resolve().lock
