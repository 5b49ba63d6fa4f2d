"""What an environment must contain, understood: asks in order, merged into one content with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .ask_input import AskInput
from .asks import Ask, constraint_words, record_index, record_requirement, recorded_index, recorded_requirement
from .declaration import Declaration, content_of, host_minor
from .errors import InvalidIndexError, InvalidLockError, TorchConflictError
from .index import Credentials, Index, without_credentials
from .options import InstallOptions
from .redaction import redact
from .requirements import Requirement, parse_constraint
from .settings import Settings
from .torch_source import BASE_URL, TorchSource, read_torch_source


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
    #: What limits the requirements of builds from source (``setuptools``, ``cython`` …), not the environment's own.
    build_constraints: tuple[Requirement, ...] = ()
    #: Where PyTorch comes from: what the constructor or the latest ask that says so says.
    torch: TorchSource | None = None

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
        """Every index that serves named projects, each URL once, a later one taking a project over from an earlier."""
        serving = {name: index for index in self._named_indexes() for name in index.projects}
        known = {index.url: index.credentials for index in self._named_indexes() if index.credentials}
        return tuple(
            Index(url, (name for name, of in serving.items() if of.url == url), credentials=known.get(url))
            for url in dict.fromkeys(index.url for index in serving.values())
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
        """Return this content with one more ask; it replaces what earlier ones asked of the same projects.

        Raises:
            TorchConflictError: it would take PyTorch itself, which it does not ask for, from another channel.
        """
        torch = ask.torch or self.torch
        if any(ask == earlier for earlier in self.asks):
            asks = tuple(ask if ask == earlier else earlier for earlier in self.asks)
            return replace(self, asks=asks, torch=torch)
        self._assert_channel_stays(ask)
        identities = {item.identity for item in ask.requirements}
        kept = [left for earlier in self.asks if (left := earlier.without(identities)) is not None]
        return replace(self, asks=(*kept, ask) if ask.requirements else tuple(kept), torch=torch)

    def _assert_channel_stays(self, ask: Ask) -> None:
        before, after = self.torch, ask.torch
        if before is None or after is None or before.channel == after.channel:
            return
        if any(item.name == "torch" for item in ask.requirements):
            return
        wanted = ", ".join(str(item.text) for item in ask.requirements)
        raise TorchConflictError(
            f"{wanted} is asked from {after.channel}, and PyTorch comes from {before.channel}: it has one channel",
            hint=f"ask for it without a channel, or ask for torch itself from {after.channel}",
            pin=f"torch from {before.channel}",
            requirement=f"{wanted} from {after.channel}",
        )

    def record(self) -> dict[str, Any]:
        """Return the JSON form, without credentials."""
        limits = self.build_constraints
        return {
            "asks": [ask.record() for ask in self.asks],
            "constraints": [record_requirement(item) for item in self.constraints],
            "indexes": [record_index(index) for index in self.indexes],
            "python": self.python,
            "system_site_packages": self.system_site_packages,
            "pylock": self.pylock_text,
            "pylock_path": self.pylock_path,
            **({} if self.torch is None else {"torch": self.torch.record()}),
            **({"build_constraints": list(map(record_requirement, limits))} if limits else {}),
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Content:
        """Read what :meth:`record` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not such a record.
        """
        torch = record.get("torch")
        return cls(
            tuple(map(Ask.from_record, record["asks"])),
            tuple(map(recorded_requirement, record["constraints"])),
            tuple(map(recorded_index, record["indexes"])),
            record["python"],
            record["system_site_packages"],
            record["pylock"],
            record["pylock_path"],
            tuple(map(recorded_requirement, record.get("build_constraints", []))),
            None if torch is None else TorchSource.from_record(torch),
        )

    def digest(self) -> str:
        """Return 64 hex digits that are equal for equal contents, on every machine."""
        record = self.record()
        del record["pylock_path"]  # its text counts
        for part in (*record["asks"], record):
            part.pop("raw", None)
            for name in ("constraints", "build_constraints"):
                part.get(name, []).sort(key=lambda item: item["text"])
            for item in (*part.get("requirements", ()), *part["constraints"], *part.get("build_constraints", ())):
                del item["raw"]
        record["local"] = {name: facts for name, facts in self.local_files().items() if name != self.pylock_path}
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
        constraints=tuple(map(parse_constraint, constraint_words(declaration.constraints))),
        indexes=indexes,
        python=declaration.python or python or host_minor(),
        system_site_packages=declaration.system_site_packages,
        pylock_text=text,
        pylock_path=declaration.pylock,
        build_constraints=tuple(map(parse_constraint, constraint_words(declaration.build_constraints))),
        torch=_as_torch_source(declaration.torch),
    )
    for given in asks:
        content = content.merged(Ask.understood(given))
    return content


def _as_torch_source(given: object) -> TorchSource | None:
    source = read_torch_source(given)
    if given is not None and source is None:
        raise InvalidIndexError(
            f"torch={redact(str(given))!r} names no channel of the PyTorch index",
            hint="write TorchIndex.auto(), TorchIndex('cu126'), 'cpu', or a URL that ends in a channel",
            url=str(given),
        )
    return source


def _as_constructor_index(given: object) -> Index:
    index = given if isinstance(given, Index) else Index(str(given))
    if not index.default and not index.projects:
        raise InvalidIndexError(
            f"indexes= has {index.url!r} without projects",
            hint="say Index(url, projects=[...]) for the projects it serves, or Index(url, default=True)",
            url=index.url,
        )
    return index


def _read_lock(path: str) -> str:
    try:
        return without_credentials(Path(path).read_text("utf-8"))  # what is locked is written down
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error  # the path once
        hint = "check the path given as pylock=, and ship that file with the application"
        raise InvalidLockError(f"cannot read the lock {path}: {reason}", hint=hint, path=path) from error


def secrets_of(content: Content, settings: Settings) -> tuple[str, ...]:
    """Return the words of all credentials, which must appear nowhere."""
    known = [*credentials_by_prefix(content, settings).values(), settings.index_credentials]
    return tuple(word for credentials in known if credentials for word in credentials.secrets())


def torch_base(source: TorchSource, settings: Settings) -> Index:
    """Return the base of the PyTorch index, with the credentials for it: the application's, the user's, the public.

    Raises:
        InvalidIndexError: the user's is neither a URL nor a directory.
    """
    if source.base_url is not None:
        return Index(source.base_url, default=True, credentials=source.credentials)
    try:
        return Index(settings.torch_url or BASE_URL, default=True)
    except InvalidIndexError as error:
        message = f"ISOLATED_ENVIRONMENT_TORCH_URL: {error.message}"
        raise InvalidIndexError(message, hint=error.hint, url=settings.torch_url or "") from None


def credentials_by_prefix(content: Content, settings: Settings) -> dict[str, Credentials]:
    """Return every set of credentials in *content*, and for the user's PyTorch index, with the URL prefix it is for.

    That is the whole origin (scheme, host and port) where one set serves it, since an index's files often lie beside
    the index; where several do, the index itself or the directory of the file.
    """
    found: dict[str, Credentials] = {}
    default = content.default_index
    for item in content.requirements:
        if item.url and item.credentials:
            found[item.url.removeprefix("git+").rpartition("/")[0]] = item.credentials
    torch = None if content.torch is None else torch_base(content.torch, settings)
    for index in (*content.explicit_indexes, *(index for index in (default, torch) if index is not None)):
        if index.credentials is not None:
            found[index.url] = index.credentials
    by_origin: dict[str, dict[str, Credentials]] = {}
    for url, credentials in found.items():
        by_origin.setdefault(_origin(url), {})[url] = credentials
    return {
        prefix: credentials
        for origin, sets in by_origin.items()
        for prefix, credentials in (
            sets if len(set(sets.values())) > 1 else {origin: next(iter(sets.values()))}
        ).items()
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
