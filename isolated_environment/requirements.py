"""Requirements (PEP 508), constraints and local distributions, read strictly and written canonically."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .errors import InvalidRequirementError
from .index import Credentials, split_credentials
from .options import advice_for, parameter_for
from .redaction import redact
from .toml import read_toml

if TYPE_CHECKING:
    from packaging.requirements import Requirement as Parsed

_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz")
_OPTION_INSIDE = re.compile(r"(?:^|\s)(--?[A-Za-z][\w-]*)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_BREAKS = {"Cc", "Zl", "Zp", "Cs"}  # control characters (a tab is a blank), separators, surrogates
_EXTRAS_AT_END = re.compile(r"^(?P<path>.+?)(?P<extras>\[[\w.,\s-]*\])$")
_URL = re.compile(r"^(?:git|hg|svn|bzr)\+[\w-]+://|^https?://|^file:", re.IGNORECASE)
#: What looks like the name of a file that holds requirements, and what takes it.
_REQUIREMENT_FILES = {
    ".txt": "requirements=Path(...)",
    ".in": "requirements=Path(...)",
    ".toml": "pylock=, or requirements= with the project's directory",
}


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

    def applies(self, markers: Mapping[str, str]) -> bool:
        """Return whether its marker, if it has one, is true for an interpreter's *markers*."""
        if self.name is None or ";" not in self.text:
            return True
        from packaging.requirements import Requirement as Parsed

        marker = Parsed(self.text).marker
        return marker is None or marker.evaluate(dict(markers))

    def admits(self, version: str, markers: Mapping[str, str]) -> bool:
        """Return whether *version* of the project may be taken where an interpreter has *markers*."""
        if self.name is None or self.url is not None or not self.applies(markers):
            return True
        from packaging.requirements import Requirement as Parsed

        return Parsed(self.text).specifier.contains(version, prereleases=True)

    @property
    def line(self) -> str:
        """The line of a requirements text that asks for it."""
        if not self.editable:
            return self.text
        extras = re.search(r"\[[^\]]*\]$", self.text.partition(" @ ")[0])
        return f"-e {self.url}{extras[0] if extras else ''}"


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
    _refuse_hazards(raw, base)
    if isinstance(text, os.PathLike) or looks_local(raw, base):
        return _local(raw, base)
    if _URL.match(raw):
        return _direct(raw)
    return _named(raw, base)


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


def looks_local(raw: str, base: Path | None = None) -> bool:
    """Return whether *raw* is the path of a local file or directory: no project's name has a separator in it."""
    if raw.startswith((".", "/", "~", "\\")) or re.match(r"^[A-Za-z]:[\\/]", raw):
        return True
    if "@" in raw or "://" in raw or ";" in raw:
        return False
    path = _EXTRAS_AT_END.sub(r"\g<path>", raw)
    if "/" in path or os.sep in path:
        return True
    return path.endswith(_ARCHIVES) and (base or Path.cwd()).joinpath(path).exists()


def _refuse_hazards(raw: str, base: Path | None) -> None:
    if not raw:
        raise _invalid(raw, "an empty requirement", "leave it out")
    if any(unicodedata.category(char) in _BREAKS and char != "\t" for char in raw):
        raise _invalid(
            raw,
            f"a requirement is one line without control characters, not {redact(raw)!r}",
            "pass a list with one requirement an element",
            "requirements=",
        )
    option = _OPTION_INSIDE.search(_QUOTED.sub("''", raw))
    # a path may hold such a word, but only one that is there is believed
    if option and not (option.start() > 0 and looks_local(raw, base) and _absolute(raw, base).exists()):
        parameter = parameter_for(option[1])
        reason = f"{option[1]} in {redact(raw)!r} is an installer option, not part of a requirement"
        raise _invalid(raw, reason, advice_for(parameter), parameter)


