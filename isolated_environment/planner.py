"""From what is wanted and what this machine has to what is to be done.  Reads; writes nothing, runs nothing."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

from packaging.pylock import Package, PackageWheel, Pylock
from packaging.utils import canonicalize_name
from packaging.version import Version

from .ask_input import AskInput
from .asks import Ask
from .errors import InvalidRequirementError, ResolutionError
from .host import find_interpreter
from .index import Index
from .layout import WORK, Layout
from .lockfile import Lock
from .plan import BuildOrder, Plan
from .receipt import Receipt, Unusable, read
from .settings import Settings
from .toolchains import find_toolchain
from .wanted import Wanted

_MISSING = re.compile(
    r"\b(\S+) was not found in the\s+package\s+registry"  # uv
    r"|satisfies the requirement ([A-Za-z0-9][\w.-]*)[^\n]*\(from versions: none\)"  # pip
)


#: Of an environment of which nothing is known yet but that it is not empty: what installs it is the same for all.
_SOME_LOCK = Lock(
    Pylock(
        lock_version=Version("1.0"),
        created_by="isolated_environment",
        packages=[
            Package(
                name=canonicalize_name("unknown"),
                version=Version("0"),
                wheels=[PackageWheel(url="file:///unknown-0-py3-none-any.whl", hashes={"sha256": "0" * 64})],
            )
        ],
    )
)


def make_plan(
    root: str, placement: str, wanted: Wanted, reason: str | None, settings: Settings, toolchain: str
) -> Plan:
    """Return what a build would do.

    Args:
        root: Where.
        placement: ``owner``, ``path`` or ``user``.
        wanted: What.
        reason: Why what is there does not serve; ``None``: it does.
        settings: What the user of the machine set.
        toolchain: ``auto``, ``uv`` or ``pip``.

    Raises:
        RequestError: the request cannot be read.
        HostError: no interpreter or toolchain serves.
    """
    layout = Layout(root)
    try:
        current: Receipt | None = read(layout.receipt)
    except Unusable:
        current = None
    content = wanted.content(current)
    found = find_toolchain(settings.toolchain if toolchain == "auto" else toolchain)
    interpreter = find_interpreter(content.python)
    plan = Plan(
        layout.root,
        reason,
        placement,
        found.name,
        f"{interpreter.version} ({interpreter.executable})",
        tuple(item.text for item in content.requirements),
    )
    if reason is None:
        return plan
    prefix = Path(layout.prefix("g<new>"))
    order = BuildOrder(content, interpreter, prefix, prefix / WORK, settings, upgrade=wanted.upgrade)
    resolving = () if content.pylock_text is not None else found.resolve(order).steps
    installing = found.install(order, _SOME_LOCK).steps if content.requirements or content.pylock_text else ()
    steps = (*resolving, *found.create(order).steps, *installing)
    return replace(plan, steps=steps, free=_free_at(root))


def _free_at(root: str) -> int | None:
    there = next((place for place in (root, *map(str, Path(root).parents)) if os.path.isdir(place)), None)
    return None if there is None else shutil.disk_usage(there).free


def ask_index_for_missing(order: BuildOrder, output: str) -> None:
    """Ask the index itself for the project that uv or pip says is in none.

    uv says so too when the index refuses it, pip also when the index does not answer.

    Args:
        order: What was to be resolved.
        output: What was printed.

    Raises:
        IndexUnreachableError: the index did not answer, or refused.  That it does not have the project was said.
    """
    missing = _MISSING.search(output)
    if missing is None:
        return
    name, settings = canonicalize_name(missing[1] or missing[2]), order.settings
    index = next((index for index in order.content.explicit_indexes if name in index.projects), None)
    index = index or order.content.default_index
    if index is None and settings.index_url:
        index = Index(settings.index_url, default=True, credentials=settings.index_credentials)
    if index is not None:
        from .repository import read_project

        with contextlib.suppress(ResolutionError):
            read_project(index, name, settings)


def names_in(ask: AskInput) -> frozenset[str]:
    """Return the projects that *ask* names.

    Raises:
        RequestError: it cannot be read, or names none.
    """
    names = frozenset(item.name for item in Ask.understood(ask).requirements if item.name)
    if not names:
        raise InvalidRequirementError(
            "upgrade=True without a project's name",
            hint="use upgrade()",
            requirement="",
            parameter="upgrade=",
        )
    return names
