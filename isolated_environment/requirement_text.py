"""Requirements texts: the format that ``pip -r`` reads, as far as it selects and limits.

Options that would change where distributions come from or go to are refused with the parameter that does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import InvalidRequirementError
from .options import NO_OPTIONS, InstallOptions, advice_for, parameter_for
from .redaction import redact
from .requirements import Requirement, parse, parse_constraint

_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[= ](\S+)")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$")
_OPTION = re.compile(r"(--[\w-]+|-\w)[\s=]*(.*)$")
_SELECTING = {"--pre", "--no-binary", "--only-binary", "--config-settings", "--config-setting", "-C"}
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
    """Read a requirements text.

    It may hold comments, blank lines, continuations, ``--hash``, ``-e``, ``-r``, ``-c``, ``--pre``, ``--no-binary``,
    ``--only-binary`` and ``--config-settings``.

    Args:
        text: The lines.
        base: What relative paths in it are relative to; the current directory by default.
        depth: How many files lead here.

    Returns:
        Its requirements in order, its constraints, and its options.

    Raises:
        InvalidRequirementError: a line cannot be read, or is an option that redirects; the error names the parameter.
    """
    found = RequirementText()
    for line in _logical_lines(text):
        found = found.joined(_read_line(line, base or Path.cwd(), depth))
    return found


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without comments; one that ends in a backslash goes on, but for a comment, as with pip."""
    begun = ""
    for line in [*text.splitlines(), ""]:
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            begun += line[:-1]
            continue
        content = _COMMENT.sub("", begun + line).strip()
        begun = ""
        if content:
            yield content


def _read_line(line: str, base: Path, depth: int) -> RequirementText:
    if not line.startswith("-"):
        return RequirementText(requirements=(_with_hashes(line, base),))
    match = _OPTION.match(line)
    option, value = (match[1], _unquoted(match[2])) if match else (line, "")
    if option in _NESTED and value:
        return _nested(option, base / value, depth)
    if option in {"-e", "--editable"} and value:
        return RequirementText(requirements=(_editable(value, base),))
    if option in _SELECTING:
        return RequirementText(options=InstallOptions.parse([option, value] if value else [option]))
    parameter = parameter_for(option)
    raise InvalidRequirementError(
        f"{option} in a requirements text is not honoured",
        hint=advice_for(parameter),
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


def _editable(value: str, base: Path) -> Requirement:
    requirement = parse(value if "://" in value else Path(value), base=base)
    if requirement.local is None or not Path(requirement.local).is_dir():
        raise InvalidRequirementError(
            f"-e takes a project's directory, not {requirement.raw!r}",
            hint="leave out the -e",
            requirement=requirement.raw,
            parameter=None,
        )
    return replace(requirement, editable=True)


def _with_hashes(line: str, base: Path) -> Requirement:
    hashes = tuple(sorted({found.lower() for found in _HASH.findall(line)}))
    unknown = next((found for found in hashes if not _DIGEST.match(found)), None)
    if unknown is not None:
        raise InvalidRequirementError(
            f"--hash takes sha256:HEX, sha384:HEX or sha512:HEX, not {unknown!r}",
            hint="copy the hash whole",
            requirement=redact(line),
            parameter=None,
        )
    requirement = parse(_HASH.sub("", line).strip(), base=base)
    return replace(requirement, hashes=hashes) if hashes else requirement


def _unquoted(value: str) -> str:
    whole = value.strip()
    return whole[1:-1] if len(whole) > 1 and whole[0] == whole[-1] and whole[0] in "'\"" else whole
