"""Processes that a test started, directly or not, and their end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path


def is_running(pid: int) -> bool:
    """Return whether the process exists and is no zombie."""
    try:
        stat = Path("/proc", str(pid), "stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def parent_of(pid: int) -> int | None:
    """Return the parent of a process; ``None``: it is gone."""
    try:
        stat = Path("/proc", str(pid), "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def is_leader(pid: int) -> bool:
    """Return whether the process leads a group of its own."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and not yet waited for."""
    try:
        tasks = list(Path("/proc", str(pid), "task").iterdir())
        return [int(word) for task in tasks for word in (task / "children").read_text().split()]
    except OSError:
        return []


def group_of(pgid: int) -> list[int]:
    """Return the running processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == pgid and fields[0] not in {"Z", "X"}:
                found.append(int(entry.name))
    return found


def await_end(pids: Iterable[int], seconds: float) -> list[int]:
    """Wait until none of the process groups has a running member; return those that still have one."""
    deadline, left = time.monotonic() + seconds, list(pids)
    while left and time.monotonic() < deadline:
        left = [pid for pid in left if is_running(pid) or group_of(pid)]
        if left:
            time.sleep(0.01)
    return left
