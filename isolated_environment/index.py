"""Where distributions come from: indexes (PEP 503) and the credentials for them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .errors import InvalidIndexError
from .redaction import redact

# up to the last @ before the path, as redaction does
_USER_PART = re.compile(r"(?:(?<=http://)|(?<=https://))[^/?#\s]+@")


@dataclass(frozen=True)
class Credentials:
    """A user name and a password or token for one origin; never shown, never stored."""

    username: str = field(repr=False)
    password: str = field(repr=False)

    def secrets(self) -> tuple[str, ...]:
        """Return the strings that must not be shown, as written and percent-encoded."""
        words = [self.password] if self.password else [self.username]
        return tuple(dict.fromkeys([*words, *(quote(word, safe="") for word in words)]))


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """Take the credentials out of an HTTP *url*.

    Args:
        url: Any URL, also ``git+https://``.  The user name of an ssh URL is an address, not a secret, and stays.

    Returns:
        The URL without its user part, and the credentials or ``None``.
    """
    parts = urlsplit(url)
    if not parts.scheme.endswith(("http", "https")) or "@" not in parts.netloc:
        return url, None
    user, _, host = parts.netloc.rpartition("@")
    username, _, password = user.partition(":")
    clean = urlunsplit(parts._replace(netloc=host))
    return clean, Credentials(unquote(username), unquote(password))


def without_credentials(text: str) -> str:
    """Return *text* with the user part taken out of every HTTP URL in it."""
    return _USER_PART.sub("", text)


def join_credentials(url: str, username: str, password: str) -> str:
    """Return *url* with a user part, both words already percent-encoded or placeholders such as ``${VAR}``."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{username}:{password}@{parts.netloc}"))


@dataclass(frozen=True, init=False)
class Index:
    """A package index (PEP 503), used only for named projects unless it is the default one.

    Args:
        url: The root of the index: ``https://…``, ``http://…``, ``file://…`` or a directory.  Credentials in it are
            kept in memory only and reach the installer through its environment.
        projects: Names of the projects that come from this index and from nowhere else (*explicit*).
        default: This index takes the place of the main index.
        credentials: Instead of in the URL; those in the URL come first.

    Raises:
        InvalidIndexError: the URL has no usable scheme or host, has a query, or names no existing directory; or a
            project's name is not one (PEP 503).
    """

    url: str
    projects: tuple[str, ...]
    default: bool
    credentials: Credentials | None = field(repr=False, compare=False)

    def __init__(
        self,
        url: str | os.PathLike[str],
        projects: Iterable[str] = (),
        *,
        default: bool = False,
        credentials: Credentials | None = None,
    ) -> None:
        clean, found = split_credentials(_absolute(url))
        for name, value in {
            "url": clean.rstrip("/"),
            "projects": _normalized(projects),
            "default": default,
            "credentials": found or credentials,
        }.items():
            object.__setattr__(self, name, value)

    @property
    def label(self) -> str:
        """A name for this index in the installer's configuration, derived from the URL."""
        return "index-" + hashlib.sha256(self.url.encode()).hexdigest()[:12]

    def for_projects(self, names: Iterable[str]) -> Index:
        """Return this index, explicit for *names* as well."""
        return Index(self.url, (*self.projects, *names), default=self.default, credentials=self.credentials)


def _normalized(names: Iterable[str]) -> tuple[str, ...]:
    """Return project names normalized (PEP 503), sorted, each once."""
    from packaging.utils import InvalidName, canonicalize_name

    if isinstance(names, str):
        names = (names,)
    found = set()
    for name in names:
        try:
            found.add(str(canonicalize_name(name, validate=True)))
        except InvalidName:
            raise InvalidIndexError(
                f"projects= names projects, and {redact(name)!r} is not a name",
                hint="leave out versions, extras and blanks",
                url="",
            ) from None
    return tuple(sorted(found))


def _absolute(url: str | os.PathLike[str]) -> str:
    text = os.fspath(url).strip()
    if "://" not in text:
        return _directory(text)
    try:
        parts = urlsplit(text)
        sound = parts.scheme == "file" or (parts.scheme in {"http", "https"} and bool(parts.hostname))
        sound = sound and parts.port != 0  # raises where it is not a number
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or any(char.isspace() or not char.isprintable() for char in text):
        raise InvalidIndexError(
            f"an index is an http, https or file URL without a query, or a directory; not {redact(text)!r}",
            hint="give the root of a simple repository, for example https://host/simple",
            url=text,
        )
    return text


def _directory(text: str) -> str:
    directory = Path(os.path.expanduser(text)).absolute()
    if not text or not directory.is_dir():
        channel = re.fullmatch(r"auto|cpu|xpu|cu\d+|rocm[\d.]+", os.path.basename(text))
        hint = (
            f"check the path; PyTorch's channel is written TorchIndex({channel[0]!r})" if channel else "check the path"
        )
        raise InvalidIndexError(f"no index at {text!r}: neither a URL nor a directory", hint=hint, url=text)
    return directory.as_uri()
