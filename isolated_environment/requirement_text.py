"""Requirements texts: the format that ``pip -r`` reads, as far as it selects and limits.

Options that would change where distributions come from or go to are refused with the parameter that does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import InvalidRequirementError
from .options import NO_OPTIONS, InstallOptions, parameter_for
from .redaction import redact
from .requirements import Requirement, parse, parse_constraint

_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[= ](\S+)")
_SELECTING = {"--pre", "--no-binary", "--only-binary", "--config-settings", "-C"}
_NESTED = {"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c"}
_MAX_DEPTH = 16


@dataclass(frozen=True)
class RequirementText:
    """What a requirements text says."""

    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    options: InstallOptions = NO_OPTIONS

    def joined(self, other: RequirementText) -> RequirementText:
        """Return what both say, this one first."""
        return RequirementText(
            (*self.requirements, *other.requirements),
            (*self.constraints, *other.constraints),
            self.options.merged(other.options),
        )


def read_file(path: Path, *, depth: int = 0) -> RequirementText:
    """Read a requirements file (UTF-8); nested ``-r`` and ``-c`` are relative to it.

    Raises:
        InvalidRequirementError: the file cannot be read, nests deeper than 16, or as :func:`read_text`.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequirementError(
            f"cannot read the requirements file {path}: {error}",
            hint="check the path; the file must be UTF-8",
            requirement=str(path),
            parameter=None,
        ) from error
    return read_text(text, base=path.parent, depth=depth)


def read_text(text: str, *, base: Path | None = None, depth: int = 0) -> RequirementText:
    """Read a requirements text: comments, blank lines, continuations, ``--hash``, ``-e``, ``-r``, ``-c``,
    ``--pre``, ``--no-binary``, ``--only-binary``.

    Args:
        text: The lines.
        base: What relative paths in it are relative to; the current directory by default.
        depth: How many files lead here.

    Returns:
        Its requirements in order, its constraints, and its options.

    Raises:
        InvalidRequirementError: a line cannot be read, or is an option that redirects; the error names the parameter.
    """  # noqa: D205
    found = RequirementText()
    for line in _logical_lines(text):
        found = found.joined(_read_line(line, base or Path.cwd(), depth))
    return found


def _logical_lines(text: str) -> Iterator[str]:
    for line in re.sub(r"\\\r?\n", "", text).splitlines():
        content = _COMMENT.sub("", line).strip()
        if content:
            yield content


def _read_line(line: str, base: Path, depth: int) -> RequirementText:
    if not line.startswith("-"):
        return RequirementText(requirements=(_with_hashes(line, base),))
    option, _, value = re.sub(r"^(--?[\w-]+)(?:\s*=\s*|\s+)", r"\1 ", line).partition(" ")
    if option in _NESTED and value:
        return _nested(option, base / value, depth)
    if option in {"-e", "--editable"} and value:
        return RequirementText(requirements=(replace(_with_hashes(value, base), editable=True),))
    if option in _SELECTING:
        return RequirementText(options=InstallOptions.parse([option, value] if value else [option]))
    parameter = parameter_for(option)
    raise InvalidRequirementError(
        f"{option} in a requirements text is not honoured",
        hint=f"use {parameter}",
        requirement=redact(line),
        parameter=parameter,
    )


def _nested(option: str, path: Path, depth: int) -> RequirementText:
    if depth >= _MAX_DEPTH:
        raise InvalidRequirementError(
            f"requirements files nest deeper than {_MAX_DEPTH} at {path}",
            hint="remove the circle",
            requirement=str(path),
            parameter=None,
        )
    inner = read_file(path, depth=depth + 1)
    if _NESTED[option] == "-r":
        return inner
    return RequirementText(
        constraints=tuple(parse_constraint(item.text) for item in (*inner.requirements, *inner.constraints))
    )


def _with_hashes(line: str, base: Path) -> Requirement:
    hashes = tuple(sorted(_HASH.findall(line)))
    requirement = parse(_HASH.sub("", line).strip(), base=base)
    return replace(requirement, hashes=hashes) if hashes else requirement
