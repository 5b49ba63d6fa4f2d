"""From an installer's output to a typed error that says what happened and what to do."""

from __future__ import annotations

import contextlib
import errno
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import (
    BuildError,
    DiskFullError,
    IndexUnreachableError,
    IsolatedEnvironmentError,
    ReadOnlyLocationError,
    ResolutionError,
    StoreError,
    VerificationError,
)
from ..receipt import Unusable

_DISK = re.compile(r"no space left on device|os error 28\b|errno 28\b|disk quota exceeded", re.IGNORECASE)
_OFFLINE = re.compile(r"network was disabled|network connectivity is disabled", re.IGNORECASE)
_DENIED = re.compile(r"\b(401|403|407)\b.{0,40}(unauthorized|forbidden|client error|proxy)", re.IGNORECASE)
_UNREACHABLE = re.compile(
    r"request failed after|error sending request|failed to fetch|could not connect|tcp connect error|dns error"
    r"|connection (refused|reset|broken|aborted)|newconnectionerror|max retries exceeded|name resolution"
    r"|read timed out|operation timed out|incompleteread|unexpected eof|error decoding response body"
    r"|incomplete-download|not a trusted or secure host|connection error"
    r"|ssl(error| certificate)|certificate verify failed",
    re.IGNORECASE,
)
_CUT_OFF = re.compile(r"has an invalid package format|failed to read from zip file", re.IGNORECASE)
_UNSOLVABLE = re.compile(
    r"no solution found|resolutionimpossible|no matching distribution found|conflicting dependencies"
    r"|requires a different python|not found in the package registry|was not found in the cache",
    re.IGNORECASE,
)
_HASH = re.compile(
    r"hash mismatch|do not match the hashes|hashes are required|computed hash|but the lockfile records", re.IGNORECASE
)
_TORN = re.compile(r"the wheel is invalid|archive-v\d+", re.IGNORECASE)  # uv, about what it had unpacked before
_CAUSE = re.compile(r"^(?:error|cause|ERROR):?\s*|^\s*(?:cause:|╰─▶|├─▶)\s*", re.IGNORECASE)

_Kind = type[BuildError]


def diagnose(
    step: str, argv: tuple[str, ...], returncode: int, tail: tuple[str, ...], log_path: Path, *, keeps_log: bool = True
) -> BuildError:
    """Make the error for a step that failed.

    Args:
        step: Its name.
        argv: Its command line, redacted.
        returncode: Its exit code; negative: the signal that ended it.
        tail: Its last lines, redacted.
        log_path: Where the rest is.
        keeps_log: Whether it is there when the error is read; else the error does not name it.

    Returns:
        A :class:`BuildError` of the class that fits.
    """
    text = "\n".join(tail)
    kind, summary, hint = _classified(text, returncode)
    detail = _sentence(tail, kind)
    log = str(log_path) if keeps_log else None
    fields = {"step": step, "argv": argv, "returncode": returncode, "tail": tail, "log_path": log}
    if kind is DiskFullError:
        fields.update(path=str(log_path.parent.parent), needed=0, free=0)
    if kind is VerificationError:
        fields.update(damage=tuple(line for line in tail if _HASH.search(line) or _TORN.search(line)))
    message = f"{step}: {summary}" + (f": {detail}" if detail else "")
    return kind(message, hint=hint, **fields)


@contextlib.contextmanager
def typed_errors(root: str) -> Iterator[None]:
    """Let an operating-system call of ours that fails inside end in a :class:`StoreError`.

    Args:
        root: The root that is being worked on.
    """
    try:
        yield
    except IsolatedEnvironmentError:
        raise
    except Unusable as reason:
        hint = "check the path and its disk, then try again"
        raise StoreError(f"{root} cannot be used: {reason}", hint=hint) from reason
    except OSError as error:
        raise _typed(error, root) from error


def _typed(error: OSError, root: str) -> StoreError:
    """Make the error for an operating-system call of ours that failed.

    Args:
        error: What the call raised.
        root: The root that was being worked on.
    """
    elsewhere = error.filename and str(error.filename) != root
    what = f"{error.strerror or error}" + (f": {error.filename}" if elsewhere else "")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError(
            f"{root} cannot be written: {what}",
            hint="free space on that disk, then try again",
            step="store",
            path=root,
            needed=0,
            free=0,
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return ReadOnlyLocationError(
            f"{root} cannot be written: {what}",
            hint="run once as a user who may write there, or choose another path",
            path=root,
        )
    return StoreError(f"{root} cannot be used: {what}", hint="check the path and its disk")


def _classified(text: str, returncode: int) -> tuple[_Kind, str, str | None]:
    rules: list[tuple[Callable[[str], object], _Kind, str, str]] = [
        (
            _DISK.search,
            DiskFullError,
            "the disk is full",
            "free space on the environment's disk, then try again",
        ),
        (
            _HASH.search,
            VerificationError,
            "a file is not what the lock says",
            "the index or the bundle has an altered file: find out why",
        ),
        (
            _OFFLINE.search,
            IndexUnreachableError,
            "offline, and not in the cache",
            "allow the network once, or give a wheelhouse by options=['--find-links', DIR]",
        ),
        (_DENIED.search, IndexUnreachableError, "an index refused", "check the index's URL and credentials"),
        (
            _UNREACHABLE.search,
            IndexUnreachableError,
            "an index could not be reached",
            "check the network, the proxy and the index's URL, then try again",
        ),
        (
            _CUT_OFF.search,
            IndexUnreachableError,
            "an index sent a file that is cut off or damaged",
            "try again; if that does not help, the file on the index is damaged",
        ),
        (
            _UNSOLVABLE.search,
            ResolutionError,
            "no versions satisfy the request",
            "check the names and versions asked for, and python=",
        ),
        (
            _TORN.search,
            VerificationError,
            "a wheel is damaged",
            "the installer's cache is damaged, or the file on the index",
        ),
    ]
    for matches, kind, summary, hint in rules:
        if matches(text):
            return kind, summary, hint
    if returncode < 0:
        name = signal.Signals(-returncode).name if -returncode in set(signal.Signals) else str(-returncode)
        killed = "if nobody killed it, the machine was out of memory: the kernel's log says so"
        hint = killed if name == "SIGKILL" else "try again"
        return BuildError, f"ended by {name}", hint
    hint = "read the last lines, and the log if there is more: they say why"
    return BuildError, f"failed with exit code {returncode}", hint


def _sentence(tail: tuple[str, ...], kind: _Kind) -> str:
    """The line that says most: what the resolver concluded, or the first error."""
    marks = (_UNSOLVABLE, re.compile("because", re.IGNORECASE)) if kind is ResolutionError else (_CAUSE,)
    for mark in reversed(marks):
        for number, line in enumerate(tail):
            if mark.search(line):
                return _whole(tail[number:])[:500]
    return ""


def _whole(lines: tuple[str, ...]) -> str:
    """The first line without its prefix, and those below it that uv broke off at the width of a terminal."""
    prefix = _CAUSE.match(lines[0])
    start = prefix.end() if prefix else 0
    words = [lines[0][start:]]
    for line in lines[1:]:
        if not start or len(line) - len(line.lstrip()) < start:
            break
        words.append(line)
    return " ".join(word.strip() for word in words)
