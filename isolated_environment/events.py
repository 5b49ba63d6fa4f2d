"""What happens during a build, as frozen values, and where they go."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from .redaction import redact

#: The library's logger; the application decides about handlers.
logger = logging.getLogger("isolated_environment")

_OURS = (os.path.join(os.path.dirname(os.path.abspath(__file__)), ""), contextlib.__file__)


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


class Reporter:
    """Hands events to the application, to :mod:`logging`, and to a terminal on stderr.

    Args:
        root: The root that the events are about.
        on_event: The application's callable, or ``None``.  With one, nothing is written to the terminal.
        quiet: Never write to the terminal.
        subject: What is built, in words for people: the root by default.
    """

    def __init__(
        self,
        root: str,
        on_event: Callable[[Event], None] | None = None,
        *,
        quiet: bool = False,
        subject: str | None = None,
    ) -> None:
        self.root = root
        self._on_event = on_event
        self._subject = subject
        self._to_terminal = on_event is None and not quiet and _is_terminal(sys.stderr)
        self._started = time.monotonic()

    def report(self, event: Event) -> None:
        """Deliver *event*; what the application's callable raises ends the build."""
        level, text = _wording(event)
        logger.log(level, text)
        if self._on_event is not None:
            self._on_event(event)
        elif self._to_terminal and level >= logging.INFO:
            if self._subject is not None:
                text = text.replace(event.root, self._subject)
            elapsed = time.monotonic() - self._started
            self.show(f"isolated_environment: {text} [{elapsed:.0f} s]\n")

    @property
    def is_watched(self) -> bool:
        """Whether anybody sees what is told: the application, or somebody at a terminal."""
        return self.has_listener or self._to_terminal

    @property
    def has_listener(self) -> bool:
        """Whether the application wants to know how far downloads are."""
        return self._on_event is not None

    @property
    def screen(self) -> int | None:
        """The descriptor of the terminal that progress is shown on, if it is."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return sys.stderr.fileno() if self._to_terminal else None
        return None

    def show(self, text: str) -> None:
        """Write to the terminal; one that went away ends no build."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):  # None under pythonw, closed
        return False


def _wording(event: Event) -> tuple[int, str]:
    if isinstance(event, WaitingForLock):
        text = f"waiting for {event.root}: {event.holder}"
    elif isinstance(event, BuildStarted):
        text = f"building {event.root} ({event.reason})"
    elif isinstance(event, StepStarted):
        text = event.why
    elif isinstance(event, Resolved):
        text = f"{event.count} distribution(s) to install{_download(event)}"
    elif isinstance(event, Notice):
        text = event.text
    elif isinstance(event, Ready):
        text = f"ready: {event.root} in {event.duration:.1f} s"
    elif isinstance(event, StepOutput):
        return logging.DEBUG, redact(event.line)
    elif isinstance(event, Downloading):
        return logging.DEBUG, redact(f"{event.name}: {event.done} of {event.total} bytes")
    elif isinstance(event, StepFinished):
        return logging.DEBUG, f"{event.step} took {event.duration:.2f} s"
    else:
        return logging.DEBUG, repr(event)
    return logging.INFO, redact(text)


def _download(event: Resolved) -> str:
    if not event.size:
        return ""
    more = f" and {event.unsized} file(s) of unknown size" if event.unsized else ""
    return f", {event.size / 1e6:.1f} MB{more} to download at most"


def warn(text: str) -> None:
    """Warn the application: the warning points at its line, not at one of ours."""
    from .errors import IsolatedEnvironmentWarning

    level, frame = 1, sys._getframe()  # noqa: SLF001 -- skip_file_prefixes came with Python 3.12
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, IsolatedEnvironmentWarning, stacklevel=level)
