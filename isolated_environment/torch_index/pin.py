"""The pin: one channel and the exact version, label included, of every member of the family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .tables import FAMILY, FAMILY_ELSEWHERE

#: The channel's name where there is none: macOS takes torch from the main index.
NO_CHANNEL = "main index"


@dataclass(frozen=True)
class TorchPin:
    """What was decided; recorded in the receipt, and a law for every later build."""

    #: ``cu121``, ``cpu``, ``rocm6.4``, ``xpu``, or ``main index``.
    channel: str
    #: The channel's index, or ``None`` for the main index.
    url: str | None
    #: Project name to exact version with its label: ``torch`` to ``2.1.2+cu121``.
    versions: Mapping[str, str]
    #: Why this channel and release, one line each.
    reasons: tuple[str, ...] = ()
    #: The machine that it was decided for, in one line.
    machine: str = ""

    @property
    def requirements(self) -> tuple[str, ...]:
        """The exact pins, as constraints."""
        return tuple(f"{name}=={version}" for name, version in sorted(self.versions.items()))

    @property
    def label(self) -> str:
        """The local version that every member carries, such as ``cu121``; empty without a channel."""
        return "" if self.url is None else self.channel

    def described(self) -> str:
        """Return the pin in one line, for people."""
        why = f" ({self.reasons[0]})" if self.reasons else ""
        return f"{', '.join(self.requirements) or 'nothing yet'} from {self.channel}{why}"

    def with_versions(self, versions: Mapping[str, str]) -> TorchPin:
        """Return this pin with more members."""
        return replace(self, versions={**self.versions, **versions})

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "channel": self.channel,
            "url": self.url,
            "versions": dict(self.versions),
            "reasons": list(self.reasons),
            "machine": self.machine,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TorchPin:
        """Read what :meth:`as_json` wrote.

        Raises:
            KeyError, TypeError: it is not such a record.
        """
        return cls(
            record["channel"], record["url"], dict(record["versions"]), tuple(record["reasons"]), record["machine"]
        )


def belongs_to_family(name: str, channel: str) -> bool:
    """Return whether a project comes from the channel and from nowhere else.

    Args:
        name: Normalized.
        channel: ROCm and XPU channels bring compilers of their own.
    """
    if name in FAMILY:
        return True
    return channel.startswith(("rocm", "xpu")) and name.startswith(FAMILY_ELSEWHERE)
