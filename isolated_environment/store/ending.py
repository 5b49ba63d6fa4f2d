"""When an installer's process is over: its output read to the end, and nothing that it started in its group left.

A child that is left behind would go on writing into a generation after it was verified, and may hold the pipe open.
The process is reaped last: until then nobody else can have its process group's number.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from ..environ import host_environment
from ..layout import WINDOWS

#: Seconds that a process has to end by itself when the build is given up.
GRACE = 2.0
#: Seconds that output is still read after the process has ended, when others write to its pipe.
LINGER = 0.5

_running: dict[tuple[int, int], subprocess.Popen[bytes]] = {}

_CHUNK = 1 << 16
_TICK = 0.1  # seconds


def chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield the output; it ends with the process, also when a child that it left keeps the pipe open."""
    if process.stdout is None:
        return
    fd = process.stdout.fileno()
    last: float | None = None
    while last is None or time.monotonic() < last:
        if not WINDOWS:
            if last is None and has_ended(process):
                last = time.monotonic() + LINGER
            ready, _, _ = select.select([fd], [], [], 0 if last else _TICK)
            if not ready:
                if last is not None:
                    return
                continue
        try:
            chunk = os.read(fd, _CHUNK)
        except OSError as error:
            if error.errno != errno.EIO:  # that is how a pseudo-terminal says that nobody is left (Linux)
                raise
            return
        if not chunk:
            return
        yield chunk


@contextlib.contextmanager
def ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let the process die when this interpreter ends meanwhile: a build in a daemon thread is cut off by that.

    Args:
        process: Leads its group.
    """
    key = os.getpid(), process.pid  # a forked child that ends is not us
    _running[key] = process
    try:
        yield
    finally:
        _running.pop(key, None)


def _end_all() -> None:
    for (owner, _), process in list(_running.items()):
        if owner == os.getpid() and not has_ended(process):
            _signal(process, "SIGKILL")
            if WINDOWS:
                process.kill()


atexit.register(_end_all)


def finish(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process, kill what it left in its group, and return its exit code."""
    while not WINDOWS and not has_ended(process, wait=True):
        time.sleep(_TICK)
    _signal(process, "SIGKILL")
    return process.wait()


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its group: ask, wait, kill; a second interrupt meanwhile kills at once."""
    if WINDOWS:
        taskkill = Path(host_environment().get("SystemRoot", "C:\\Windows"), "System32", "taskkill.exe")
        subprocess.run([str(taskkill), "/T", "/F", "/PID", str(process.pid)], check=False, capture_output=True)
        process.wait()
        return
    try:
        _signal(process, "SIGTERM")
        deadline = time.monotonic() + GRACE
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        _signal(process, "SIGKILL")
        process.wait()


def has_ended(process: subprocess.Popen[bytes], *, wait: bool = False) -> bool:
    """Return whether the process has ended, without reaping it where the platform can.

    Args:
        process: The process.
        wait: Wait for its end first, where the platform can.
    """
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | (0 if wait else os.WNOHANG)) is not None
    except ChildProcessError:  # somebody else reaped it: SIGCHLD is ignored, or a wait for any child
        return True


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    if not WINDOWS:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, getattr(signal, name))
