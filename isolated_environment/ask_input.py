"""One ask as given: what ``pip_install`` or the constructor was called with, frozen, and comparable as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from .redaction import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILE_SUFFIXES = (".txt", ".in")
_INLINE_INDEX = re.compile(r"(\S[^\n]*|)\s+(?:--extra-index-url|--index-url|-i)[= ]\s*(\S+)\s*")


def text_of(parameter: str, value: object) -> str:
    """Return a string or path as a string.

    Args:
        parameter: Where it was given, for the error.
        value: What was given.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, os.PathLike) and isinstance(text := os.fspath(value), str):
        return text
    raise TypeError(f"{parameter} takes strings and paths, not {type(value).__name__}")


def words_of(value: object) -> tuple[str, ...]:
    """Return requirements or constraints as given, frozen: relative local paths made absolute, order kept.

    Args:
        value: A string (one requirement, or a requirements text with line ends), a path, or an iterable of them;
            ``None``: none.
    """
    return () if value is None else _words_in(value)


def _words_in(value: object) -> tuple[str, ...]:
    if isinstance(value, os.PathLike):
        return (absolute(os.fspath(value)),)
    if isinstance(value, str):
        if "\n" in value:
            return (value,) if value.strip() else ()
        text = value.strip()
        if _is_path(text):
            return (absolute(text),)
        return (text,) if text else ()
    if isinstance(value, Iterable):
        return tuple(word for item in value for word in _words_in(item))
    raise TypeError(f"requirements are strings, paths or lists of them, not {type(value).__name__}")


def absolute(path: str) -> str:
    """Return *path* absolute, now: the working directory may change before it is used."""
    try:
        return os.path.abspath(os.path.expanduser(path))
    except FileNotFoundError:
        from .errors import RequestError

        raise RequestError(
            f"{path!a} is relative, and the working directory is gone", hint="give an absolute path"
        ) from None


def _is_path(text: str) -> bool:
    """Whether a requirement is a path: told by its first character, or by a separator, which no name has."""
    if text.startswith((".", "~", "\\")):
        return True
    is_other = text.startswith("-") or any(mark in text for mark in ("@", "://", ";", " -")) or os.path.isabs(text)
    return not is_other and ("/" in text or os.sep in text or text.endswith((".whl", ".tar.gz", ".tar.bz2", ".tgz")))


def is_requirements_file(word: str) -> bool:
    """Return whether *word* is the path of a requirements file rather than a requirement."""
    return os.path.isabs(word) and word.endswith(_FILE_SUFFIXES) and "\n" not in word


class AskInput:
    """One ask as given: what ``pip_install`` or the constructor was called with.

    Args:
        requirements: As :func:`words_of` takes them.
        index: A URL, an :class:`~isolated_environment.index.Index`, or ``None``.
        constraints: As :func:`words_of` takes them.
        options: Words of installer options.
    """

    __slots__ = ("constraints", "index", "options", "requirements")

    def __init__(
        self, requirements: object, index: object = None, constraints: object = (), options: object = ()
    ) -> None:
        self.requirements = words_of(requirements)
        self.index = _frozen_index(index)
        self.constraints = words_of(constraints)
        self.options: Any = options if isinstance(options, str) else _words_of_options(options)

    def raw(self) -> dict[str, Any]:
        """Return the JSON form that is compared: no credentials, no order but that of the options' words."""
        return {
            "requirements": sorted(map(raw_word, self.requirements)),
            "index": raw_index(self.index),
            "constraints": sorted(map(raw_word, self.constraints)),
            "options": redact(self.options) if isinstance(self.options, str) else list(map(redact, self.options)),
        }


def asks_of(
    requirements: object, index: object = None, constraints: object = (), options: object = ()
) -> tuple[AskInput, ...]:
    """Return what a call asks for: one ask, or more where a requirement names an index of its own.

    ``"torch==2.1.2 --extra-index-url URL"`` and ``pip_install("torch", "--index-url URL")`` are the words of
    isolated-environment 1.x and 2.x; the project then comes from that index alone, and is installed first.

    Args:
        requirements: As :class:`AskInput`.
        index: Likewise.
        constraints: Likewise.
        options: Likewise.

    Raises:
        RequestError: *index* is another option.
    """
    inline = _INLINE_INDEX.fullmatch(f" {index}") if isinstance(index, str) else None
    if inline is not None:
        index = inline[2]
    elif isinstance(index, str) and index.lstrip().startswith("-"):
        from .errors import RequestError

        raise RequestError(f"{redact(index)!r} is an installer option, not an index", hint="give it as options=[...]")
    whole = AskInput(requirements, index, constraints, options)
    bound = [(word, match) for word in whole.requirements if (match := _INLINE_INDEX.fullmatch(word)) and match[1]]
    if not bound:
        return (whole,)
    own = {word for word, _ in bound}
    rest = [word for word in whole.requirements if word not in own]
    others = (AskInput(rest, whole.index, constraints, options),) if rest else ()
    return (*(AskInput(match[1], match[2], constraints, options) for _, match in bound), *others)


def _words_of_options(options: object) -> tuple[str, ...]:
    if not isinstance(options, Iterable):
        raise TypeError(f"options= takes a list of words, not {type(options).__name__}")
    return tuple(text_of("options=", word) for word in options)


def _frozen_index(index: object) -> object:
    """A directory that is named as an index, absolute now."""
    if isinstance(index, os.PathLike) or (isinstance(index, str) and index.strip() and "://" not in index):
        return absolute(os.fspath(index).strip())
    return index


def raw_index(index: object) -> Any:
    """Return the JSON form of an index argument."""
    if index is None:
        return None
    if hasattr(index, "channel"):  # a TorchIndex
        return index.record()  # type: ignore[attr-defined]
    projects = getattr(index, "projects", None)
    if projects is None:
        return redact(str(index))
    return {"url": redact(index.url), "projects": list(projects), "default": index.default}  # type: ignore[attr-defined]


def raw_word(word: str) -> str:
    """Return the JSON form of a requirement or constraint: a requirements file counts by its text."""
    if not is_requirements_file(word):
        return redact(word)
    try:
        with open(word, encoding="utf-8-sig", errors="replace") as file:
            return redact(f"file {word}\n{file.read()}")
    except OSError:
        return f"file {word} cannot be read"  # equal to nothing that was built: the build says it better
