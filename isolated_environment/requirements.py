"""Requirements (PEP 508), constraints and local distributions, read strictly and written canonically."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .errors import InvalidRequirementError
from .index import Credentials, split_credentials
from .options import parameter_for
from .redaction import redact
from .toml import read_toml

if TYPE_CHECKING:
    from packaging.requirements import Requirement as Parsed

_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz")
_OPTION_INSIDE = re.compile(r"(?:^|\s)(--?[A-Za-z][\w-]*)")
_EXTRAS_AT_END = re.compile(r"^(?P<path>.+?)(?P<extras>\[[\w.,\s-]*\])$")
_URL = re.compile(r"^(?:git|hg|svn|bzr)\+\w+://|^https?://|^file:", re.IGNORECASE)


@dataclass(frozen=True)
class Requirement:
    """One requirement, understood.

    Two are equal when their canonical texts are; credentials take no part.
    """

    #: Canonical PEP 508 text without credentials; an unnamed URL or directory stands for itself.
    text: str
    #: Normalized project name (PEP 503), or ``None`` where only building it would tell.
    name: str | None
    #: What the caller wrote, redacted.
    raw: str = field(compare=False)
    #: The URL of a direct reference, without credentials.
    url: str | None = field(default=None, compare=False)
    #: The local file or directory that the URL names, absolute.
    local: str | None = field(default=None, compare=False)
    #: The version of an exact pin (``==`` without a wildcard, ``===``), as written.
    pin: str | None = field(default=None, compare=False)
    #: Accepted hashes, ``sha256:<hex>``; empty: any.
    hashes: tuple[str, ...] = ()
    editable: bool = False
    credentials: Credentials | None = field(default=None, repr=False, compare=False)

    @property
    def identity(self) -> str:
        """What asking again replaces: the project, or the URL where the name is unknown."""
        return self.name or self.text


def parse(text: str | os.PathLike[str], *, base: Path | None = None) -> Requirement:
    """Read one requirement.

    Args:
        text: A PEP 508 requirement; a URL (``https://``, ``file:``, ``git+https://`` …); or the path of a wheel,
            source archive or project directory, with or without extras.
        base: What relative paths are relative to; the current directory by default.

    Returns:
        The requirement.

    Raises:
        InvalidRequirementError: it cannot be read, names a file that is not there, or would be taken as an installer
            option; then ``parameter`` names the right one.
    """
    raw = os.fspath(text).strip()
    _refuse_hazards(raw)
    if isinstance(text, os.PathLike) or _looks_local(raw, base):
        return _local(raw, base)
    if _URL.match(raw):
        return _direct(raw)
    return _named(raw)


def parse_constraint(text: str) -> Requirement:
    """Read one constraint: a requirement without extras that limits but does not ask.

    Raises:
        InvalidRequirementError: as :func:`parse`, and for extras or an unnamed URL, which no installer takes here.
    """
    requirement = parse(text)
    if requirement.name is None or "[" in requirement.text.split(";")[0].split("@")[0]:
        raise InvalidRequirementError(
            f"a constraint names one project without extras, not {requirement.raw!r}",
            hint="write NAME and a version specifier, for example numpy<2",
            requirement=requirement.raw,
            parameter="constraints=",
        )
    return requirement


def _refuse_hazards(raw: str) -> None:
    shown = redact(raw)
    if not raw:
        raise InvalidRequirementError("an empty requirement", hint="leave it out", requirement=raw, parameter=None)
    if any(ord(char) < ord(" ") for char in raw):
        raise InvalidRequirementError(
            f"a requirement is one line without control characters, not {shown!r}",
            hint="pass a list with one requirement an element",
            requirement=shown,
            parameter="requirements=",
        )
    option = _OPTION_INSIDE.search(raw.split(";", 1)[0])
    if option and not (option.start() > 0 and _looks_local(raw, None)):
        parameter = parameter_for(option[1])
        raise InvalidRequirementError(
            f"{option[1]} in {shown!r} is an installer option, not part of a requirement",
            hint=f"use {parameter}",
            requirement=shown,
            parameter=parameter,
        )


def _looks_local(raw: str, base: Path | None) -> bool:
    if raw.startswith((".", "/", "~", "\\")) or re.match(r"^[A-Za-z]:[\\/]", raw):
        return True
    if "@" in raw or "://" in raw:
        return False
    path = _EXTRAS_AT_END.sub(r"\g<path>", raw)
    return path.endswith(_ARCHIVES) and (base or Path.cwd()).joinpath(path).exists()


def _local(raw: str, base: Path | None) -> Requirement:
    match = _EXTRAS_AT_END.match(raw)
    extras = match["extras"].replace(" ", "") if match else ""
    path = Path(match["path"] if match else raw).expanduser()
    # not resolve(): a link in the path may be the author's intent
    path = Path(os.path.abspath((base or Path.cwd()) / path))
    if not path.exists():
        raise InvalidRequirementError(
            f"no file or directory at {path}", hint="check the path", requirement=raw, parameter=None
        )
    name = _name_of_directory(path) if path.is_dir() else _name_of_archive(path.name)
    url = path.as_uri()
    text = f"{name}{extras} @ {url}" if name else f"{url}{extras}"
    return Requirement(text, name, raw, url, str(path))


def _direct(raw: str) -> Requirement:
    url, credentials = split_credentials(raw)
    parts = urlsplit(url)
    if parts.scheme == "file":
        return replace(_local(unquote(parts.path), None), raw=raw)
    egg = re.search(r"(?:^|&)egg=([\w.-]+)", parts.fragment)
    name = _normalized(egg[1]) if egg else _name_of_archive(Path(unquote(parts.path)).name)
    text = f"{name} @ {url}" if name else url
    return Requirement(text, name, redact(raw), url, credentials=credentials)


def _named(raw: str) -> Requirement:
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parse

    try:
        parsed = Parse(raw)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise InvalidRequirementError(
            f"not a requirement: {raw!r}: {reason}",
            hint="write NAME, NAME==VERSION, NAME[extra]>=1,<2; python_version<'3.12', or NAME @ URL (PEP 508)",
            requirement=redact(raw),
            parameter=None,
        ) from None
    name = _normalized(parsed.name)
    head = name + (f"[{','.join(sorted(map(_normalized, parsed.extras)))}]" if parsed.extras else "")
    tail = f" ; {parsed.marker}" if parsed.marker else ""
    if parsed.url is None:
        return Requirement(f"{head}{parsed.specifier}{tail}", name, raw, pin=_pin(parsed))
    reference = parse(parsed.url)
    return replace(reference, text=f"{head} @ {reference.url}{tail}", name=name, raw=redact(raw))


def _pin(parsed: Parsed) -> str | None:
    for specifier in parsed.specifier:
        if specifier.operator == "===" or (specifier.operator == "==" and not specifier.version.endswith(".*")):
            return specifier.version
    return None


def _normalized(name: str) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(name))


def _name_of_archive(filename: str) -> str | None:
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[0])
        return str(parse_sdist_filename(filename)[0])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _name_of_directory(path: Path) -> str | None:
    try:
        project = read_toml((path / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    name = project.get("name")
    return _normalized(name) if isinstance(name, str) else None
