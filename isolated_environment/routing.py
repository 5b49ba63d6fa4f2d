"""Taking named projects from the index that they are bound to, and from nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from html import escape

from packaging.requirements import Requirement as Parsed
from packaging.specifiers import SpecifierSet

from .errors import IndexUnreachableError, ResolutionError
from .index import Index
from .lockfile import Lock
from .plan import PAGES, BuildOrder, DirectFile
from .requirements import Requirement


def unrouted(order: BuildOrder, lock: Lock) -> tuple[str, ...]:
    """Return the projects in *lock* that belong to an explicit index, but are not bound to it yet."""
    return tuple(name for name in _unbound(order) if name in lock.versions)


def with_direct_files(order: BuildOrder) -> BuildOrder:
    """Resolve every project of an explicit index to one file, for a toolchain that cannot route by name.

    Raises:
        IndexUnreachableError: an index did not answer.
        ResolutionError: it has no file that serves.
    """
    direct, unbound = dict(order.direct), _unbound(order)
    for index in order.content.explicit_indexes:
        for name in index.projects:
            if name in direct:
                continue
            if _is_wanted(order, name):
                direct[name] = _direct_file(order, index, name)
            elif name in unbound:  # should a dependency name it
                with suppress(IndexUnreachableError, ResolutionError):
                    direct[name] = _direct_file(order, index, name)
    return replace(order, direct=direct, unbound=tuple(name for name in unbound if name not in direct))


def with_pages(order: BuildOrder) -> BuildOrder:
    """Write a page for each project of an explicit index that is a directory without pages: uv reads no others.

    Raises:
        ResolutionError: the directory does not have the project.
    """
    pages: dict[str, str] = {}
    for index in order.content.explicit_indexes:
        if not index.url.startswith("file:"):
            continue
        from .repository import has_page, read_project

        for name in index.projects:
            if not has_page(index, name) and _is_wanted(order, name):
                files = read_project(index, name, order.settings)
                links = (f'<a href="{escape(file.url)}">{escape(file.filename)}</a>' for file in files)
                pages[f"{PAGES}/{index.label}/{name}/index.html"] = "\n".join(links)
    return replace(order, pages=pages, unbound=_unbound(order))


def _unbound(order: BuildOrder) -> tuple[str, ...]:
    routed = {name for index in order.content.explicit_indexes for name in index.projects}
    elsewhere = {item.name for item in order.content.requirements if item.url}
    return tuple(sorted(name for name in routed - elsewhere if not _is_wanted(order, name)))


def _is_wanted(order: BuildOrder, name: str) -> bool:
    return name in order.widened or bool(_applying(order, order.content.requirements, name))


def _applying(order: BuildOrder, items: Iterable[Requirement], name: str) -> list[Parsed]:
    """What is said of a project for this interpreter: a requirement of another platform's says nothing."""
    markers = order.interpreter.markers
    return [Parsed(item.text) for item in items if item.name == name and item.url is None and item.applies(markers)]


def _direct_file(order: BuildOrder, index: Index, name: str) -> DirectFile:
    from .repository import choose_file, read_project
    from .wheel_metadata import read_metadata

    content = order.content
    asked = _applying(order, content.requirements, name)
    limits = _applying(order, content.all_constraints, name)
    found = read_project(index, name, order.settings)
    specifiers = [item.specifier for item in (*asked, *limits)]
    kept = order.kept_versions.get(name)
    target, prereleases = order.interpreter.target(), content.options.flag("--pre")
    file = None
    if kept is not None:
        file = choose_file(found, [*specifiers, SpecifierSet(f"=={kept}")], target, prereleases=prereleases)
    if file is None:
        file = choose_file(found, specifiers, target, prereleases=prereleases)
    if file is None:
        wanted = ", ".join(map(str, (*asked, *limits))) or name
        raise ResolutionError(
            f"{index.url} has no file of {wanted} for Python {order.interpreter.minor} on this platform",
            hint="check the version asked for, and python=",
            step="resolve",
        )
    return DirectFile(
        name,
        str(file.version),
        file.filename,
        file.url,
        file.sha256,
        read_metadata(file, index, order.settings) if file.sha256 else None,
        tuple(sorted({extra for item in asked for extra in item.extras})),
        next((str(item.marker) for item in asked if item.marker), ""),
    )
