"""Asks: what one call asks for, understood, and how the receipt records it (without credentials)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .ask_input import AskInput, is_requirements_file
from .errors import InvalidRequirementError
from .index import Index
from .options import NO_OPTIONS, InstallOptions
from .requirement_text import RequirementText, read_file, read_text
from .requirements import Requirement, parse, parse_constraint
from .torch_source import TorchSource, read_torch_source


@dataclass(frozen=True)
class Ask:
    """One ask, understood.

    ``raw`` is what the application wrote; ``None`` once a later ask replaced a part of it.
    """

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    index: Index | None = None
    options: InstallOptions = NO_OPTIONS
    #: Where PyTorch comes from, when the ask says so.
    torch: TorchSource | None = None
    raw: dict[str, Any] | None = field(default=None, compare=False)

    @classmethod
    def understood(cls, given: AskInput) -> Ask:
        """Read an ask as given.

        Raises:
            InvalidRequirementError: a requirement or constraint cannot be read.
            InvalidIndexError: the index cannot be used.
            InvalidOptionError: an option is unknown or has a parameter of its own.
        """
        found = RequirementText(
            constraints=tuple(map(parse_constraint, constraint_words(given.constraints))),
            options=InstallOptions.parse(given.options),
        )
        for word in given.requirements:
            found = found.joined(_read_word(word))
        return cls(
            tuple(sorted(set(found.requirements), key=lambda item: item.text)),
            found.constraints,
            as_index(given.index, found.requirements),
            found.options,
            read_torch_source(given.index),
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
            "requirements": [record_requirement(item) for item in self.requirements],
            "constraints": [record_requirement(item) for item in self.constraints],
            "index": None if self.index is None else record_index(self.index),
            "options": list(self.options.words),
            **({} if self.torch is None else {"torch": self.torch.record()}),
            "raw": self.raw,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Ask:
        """Read what :meth:`record` wrote."""
        index, torch = record["index"], record.get("torch")
        return cls(
            tuple(map(recorded_requirement, record["requirements"])),
            tuple(map(recorded_requirement, record["constraints"])),
            None if index is None else recorded_index(index),
            InstallOptions(tuple(record["options"])),
            None if torch is None else TorchSource.from_record(torch),
            record["raw"],
        )


def as_index(given: object, requirements: Iterable[Requirement]) -> Index | None:
    """Read the ``index=`` of an ask: explicit for the projects that the ask names; a channel of PyTorch is none."""
    if given is None or read_torch_source(given) is not None:
        return None
    index = given if isinstance(given, Index) else Index(str(given))
    if index.default:
        return index
    return index.for_projects(item.name for item in requirements if item.name is not None and item.url is None)


def constraint_words(words: Iterable[str]) -> Iterable[str]:
    """Return constraints one by one, those of requirements files and texts among them."""
    for word in words:
        if is_requirements_file(word) or "\n" in word:
            yield from (item.text for item in _read_word(word).requirements)
        else:
            yield word


def record_requirement(item: Requirement) -> dict[str, Any]:
    """Return the JSON form of a requirement, without credentials."""
    record = {
        "text": item.text,
        "name": item.name,
        "raw": item.raw,
        "url": item.url,
        "local": item.local,
        "pin": item.pin,
        "hashes": list(item.hashes),
        "editable": item.editable,
    }
    return {name: value for name, value in record.items() if value or name in {"text", "raw"}}


def recorded_requirement(record: dict[str, Any]) -> Requirement:
    """Read what :func:`record_requirement` wrote.

    Raises:
        InvalidRequirementError: it is not such a record.
    """
    if not isinstance(record.get("text"), str):
        raise InvalidRequirementError("a recorded requirement has no text", requirement="", parameter=None)
    return Requirement(**{**dict.fromkeys(("name", "raw")), **record, "hashes": tuple(record.get("hashes", ()))})


def record_index(index: Index) -> dict[str, Any]:
    """Return the JSON form of an index, without credentials."""
    return {"url": index.url, "projects": list(index.projects), "default": index.default}


def recorded_index(record: dict[str, Any]) -> Index:
    """Read what :func:`record_index` wrote."""
    return Index(record["url"], record["projects"], default=record["default"])


def _read_word(word: str) -> RequirementText:
    if is_requirements_file(word):
        return read_file(Path(word))
    if "\n" in word:
        return read_text(word)
    return RequirementText(requirements=(parse(word),))
