"""How a worker ended, as an error."""

from __future__ import annotations

import signal

from ..errors import CallError, WorkerDied, WorkerStartError


def death_of(interpreter: str, status: int, tail: str, *, came_up: bool) -> CallError:
    """Return the error of a worker that ended before it answered.

    Args:
        interpreter: Its interpreter.
        status: The exit status, negative for a signal.
        tail: The last lines that it wrote.
        came_up: Whether it was heard of.
    """
    if not came_up:
        return WorkerStartError(
            f"the worker did not come up: {_how(status)}",
            hint=f"run {interpreter} by hand; if it does not start, env.remove() and build anew",
            interpreter=interpreter,
            tail=tail,
        )
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
