"""A ``pyproject.toml`` as a declaration: PEP 621 dependencies, with the indexes and sources of uv's table.

Of ``[tool.uv]`` what limits, chooses or redirects is honoured, or is an error: none of it is lost without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from ..errors import RequestError
from ..index import Index
from ..toml import read_toml

#: Of no account for an environment that is made of the dependencies alone.
_HARMLESS = {"package", "managed", "dev-dependencies", "environments", "required-environments", "default-groups"}
_KNOWN = {"index", "sources", "constraint-dependencies", "build-constraint-dependencies", *_HARMLESS}


def understood(text: str) -> dict[str, Any]:
    """Return the keywords for :class:`~isolated_environment.IsolatedEnvironment` that a ``pyproject.toml`` means.

    Args:
        text: The TOML.

    Raises:
        RequestError: it cannot be read, or says something that cannot be honoured; the error names it.
    """
    try:
        parsed = read_toml(text)
        project, uv = parsed.get("project", {}), parsed.get("tool", {}).get("uv", {})
        unknown = sorted(uv.keys() - _KNOWN)
        if unknown:
            raise _error(f"tool.uv.{unknown[0]} cannot be honoured", "say it with IsolatedEnvironment's own words")
        wanted = [Parsed(item) for item in project.get("dependencies", [])]
        sources = {str(canonicalize_name(name)): _chosen(source) for name, source in uv.get("sources", {}).items()}
        return {
            "requirements": [_sourced(item, sources.get(canonicalize_name(item.name), {})) for item in wanted],
            "python": project.get("requires-python"),
            "constraints": list(uv.get("constraint-dependencies", [])),
            "build_constraints": list(uv.get("build-constraint-dependencies", [])),
            "indexes": _indexes(uv.get("index", []), sources, {canonicalize_name(item.name) for item in wanted}),
        }
    except (ValueError, InvalidRequirement, InvalidMarker, AttributeError, KeyError, TypeError) as error:
        if isinstance(error, RequestError):
            raise
        raise _error(f"the pyproject.toml cannot be read: {error}", "check it against PEP 621") from error


def _error(message: str, hint: str) -> RequestError:
    return RequestError(message, hint=hint)


def _chosen(source: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The source that counts on this platform: the first whose marker is true."""
    for each in [source] if isinstance(source, Mapping) else source:
        if "marker" not in each or Marker(each["marker"]).evaluate():
            return each
    return {}


def _sourced(item: Parsed, source: Mapping[str, Any]) -> str:
    """The requirement, with the direct reference that its source is."""
    if not source or "index" in source:
        return str(item)
    reference = source.get("tag") or source.get("rev") or source.get("branch")
    if "git" in source:
        url = f"git+{source['git']}" + (f"@{reference}" if reference else "")
    elif "url" in source:
        url = source["url"]
    else:
        raise _error(f"the source of {item.name} cannot be honoured", "use an index, a url or git")
    fragment = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
    item.url, item.specifier = f"{url}{fragment}", type(item.specifier)()
    return str(item)


def _indexes(entries: Iterable[Mapping[str, Any]], sources: Mapping[str, Any], wanted: set[str]) -> list[Index]:
    bound: dict[str, list[str]] = {}
    for name, source in sources.items():
        if "index" in source and name in wanted:
            bound.setdefault(source["index"], []).append(name)
    found = []
    for entry in entries:
        projects = bound.pop(entry.get("name", ""), [])
        if not (projects or entry.get("explicit") or entry.get("default")):
            raise _error(
                f"the index {entry['url']} would be asked for every project",
                "bind it to the projects that come from it: explicit = true, and tool.uv.sources",
            )
        if projects or entry.get("default"):
            found.append(Index(entry["url"], projects, default=bool(entry.get("default"))))
    if bound:
        raise _error(f"there is no index {next(iter(bound))!r}", "name it in [[tool.uv.index]]")
    return found
