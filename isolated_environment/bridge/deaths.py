"""How a worker ended, as an error."""

from __future__ import annotations

import signal

from ..errors import WorkerDied, WorkerStartError


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
        f"the worker did not come up: {how}",
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
    shown = f"; its last lines:\n{tail}" if tail else ""
    hint = None
    if status == -signal.SIGKILL:
        hint = "if nobody killed it, the machine was out of memory: the kernel's log says so"
    return WorkerDied(
        f"the worker ended before it answered: {_how(status)}{shown}",
        hint=hint,
        signal=_signal_name(status),
        exit_code=status if status >= 0 else None,
        tail=tail,
    )


def _signal_name(status: int) -> str | None:
    if status >= 0:
        return None
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _how(status: int) -> str:
    return f"killed by {_signal_name(status)}" if status < 0 else f"exit code {status}"
