"""What happens during a build, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """What all events share."""

    #: Absolute path of the root that is being built.
    root: str


@dataclass(frozen=True)
class WaitingForLock(Event):
    """Another process builds or collects in this root."""

    #: pid, command, age and phase of the holder, as one line.
    holder: str
    #: Seconds waited so far.
    waited: float


@dataclass(frozen=True)
class BuildStarted(Event):
    """A new generation is being built."""

    generation: str
    #: Why what was there does not serve.
    reason: str


@dataclass(frozen=True)
class Resolved(Event):
    """It is known what will be installed; nothing of it was downloaded yet."""

    #: Distributions.
    count: int
    #: Bytes to download at most: what the installer has in its cache is not downloaded.
    size: int
    #: Files whose size the index does not tell.
    unsized: int


@dataclass(frozen=True)
class StepStarted(Event):
    """A step of the build begins."""

    step: str
    #: What the step does, in words.
    why: str
    #: Its command line, without credentials.
    argv: tuple[str, ...]
    #: Whether it is over before anybody could read of it.
    is_brief: bool = False


@dataclass(frozen=True)
class StepOutput(Event):
    """One line that a step printed, without credentials."""

    step: str
    line: str


@dataclass(frozen=True)
class Downloading(Event):
    """How far one download is; at most ten a second of each, and none of what is small.

    Told to the application alone, and by the installers that tell it: pip, and uv where there are pseudo-terminals.
    """

    step: str
    #: The distribution, as the installer calls it.
    name: str
    #: Bytes that have arrived; uv tells them to three digits.
    done: int
    #: Bytes to download; 0: unknown.
    total: int


@dataclass(frozen=True)
class StepFinished(Event):
    """A step of the build ended well."""

    step: str
    #: Seconds.
    duration: float


@dataclass(frozen=True)
class Notice(Event):
    """Something the user may want to know; nothing failed."""

    text: str


@dataclass(frozen=True)
class Ready(Event):
    """The environment is ready."""

    generation: str
    #: Seconds since the build started.
    duration: float
