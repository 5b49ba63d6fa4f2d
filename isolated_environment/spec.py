"""What an environment must contain, understood: asks in order, merged into one content with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .declaration import AskInput, Declaration, content_of, host_minor, is_requirements_file
from .errors import InvalidLockError, InvalidRequirementError
from .index import Credentials, Index
from .options import InstallOptions
from .requirement_text import RequirementText, read_file, read_text
from .requirements import Requirement, parse, parse_constraint


@dataclass(frozen=True)
class Ask:
    """One ask, understood.

    ``raw`` is what the application wrote; ``None`` once a later ask replaced a part of it.
    """

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    index: Index | None = None
    options: InstallOptions = InstallOptions()
    raw: dict[str, Any] | None = field(default=None, compare=False)

    @classmethod
    def understood(cls, given: AskInput) -> Ask:
        """Read an ask as given.

        Raises:
            InvalidRequirementError: a requirement or constraint cannot be read, or nothing was asked for.
            InvalidIndexError: the index cannot be used.
            InvalidOptionError: an option is unknown or has a parameter of its own.
        """
        found = RequirementText(
            constraints=tuple(map(parse_constraint, _constraint_words(given.constraints))),
            options=InstallOptions.parse(given.options),
        )
        for word in given.requirements:
            found = found.joined(_read_word(word))
        return cls(
            tuple(sorted(set(found.requirements), key=lambda item: item.text)),
            found.constraints,
            as_index(given.index, found.requirements),
            found.options,
            given.raw(),
        )

    def without(self, identities: set[str]) -> Ask | None:
        """Return this ask less some projects; ``None`` when nothing is left."""
        kept = tuple(item for item in self.requirements if item.identity not in identities)
        if len(kept) == len(self.requirements):
            return self
        return replace(self, requirements=kept, raw=None) if kept else None

    def record(self) -> dict[str, Any]:
        """Return the JSON form, without credentials."""
        return {
            "requirements": [_record_requirement(item) for item in self.requirements],
            "constraints": [_record_requirement(item) for item in self.constraints],
            "index": None if self.index is None else _record_index(self.index),
            "options": list(self.options.words),
            "raw": self.raw,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Ask:
        """Read what :meth:`record` wrote."""
        index = record["index"]
        return cls(
            tuple(map(_recorded_requirement, record["requirements"])),
            tuple(map(_recorded_requirement, record["constraints"])),
            None if index is None else _recorded_index(index),
            InstallOptions(tuple(record["options"])),
            record["raw"],
        )


@dataclass(frozen=True)
class Content:
    """The whole content of an environment: equal contents need no rebuild."""

    asks: tuple[Ask, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    indexes: tuple[Index, ...] = ()
    #: A version, a specifier or an absolute path; never ``None``.
    python: str = ""
    system_site_packages: bool = False
    #: The given lock (PEP 751): its text, and where it was; it takes the place of the asks' resolution.
    pylock_text: str | None = None
    pylock_path: str | None = field(default=None, compare=False)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every requirement, in the order of the asks."""
        return tuple(item for ask in self.asks for item in ask.requirements)

    @property
    def all_constraints(self) -> tuple[Requirement, ...]:
        """The constraints of the constructor and of every ask."""
        return (*self.constraints, *(item for ask in self.asks for item in ask.constraints))

    @property
    def options(self) -> InstallOptions:
        """The options of every ask; one resolution honours them all."""
        merged = InstallOptions()
        for ask in self.asks:
            merged = merged.merged(ask.options)
        return merged

    @property
    def explicit_indexes(self) -> tuple[Index, ...]:
        """Every index that serves named projects, a later one taking a project over from an earlier one."""
        serving = {name: index for index in self._named_indexes() for name in index.projects}
        return tuple(
            replace(index, projects=tuple(sorted(name for name, of in serving.items() if of is index)))
            for index in dict.fromkeys(serving.values())
        )

    def _named_indexes(self) -> Iterable[Index]:
        yield from (index for index in self.indexes if not index.default)
        yield from (ask.index for ask in self.asks if ask.index is not None and not ask.index.default)

    @property
    def default_index(self) -> Index | None:
        """The index that takes the main index's place, or ``None``."""
        of_asks = [ask.index for ask in self.asks if ask.index is not None]
        return next((index for index in reversed([*self.indexes, *of_asks]) if index.default), None)

    def merged(self, ask: Ask) -> Content:
        """Return this content with one more ask; it replaces what earlier ones asked of the same projects."""
        if any(ask == earlier for earlier in self.asks):
            return replace(self, asks=tuple(ask if ask == earlier else earlier for earlier in self.asks))
        identities = {item.identity for item in ask.requirements}
        kept = [left for earlier in self.asks if (left := earlier.without(identities)) is not None]
        return replace(self, asks=(*kept, ask) if ask.requirements else tuple(kept))

    def record(self) -> dict[str, Any]:
        """Return the JSON form, without credentials."""
        return {
            "asks": [ask.record() for ask in self.asks],
            "constraints": [_record_requirement(item) for item in self.constraints],
            "indexes": [_record_index(index) for index in self.indexes],
            "python": self.python,
            "system_site_packages": self.system_site_packages,
            "pylock": self.pylock_text,
            "pylock_path": self.pylock_path,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Content:
        """Read what :meth:`record` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not such a record.
        """
        return cls(
            tuple(map(Ask.from_record, record["asks"])),
            tuple(map(_recorded_requirement, record["constraints"])),
            tuple(map(_recorded_index, record["indexes"])),
            record["python"],
            record["system_site_packages"],
            record["pylock"],
            record["pylock_path"],
        )

    def digest(self) -> str:
        """Return 64 hex digits that are equal for equal contents, on every machine."""
        record = self.record()
        del record["pylock_path"]
        for ask in record["asks"]:
            del ask["raw"]
            ask["requirements"].sort(key=lambda item: item["text"])
            ask["constraints"].sort(key=lambda item: item["text"])
            for item in (*ask["requirements"], *ask["constraints"]):
                item.pop("raw")
        for item in record["constraints"]:
            item.pop("raw")
        record["local"] = self.local_files()
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()

    def local_files(self) -> dict[str, list[int]]:
        """Return what identifies the content of every local file and directory that goes in."""
        names = [item.local for item in self.requirements if item.local is not None]
        if self.pylock_path is not None:
            names.append(self.pylock_path)
        return {name: content_of(name) for name in names}


def understood(declaration: Declaration, asks: tuple[AskInput, ...], python: str | None) -> Content:
    """Read a declaration.

    Args:
        declaration: What the handle declared.
        asks: Its asks, and the one that the call makes.
        python: What to take where the declaration names no Python; ``None``: the host's version.

    Returns:
        The content.

    Raises:
        RequestError: something in it cannot be read.
    """
    indexes = tuple(_as_constructor_index(index) for index in declaration.indexes)
    text = None if declaration.pylock is None else _read_lock(declaration.pylock)
    content = Content(
        constraints=tuple(map(parse_constraint, _constraint_words(declaration.constraints))),
        indexes=indexes,
        python=declaration.python or python or host_minor(),
        system_site_packages=declaration.system_site_packages,
        pylock_text=text,
        pylock_path=declaration.pylock,
    )
    for given in asks:
        content = content.merged(Ask.understood(given))
    return content


def as_index(given: object, requirements: Iterable[Requirement]) -> Index | None:
    """Read the ``index=`` of an ask: explicit for the projects that the ask names."""
    if given is None:
        return None
    index = given if isinstance(given, Index) else Index(str(given))
    if index.default:
        return index
    return index.for_projects(item.name for item in requirements if item.name is not None and item.url is None)


def _as_constructor_index(given: object) -> Index:
    from .errors import InvalidIndexError

    index = given if isinstance(given, Index) else Index(str(given))
    if not index.default and not index.projects:
        raise InvalidIndexError(
            f"indexes= has {index.url!r} without projects",
            hint="say Index(url, projects=[...]) for the projects it serves, or Index(url, default=True)",
            url=index.url,
        )
    return index


def _read_word(word: str) -> RequirementText:
    if is_requirements_file(word):
        return read_file(Path(word))
    if "\n" in word:
        return read_text(word)
    return RequirementText(requirements=(parse(word),))


def _constraint_words(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        if is_requirements_file(word) or "\n" in word:
            yield from (item.text for item in _read_word(word).requirements)
        else:
            yield word


def _read_lock(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidLockError(
            f"cannot read the lock {path}: {error}", hint="check pylock=", path=path
        ) from error


def _record_requirement(item: Requirement) -> dict[str, Any]:
    record = {
        "text": item.text,
        "name": item.name,
        "raw": item.raw,
        "url": item.url,
        "local": item.local,
        "pin": item.pin,
        "hashes": list(item.hashes),
        "editable": item.editable,
        "secured": item.credentials is not None,
    }
    return {name: value for name, value in record.items() if value or name in {"text", "raw"}}


def _recorded_requirement(record: dict[str, Any]) -> Requirement:
    if not isinstance(record.get("text"), str):
        raise InvalidRequirementError("a recorded requirement has no text", requirement="", parameter=None)
    fields = {name: value for name, value in record.items() if name != "secured"}
    return Requirement(
        **{**dict.fromkeys(("name", "raw")), **fields, "hashes": tuple(record.get("hashes", ()))}  # type: ignore[arg-type]
    )


def _record_index(index: Index) -> dict[str, Any]:
    return {"url": index.url, "projects": list(index.projects), "default": index.default}


def _recorded_index(record: dict[str, Any]) -> Index:
    return Index(record["url"], tuple(record["projects"]), record["default"])


def credentials_by_prefix(content: Content) -> dict[str, Credentials]:
    """Return every set of credentials in *content* with the URL prefix it is for.

    That is the whole origin (scheme, host and port) where one set serves it, since an index's files often lie beside
    the index; where several do, the index itself or the directory of the file.
    """
    found: dict[str, Credentials] = {}
    default = content.default_index
    for item in content.requirements:
        if item.url and item.credentials:
            found[item.url.removeprefix("git+").rpartition("/")[0]] = item.credentials
    for index in (*content.explicit_indexes, *([default] if default else [])):
        if index.credentials is not None:
            found[index.url] = index.credentials
    by_origin: dict[str, dict[str, Credentials]] = {}
    for url, credentials in found.items():
        by_origin.setdefault(_origin(url), {})[url] = credentials
    return {
        prefix: credentials
        for origin, sets in by_origin.items()
        for prefix, credentials in (sets if len(set(sets.values())) > 1 else {origin: next(iter(sets.values()))}).items()
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