def _local(raw: str, base: Path | None, fragment: str = "") -> Requirement:
    path, extras = _absolute(raw, base), ""
    match = _EXTRAS_AT_END.match(raw)
    if match and not path.exists():
        path, extras = _absolute(match["path"], base), _extras(match["extras"][1:-1].split(","))
    if not path.exists():
        raise _invalid(raw, f"no file or directory at {path}", "check the path")
    is_project = any((path / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg"))
    if not is_project and not (path.is_file() and path.name.endswith(_ARCHIVES)):
        parameter = _REQUIREMENT_FILES.get(path.suffix)
        reason = f"{path} is neither a wheel, a source archive nor a project's directory"
        raise _invalid(raw, reason, "check the path" if parameter is None else f"use {parameter}", parameter)
    name = _egg(fragment) or (_name_of_directory(path) if path.is_dir() else _name_of_archive(path.name))
    url = path.as_uri() + (f"#{fragment}" if fragment else "")
    text = f"{name}{extras} @ {url}" if name else f"{url}{extras}"
    return Requirement(text, name, raw, url, str(path))


def _absolute(path: str, base: Path | None) -> Path:
    # not resolve(): a link in the path may be the author's intent
    # nor Path.expanduser(), which raises for an unknown user
    return Path(os.path.abspath((base or Path.cwd()) / os.path.expanduser(path)))


def _direct(raw: str) -> Requirement:
    try:
        url, credentials = split_credentials(raw)
        parts = urlsplit(url)
    except ValueError as error:
        raise _invalid(raw, f"not a URL: {redact(raw)!r}: {error}", "check it") from None
    if parts.scheme == "file":
        return replace(_local(unquote(parts.path), None, parts.fragment), raw=raw)
    if not (parts.netloc or parts.scheme.endswith("file")) or any(map(str.isspace, raw)):
        reason = f"not a URL with a host and without blanks: {redact(raw)!r}"
        raise _invalid(raw, reason, "write https://HOST/PATH, with a marker NAME @ https://HOST/PATH ; MARKER")
    name = _egg(parts.fragment) or _name_of_archive(Path(unquote(parts.path)).name)
    text = f"{name} @ {url}" if name else url
    return Requirement(text, name, redact(raw), url, credentials=credentials)


def _named(raw: str, base: Path | None) -> Requirement:
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parse

    suffix = Path(raw).suffix
    if suffix in _REQUIREMENT_FILES:
        parameter = _REQUIREMENT_FILES[suffix]
        raise _invalid(raw, f"{raw!r} is the name of a file, not of a project", f"use {parameter}", parameter)
    try:
        parsed = Parse(raw)
    except InvalidRequirement as error:
        raise _invalid(
            raw,
            f"not a requirement: {raw!r}: {str(error).splitlines()[0]}",
            "write NAME, NAME==VERSION, NAME[extra]>=1,<2; python_version<'3.12', or NAME @ URL (PEP 508)",
        ) from None
    name = _normalized(parsed.name)
    head = name + _extras(parsed.extras)
    tail = f" ; {parsed.marker}" if parsed.marker else ""
    if parsed.url is None:
        return Requirement(f"{head}{parsed.specifier}{tail}", name, raw, pin=_pin(parsed))
    if not (_URL.match(parsed.url) or looks_local(parsed.url, base)):
        raise _invalid(raw, f"{parsed.url!r} in {raw!r} is not a URL", "write NAME @ https://HOST/PATH")
    reference = parse(parsed.url, base=base)
    return replace(reference, text=f"{head} @ {reference.url}{tail}", name=name, raw=redact(raw))


def _invalid(raw: str, reason: str, hint: str, parameter: str | None = None) -> InvalidRequirementError:
    return InvalidRequirementError(reason, hint=hint, requirement=redact(raw), parameter=parameter)


def _extras(names: Iterable[str]) -> str:
    found = sorted({_normalized(name.strip()) for name in names if name.strip()})
    return f"[{','.join(found)}]" if found else ""


def _egg(fragment: str) -> str | None:
    match = re.search(r"(?:^|&)egg=([\w.-]+)", fragment)
    return _checked(match[1]) if match else None


def _pin(parsed: Parsed) -> str | None:
    for specifier in parsed.specifier:
        if specifier.operator == "===" or (specifier.operator == "==" and not specifier.version.endswith(".*")):
            return specifier.version
    return None


def _normalized(name: str) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(name))


def _checked(name: str) -> str | None:
    """The name of a project, normalized, where it is one."""
    from packaging.utils import is_normalized_name

    found = _normalized(name)
    return found if is_normalized_name(found) else None


def _name_of_archive(filename: str) -> str | None:
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if filename.endswith(".whl"):
            return _checked(parse_wheel_filename(filename)[0])
        return _checked(parse_sdist_filename(filename)[0])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _name_of_directory(path: Path) -> str | None:
    try:
        project = read_toml((path / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    name = project.get("name")
    return _checked(name) if isinstance(name, str) else None
