"""What a build would install, without building: resolved beside the root, and nothing of it is kept."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ..layout import WORK, Layout
from ..plan import BuildOrder, Plan, Planned
from ..receipt import Receipt, Unusable, read
from ..reporter import Reporter
from ..settings import Settings
from ..spec import secrets_of
from ..wanted import Wanted
from .builder import find_site
from .resolution import Resolver, previous_lock
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
    layout = Layout(plan.root)
    try:
        receipt: Receipt | None = read(layout.receipt)
    except Unusable:
        receipt = None
    content, base = wanted.content(receipt), Base(receipt)
    reporter = Reporter(plan.root, quiet=True)
    site = find_site(layout, settings, reporter, toolchain, content.python)
    with tempfile.TemporaryDirectory(prefix="isolated-environment-") as directory:
        prefix = Path(directory)
        order = BuildOrder(
            content,
            site.interpreter,
            prefix,
            prefix / WORK,
            settings,
            preferences=previous_lock(site, base),
            upgrade=wanted.upgrade,
        )
        order.work.mkdir(mode=0o700)
        secrets = secrets_of(content, settings)
        runner = Runner(order.work, prefix / "log", reporter, secrets, keeps_log=False)
        lock = Resolver(site, order, wanted, base, runner, lambda: None).resolve().lock
        sizes = ask_sizes(lock, order)
    found = (Planned(name, version or "", sizes[name]) for name, version in lock.versions.items())
    return replace(plan, distributions=tuple(found))
