"""Where PyTorch comes from: a channel of its index, or whichever fits the machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .errors import InvalidIndexError
from .index import Credentials, Index, split_credentials

#: The public index.  A mirror keeps its layout: ``<base>/<channel>/<project>/``.
BASE_URL = "https://download.pytorch.org/whl"

_CHANNEL = re.compile(r"(?:auto|cpu|xpu|cu[0-9]{2,3}|rocm[0-9]+(?:\.[0-9]+){0,2})\Z")
#: Below these everything is listed at once, and the label that sorts last wins: no source of anything.
_ROOTS = (BASE_URL, f"{BASE_URL}/nightly", f"{BASE_URL}/test")
_POLICIES = ("raise", "cpu")


@dataclass(frozen=True)
class TorchSource:
    """The request for a build of PyTorch.

    Args:
        channel: ``cu121``, ``cpu``, ``rocm6.4``, ``xpu`` …, or ``auto``: what fits the machine.
        base_url: The index's base, or a directory of the same layout; ``None``: the user's setting, else the public
            one.
        on_unusable_gpu: With ``auto``, what to do about a GPU that no build serves: ``raise``, or take the ``cpu``
            build.
    """

    channel: str
    base_url: str | None = None
    on_unusable_gpu: str = "raise"
    credentials: Credentials | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _CHANNEL.match(self.channel):
            raise InvalidIndexError(
                f"{self.channel!r} is not a channel of the PyTorch index",
                hint="write cpu, xpu, cu126, rocm6.4 …, or auto",
                url=self.channel,
            )
        if self.on_unusable_gpu not in _POLICIES:
            raise InvalidIndexError(
                f"on_unusable_gpu={self.on_unusable_gpu!r} is unknown",
                hint=f"give one of {', '.join(_POLICIES)}",
                url=self.channel,
            )
        if self.base_url is not None:
            # a directory becomes a URL, and the URL loses its credentials
            index = Index(self.base_url, default=True)
            object.__setattr__(self, "base_url", index.url)
            object.__setattr__(self, "credentials", index.credentials or self.credentials)

    def record(self) -> dict[str, Any]:
        """Return the JSON form, without credentials."""
        return {"channel": self.channel, "base_url": self.base_url, "on_unusable_gpu": self.on_unusable_gpu}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> TorchSource:
        """Read what :meth:`record` wrote."""
        return cls(record["channel"], record["base_url"], record["on_unusable_gpu"])

    def plain(self) -> TorchSource:
        """Return this request as a plain value, whatever class it was made with."""
        return TorchSource(self.channel, self.base_url, self.on_unusable_gpu, self.credentials)


def read_torch_source(given: object) -> TorchSource | None:
    """Read ``torch=``, or an ``index=`` that names a channel.

    Args:
        given: A :class:`TorchSource`; a channel's name or ``auto``; a URL whose last part is a channel; anything else.

    Returns:
        The request; ``None`` when *given* names no channel.

    Raises:
        InvalidIndexError: it is the root of the public index, which names no channel.
    """
    if isinstance(given, TorchSource):
        return given.plain()
    if not isinstance(given, str):
        return None
    text = given.strip()
    if _CHANNEL.match(text):
        return TorchSource(text)
    clean, credentials = split_credentials(text.rstrip("/"))
    base, slash, channel = clean.rpartition("/")
    if slash and _CHANNEL.match(channel) and channel != "auto" and urlsplit(clean).scheme in {"http", "https", "file"}:
        public = base == BASE_URL and credentials is None  # a mirror must not get what is meant for another host
        return TorchSource(channel, None if public else base, credentials=credentials)
    if clean in _ROOTS:
        raise InvalidIndexError(
            f"{clean} names no channel of the PyTorch index",
            hint=f"write {clean}/cu126, {clean}/cpu …",
            url=clean,
        )
    return None


def read_backend(text: str | None) -> str | None:
    """Read ``ISOLATED_ENVIRONMENT_TORCH_BACKEND``.

    Returns:
        A channel or ``mps``; ``None`` for ``auto`` and for nothing.

    Raises:
        InvalidIndexError: it names no channel.
    """
    word = (text or "auto").strip().lower()
    if word != "mps" and not _CHANNEL.match(word):
        raise InvalidIndexError(
            f"ISOLATED_ENVIRONMENT_TORCH_BACKEND is {word!r}, which is not a channel of the PyTorch index",
            hint="set it to auto, cpu, mps, xpu, cu126, rocm6.4 …, or unset it",
            url=word,
        )
    return None if word == "auto" else word
