"""Python programs that a test starts, talks to, and kills: hosts of this library with one thread to fork from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parent.parent.parent

#: How a program says one thing: a line, a JSON list.
SAY = """
import json, os, sys, threading, time
def say(*words):
    os.write(1, (json.dumps(words) + "\\n").encode())
"""

#: A program that calls into the environment whose path is its first argument.
CALLS = (
    SAY
    + """
import signal
from isolated_environment import IsolatedEnvironment, errors, host_function
env = IsolatedEnvironment(sys.argv[1], owner=None)
def quiet(**options):
    return env.worker(on_output=lambda line: None, **options)
"""
)


@contextmanager
def program(source: str, *arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run *source*; it is killed at the end of the block, if it still runs."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **options}
    with subprocess.Popen(command, cwd=CHECKOUT, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(process: subprocess.Popen[str]) -> list[Any]:
    """The next line of the program, a JSON list."""
    line = process.stdout.readline()  # type: ignore[union-attr]
    if not line:
        told = process.stderr.read() if process.stderr else "on this program's stderr"
        raise AssertionError(f"the program ended; why: {told}")
    return list(json.loads(line))


def descriptors(pid: int | None = None) -> dict[str, str]:
    """The open descriptors of a process, by default of this one, by number."""
    directory = Path("/proc", str(pid or "self"), "fd")
    found = {}
    for entry in directory.iterdir():
        try:
            found[entry.name] = os.readlink(entry)
        except OSError:  # the one that this listing used
            continue
    return found
