"""Running the steps of a build: scrubbed environment, own process group, every line captured and redacted."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..environ import host_environment, patch_for_installer
from ..errors import BuildError
from ..events import StepFinished, StepOutput, StepStarted
from ..layout import WINDOWS
from ..plan import Stage, Step
from ..redaction import redact
from ..reporter import Reporter
from .diagnosis import diagnose
from .downloads import Downloads, is_raw
from .ending import chunks, end, ended_with_us, finish
from .screen import Screen, attach, open_terminal, plain

#: Lines of a step's output that an error carries.
TAIL = 50

_LOG_LIMIT = 8 << 20  # bytes of output of one step that the log keeps
_LONGEST = 1 << 14  # bytes of a line
_WIDTH = 2000  # characters of a line that an error carries


class Runner:
    """Runs stages in one working directory and keeps the log.

    Args:
        work: The working directory; exists.
        log_path: The log; made here.
        reporter: Where events go.
        secrets: Strings that must appear nowhere.
        keeps_log: Whether the log is there when an error is read; else none names it.
    """

    def __init__(
        self, work: Path, log_path: Path, reporter: Reporter, secrets: tuple[str, ...], *, keeps_log: bool = True
    ) -> None:
        self._work = work
        self._log_path = log_path
        self._keeps_log = keeps_log
        self._reporter = reporter
        self._secrets = secrets

    def run(self, stage: Stage, meanwhile: Callable[[], object] | None = None) -> None:
        """Write the stage's files, then run its steps, each to a successful end.

        Args:
            stage: What to run.
            meanwhile: What this process does while the first step runs, whose output is read afterwards; without a
                step, at once.

        Raises:
            BuildError: a step failed; the subclass says how.
            OSError: a file cannot be written.
        """
        for name, text in stage.files.items():
            self._write(name, text)
        with self._log_path.open("a", encoding="utf-8", errors="replace") as log:
            for step in stage.steps:
                self._run(step, log, meanwhile)
                meanwhile = None
        if meanwhile is not None:
            meanwhile()

    def _write(self, name: str, content: str | bytes) -> None:
        path = self._work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)

    def _run(self, step: Step, log: IO[str], meanwhile: Callable[[], object] | None) -> None:
        argv = tuple(redact(word, self._secrets) for word in step.argv)
        self._reporter.report(StepStarted(self._reporter.root, step.name, step.why, argv, step.is_brief))
        log.write(f"$ {' '.join(argv)}\n")
        started = time.monotonic()
        tail: deque[str] = deque(maxlen=TAIL)
        process, is_terminal = self._start(step)
        try:
            with ended_with_us(process):
                if meanwhile is not None:
                    meanwhile()
                for line in self._lines(process, log, step, is_terminal=is_terminal):
                    tail.append(line[:_WIDTH])
                    self._reporter.report(StepOutput(self._reporter.root, step.name, line))
                returncode = finish(process)
        except BaseException:
            end(process)
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
        duration = time.monotonic() - started
        log.write(f"exit {returncode} after {duration:.2f} s\n")
        log.flush()
        if returncode != 0:
            raise self._failure(step.name, argv, returncode, tuple(tail))
        self._reporter.report(StepFinished(self._reporter.root, step.name, duration))

    def _start(self, step: Step) -> tuple[subprocess.Popen[bytes], bool]:
        """Start a step; whether it has a terminal: on the user's, or to tell the application how far it is."""
        screen = self._reporter.screen
        listens = self._reporter.has_listener
        if listens and step.telling:
            return self._spawn(step, {**step.env, **step.telling}, subprocess.PIPE), False
        wanted = bool(step.silencing) and (screen is not None or listens)
        terminal = open_terminal(screen) if wanted else None
        if terminal is None:
            return self._spawn(step, step.env, subprocess.PIPE), False
        ours, theirs = terminal
        env = {name: value for name, value in step.env.items() if name not in step.silencing}
        if screen is None:
            env["TERM"] = "xterm"  # on a terminal without a name uv draws nothing
        try:
            process = self._spawn(step, env, theirs)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        attach(process, ours)
        return process, True

    def _spawn(self, step: Step, env: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
        flags = {"creationflags": subprocess.CREATE_NO_WINDOW} if WINDOWS else {}  # type: ignore[attr-defined]
        try:
            return subprocess.Popen(
                step.argv,
                cwd=self._work,
                env=patch_for_installer(env).apply(host_environment()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # no controlling terminal: nothing can ask for a password, and Ctrl-C reaches the host alone
                start_new_session=True,
                umask=narrowed_umask(),
                **flags,
            )
        except OSError as error:
            raise self._failure(step.name, step.argv, 127, (f"error: {error}",)) from error

    def _failure(self, name: str, argv: tuple[str, ...], returncode: int, tail: tuple[str, ...]) -> BuildError:
        return diagnose(name, argv, returncode, tail, self._log_path, keeps_log=self._keeps_log)

    def _lines(self, process: subprocess.Popen[bytes], log: IO[str], step: Step, *, is_terminal: bool) -> Iterator[str]:
        """The output by lines; ends when the step has ended, also when a daemon it left keeps the pipe open."""
        kept, rest, screen = 0, b"", Screen()
        downloads = Downloads(self._reporter.root, step.name) if self._reporter.has_listener else None
        for chunk in chunks(process):
            if downloads is not None:
                for event in downloads.read(chunk):
                    self._reporter.report(event)
            elif is_terminal:
                self._reporter.show(redact(screen.shown(chunk), self._secrets))
            lines, rest = _split(rest + chunk, is_terminal=is_terminal)
            for raw in lines:
                line = redact(raw.decode("utf-8", "replace").rstrip(), self._secrets)
                if not line or is_raw(line):
                    continue
                kept += len(raw)
                if kept < _LOG_LIMIT:
                    log.write(f"{line}\n")
                yield line
        if rest:
            line = redact(rest.decode("utf-8", "replace").rstrip(), self._secrets)
            log.write(f"{line}\n")
            yield line


def _split(output: bytes, *, is_terminal: bool) -> tuple[list[bytes], bytes]:
    """The lines that are whole, and the rest; a rest that is too long is a line too, unless it is only drawn."""
    if is_terminal:
        *whole, rest = output.split(b"\n")
        lines = list(map(plain, whole))
    else:
        *lines, rest = output.replace(b"\r", b"\n").split(b"\n")
    if len(rest) <= _LONGEST:
        return lines, rest
    if is_terminal and b"\r" in rest:  # drawn again and again: only the last of it can still become a line
        return lines, rest[rest.rindex(b"\r") :]
    return [*lines, plain(rest) if is_terminal else rest], b""


def narrowed_umask() -> int:
    """Return this process's umask, but none that lets everybody write a file: it would be executed."""
    if WINDOWS:
        return -1
    return _current_umask() | 0o002


def everybody_may_write() -> bool:
    """Return whether this process's umask gives everybody the right to write what it makes."""
    return not WINDOWS and not _current_umask() & 0o002


def _current_umask() -> int:
    with suppress(OSError), open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        for line in status:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    mask = os.umask(0o077)  # elsewhere there is no other way to ask; for this moment other threads' files are private
    os.umask(mask)
    return mask
