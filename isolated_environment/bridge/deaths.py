"""How a worker ended, as an error."""

from __future__ import annotations

import signal

from ..errors import WorkerDied, WorkerStartError

#: What a process does to itself.
_CRASHES = frozenset({"SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE"})


def not_started(interpreter: str, seconds: float | None, status: int, tail: str) -> WorkerStartError:
    """Return the error of a worker that did not come up.

    Args:
        interpreter: Its interpreter.
        seconds: How long it was waited for, unless it ended by itself.
        status: The exit status, negative for a signal.
        tail: The last lines that it wrote.
    """
    how = _how(status) if seconds is None else f"nothing was heard of it for {seconds:g} s"
    return WorkerStartError(
        f"the worker did not come up: {how}{_shown(tail)}",
        hint=f"run {interpreter} by hand; if it does not start, env.remove() and build anew",
        interpreter=interpreter,
        tail=tail,
    )


def death_of(status: int, tail: str) -> WorkerDied:
    """Return the error of a worker that ended before it answered.

    Args:
        status: The exit status, negative for a signal.
        tail: The last lines that it wrote.
    """
    return WorkerDied(
        f"the worker ended before it answered: {_how(status)}{_shown(tail)}",
        hint=_advice(status),
        signal=_signal_name(status),
        exit_code=status if status >= 0 else None,
        tail=tail,
    )


def _shown(tail: str) -> str:
    return f"; its last lines:\n{tail}" if tail else ""


def _advice(status: int) -> str:
    name = _signal_name(status)
    if name is None:
        return "find what ends the process there (os._exit, or a library's own exit), and let it raise instead"
    if name == "SIGKILL":
        return "if nobody killed it, the machine was out of memory: the kernel's log says so"
    if name in _CRASHES:
        return "native code crashed: try another release of the library that its last lines name"
    return "find out who sends it that signal"


def _signal_name(status: int) -> str | None:
    if status >= 0:
        return None
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _how(status: int) -> str:
    return f"killed by {_signal_name(status)}" if status < 0 else f"exit code {status}"
