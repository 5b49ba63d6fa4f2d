"""What an installer's failed resolution says of the PyTorch family: who is missing, who contradicts the pin."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from ..errors import TorchConflictError
from .pin import TorchPin, belongs_to_family

_NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
_LIMIT = r"(?:[<>=!~]=?[^\s,<>=!~]+)"
#: uv: ``all versions of a depend on torch>=2.2,<3``; pip: ``a 1.0 depends on torch<3 and >=2.2``.
_NEEDS = re.compile(
    rf"(?P<who>{_NAME})(?: \d\S*|{_LIMIT}(?:,{_LIMIT})*)? depends? on "
    rf"(?P<what>{_NAME})(?P<limit>{_LIMIT}(?:(?:, ?| and ){_LIMIT})*)?"
)
#: uv: ``torch was not found in the package registry``; pip: ``No matching distribution found for torch``.
_MISSING = re.compile(rf"({_NAME}) was not found in|No matching distribution found for ({_NAME})")
#: Our own generated project; what it needs was asked for.
_OURS = "isolated-environment-request"


def members_named(text: str, channel: str) -> set[str]:
    """Return the members of the family that a failed resolution needed, or did not find.

    Args:
        text: What the installer said.
        channel: The channel, as :func:`.pin.belongs_to_family` takes it.
    """
    said = _joined(text)
    names = [name for match in _NEEDS.finditer(said) for name in (match["who"], match["what"])]
    names += [match[1] or match[2] for match in _MISSING.finditer(said)]
    return {name for name in map(canonicalize_name, names) if belongs_to_family(name, channel)}


def conflict_with(text: str, pin: TorchPin) -> TorchConflictError | None:
    """Return the error that names both sides, or ``None`` when the installer names no requirement against the pin.

    Args:
        text: What the installer said.
        pin: What is pinned.
    """
    for match in _NEEDS.finditer(_joined(text)):
        name, version = canonicalize_name(match["what"]), pin.versions.get(canonicalize_name(match["what"]))
        who, limit = match["who"], (match["limit"] or "").replace(" and ", ",").replace(", ", ",")
        if version is None or who == _OURS or _admits(limit, version):
            continue
        return TorchConflictError(
            f"{who} needs {name}{limit}, and {name}=={version} is pinned",
            hint=f"ask for another {name}, as pip_install({f'{name}{limit}'!r}), or for another {who}",
            pin=f"{name}=={version}",
            requirement=f"{name}{limit} (from {who})",
        )
    return None


def _admits(limit: str, version: str) -> bool:
    try:
        return SpecifierSet(limit).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _joined(text: str) -> str:
    return " ".join(text.split())
