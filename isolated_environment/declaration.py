"""What the application declared, raw: compared with the receipt on the warm path, parsed only for a build."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from .redaction import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILE_SUFFIXES = (".txt", ".in")


def host_minor() -> str:
    """Return the host's Python version as ``X.Y``."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


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


def content_of(local: str) -> list[int]:
    """Return what identifies the content of a local file or directory: sizes in bytes and times in nanoseconds.

    For a directory these are of the files that uv and pip build from it by: ``pyproject.toml``, ``setup.py`` and
    ``setup.cfg``.
    """
    if not os.path.isdir(local):
        names = [local]
    else:
        names = [f"{local}/{name}" for name in ("pyproject.toml", "setup.py", "setup.cfg")]
    facts: list[int] = []
    for name in names:
        try:
            found = os.stat(name)
        except OSError:
            facts += [-1, -1]
        else:
            facts += [found.st_size, found.st_mtime_ns]
    return facts


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
            "requirements": sorted(map(_raw_word, self.requirements)),
            "index": raw_index(self.index),
            "constraints": sorted(map(_raw_word, self.constraints)),
            "options": redact(self.options) if isinstance(self.options, str) else list(map(redact, self.options)),
        }


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


def _raw_word(word: str) -> str:
    if not is_requirements_file(word):
        return redact(word)
    try:
        with open(word, encoding="utf-8-sig", errors="replace") as file:
            return redact(f"file {word}\n{file.read()}")
    except OSError:
        return f"file {word} cannot be read"  # equal to nothing that was built: the build says it better


class Declaration:
    """Everything that one handle declared.

    Args:
        requirements: The whole content, or ``None`` when the handle only adds.
        python: A version, a specifier, a path, or ``None``.
        indexes: Indexes of the constructor; one alone counts as a list of one.
        constraints: Constraints of the constructor.
        pylock: Path of a given lock, or ``None``.
        system_site_packages: See PEP 405.
        torch: Where PyTorch comes from: a TorchIndex, a channel's name, a URL, or ``None``.
    """

    __slots__ = ("asks", "constraints", "indexes", "pylock", "python", "stated", "system_site_packages", "torch")

    def __init__(
        self,
        requirements: object,
        *,
        python: str | None,
        indexes: object,
        constraints: object,
        pylock: str | None,
        system_site_packages: bool,
        torch: object = None,
    ) -> None:
        #: Whether the constructor stated the whole content.
        self.stated = requirements is not None or pylock is not None
        self.asks: tuple[AskInput, ...] = () if requirements is None else (AskInput(requirements),)
        self.python = python
        self.indexes = tuple(indexes) if isinstance(indexes, Iterable) and not isinstance(indexes, str) else (indexes,)
        self.constraints = words_of(constraints)
        self.pylock = pylock
        self.system_site_packages = system_site_packages
        self.torch = torch

    def settings(self) -> dict[str, Any]:
        """Return the JSON form of everything but the asks."""
        python = self.python
        if python is None and self.stated:
            python = f"host {host_minor()}"
        return {
            "stated": self.stated,
            "python": python,
            "indexes": [raw_index(index) for index in self.indexes],
            "constraints": sorted(map(_raw_word, self.constraints)),
            "pylock": self.pylock,
            "system_site_packages": self.system_site_packages,
            **({} if self.torch is None else {"torch": raw_index(self.torch)}),
        }

    def raw(self) -> dict[str, Any]:
        """Return the JSON form that the receipt keeps."""
        return {**self.settings(), "asks": [ask.raw() for ask in self.asks]}

    def has(self, ask: AskInput) -> bool:
        """Return whether *ask* was made before."""
        raw = ask.raw()
        return any(earlier.raw() == raw for earlier in self.asks)

    def add(self, ask: AskInput) -> None:
        """Make *ask* part of the declaration."""
        self.asks = (*self.asks, ask)

    def mismatch(self, built: dict[str, Any], new: AskInput | None = None) -> str | None:
        """Say why what was built does not serve, or return ``None``.

        Args:
            built: The declaration in the receipt.
            new: The ask that this call makes, not yet among :attr:`asks`.
        """
        if self.stated:
            wanted = self.raw()
            if new is not None:
                wanted["asks"] = [*wanted["asks"], new.raw()]
            return None if wanted == built else "the declared content changed"
        asks = built.get("asks")
        if new is not None and (not isinstance(asks, list) or new.raw() not in asks):
            return "more was asked for"
        return self._settings_mismatch(built)

    def _settings_mismatch(self, built: dict[str, Any]) -> str | None:
        """A handle that states nothing takes what is there, but for what it names itself."""
        settings = self.settings()
        for name in ("python", "indexes", "constraints", "system_site_packages", "torch"):
            if settings.get(name) and settings[name] != built.get(name):
                return f"{name}= differs"
        return None
