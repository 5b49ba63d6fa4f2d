"""Building: the interpreter, the toolchain, room on the disk, then an attempt, and one more without the cache."""

from __future__ import annotations

import shutil

from ..errors import DiskFullError, VerificationError
from ..events import Notice
from ..host import find_interpreter
from ..layout import Layout
from ..lockfile import Lock
from ..reporter import Reporter
from ..settings import Settings
from ..spec import Content
from ..toolchains import find_toolchain
from ..wanted import Wanted
from .attempt import Attempt, Built
from .compilation import require_known
from .site import Base, Site

#: Bytes that must be free before anything is started.
RESERVE = 64 << 20


def find_site(layout: Layout, settings: Settings, reporter: Reporter, toolchain: str, python: str) -> Site:
    """Find what builds.

    Args:
        layout: The root.
        settings: What the user of the machine set.
        reporter: Where events go.
        toolchain: ``auto``, ``uv`` or ``pip``; the user's setting counts for ``auto``.
        python: The content's Python.

    Raises:
        RequestError: a setting is no word that is known.
        InterpreterNotFoundError: no interpreter serves.
        ToolchainNotFoundError: the toolchain is not there.
    """
    require_known(settings)
    name = settings.toolchain if toolchain == "auto" else toolchain
    return Site(layout, settings, reporter, find_toolchain(name), find_interpreter(python))


def build(site: Site, content: Content, wanted: Wanted, base: Base, reason: str) -> Built | Lock:
    """Build a generation with *content*; called with the file lock held.

    Args:
        site: Where, and by what.
        content: The whole content.
        wanted: What the call wants.
        base: What is there already.
        reason: Why it does not serve, for the event.

    Returns:
        As :meth:`.attempt.Attempt.run`.

    Raises:
        BuildError: a step failed; nothing of it is left.
    """
    _require_space(site.layout.root, RESERVE)
    try:
        return Attempt(site, content, wanted, base).run(reason)
    except VerificationError as error:
        if error.step == "resolve":
            raise
        text = f"{error.message}; building once more without the installer's cache"
        site.reporter.report(Notice(site.layout.root, text))
    return Attempt(site, content, wanted, base, no_cache=True).run("the installer's cache is damaged")


def _require_space(root: str, needed: int) -> None:
    free = shutil.disk_usage(root).free
    if free < needed:
        raise DiskFullError(
            f"{root} has {free >> 20} MiB free, and a build needs {needed >> 20} MiB",
            hint="free space on that disk, or move the application to another one",
            step="preflight",
            path=root,
            needed=needed,
            free=free,
        )
