"""Where events go: to the application, to :mod:`logging`, to a terminal; and warnings."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable

from .events import (
    BuildStarted,
    Downloading,
    Event,
    Notice,
    Ready,
    Resolved,
    StepFinished,
    StepOutput,
    StepStarted,
    WaitingForLock,
)
from .redaction import redact
from .wording import counted

#: The library's logger; the application decides about handlers.
logger = logging.getLogger("isolated_environment")

_OURS = (os.path.join(os.path.dirname(os.path.abspath(__file__)), ""), contextlib.__file__)

#: Seconds until people are told again that one waits.
_AGAIN = 10.0


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
        self._told_of_waiting = -_AGAIN

    def report(self, event: Event) -> None:
        """Deliver *event*; what the application's callable raises ends the build."""
        level, text = wording_of(event)
        if isinstance(event, WaitingForLock):
            if event.waited - self._told_of_waiting >= _AGAIN:
                self._told_of_waiting = event.waited
            else:
                level = logging.DEBUG
        logger.log(level, text)
        if self._on_event is not None:
            self._on_event(event)
        elif self._to_terminal and level >= logging.INFO and not getattr(event, "is_brief", False):
            self.show(self._line(event, text))

    def _line(self, event: Event, text: str) -> str:
        """Who speaks, where a build begins, waits and ends; what it does, further in; and the seconds."""
        if self._subject is not None:
            text = text.replace(event.root, self._subject)
        if isinstance(event, (Ready, WaitingForLock)):  # these say themselves how long
            return f"isolated_environment: {text}\n"
        margin = "isolated_environment: " if isinstance(event, BuildStarted) else "  "
        elapsed = time.monotonic() - self._started
        return f"{margin}{text}" + (f" [{elapsed:.0f} s]\n" if elapsed >= 1 else "\n")

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


def wording_of(event: Event) -> tuple[int, str]:
    """Return the level of an event (of :mod:`logging`), and its text without credentials."""
    if isinstance(event, WaitingForLock):
        text = f"waiting for {event.root}: {event.holder}"
    elif isinstance(event, BuildStarted):
        text = f"building {event.root} ({event.reason})"
    elif isinstance(event, StepStarted):
        text = event.why
    elif isinstance(event, Resolved):
        text = f"{counted(event.count, 'distribution')} to install{_download(event)}"
    elif isinstance(event, Notice):
        text = event.text
    elif isinstance(event, Ready):
        text = f"{event.root} is ready, after {event.duration:.1f} s"
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
    more = f" and {counted(event.unsized, 'file')} of unknown size" if event.unsized else ""
    return f", {event.size / 1e6:.1f} MB{more} to download at most"


def warn(text: str) -> None:
    """Warn the application: the warning points at its line, not at one of ours."""
    from .errors import IsolatedEnvironmentWarning

    level, frame = 1, sys._getframe()  # noqa: SLF001 -- skip_file_prefixes came with Python 3.12
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, IsolatedEnvironmentWarning, stacklevel=level)
