"""One of the many processes of the soak: builds, reads, upgrades, rolls back, collects, over and over.

It says what it did and what was wrong as one JSON line after each action; its seed decides what it does.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import isolated_environment.environment.handle
import isolated_environment.store.store
import isolated_environment.toolchains.uv  # noqa: F401 -- loaded once, before the forks
from isolated_environment import IsolatedEnvironment, errors
from tests.support.audit import audit, versions_in
from tests.support.bulk import PROJECTS, VERSIONS, asked

#: How often each action is chosen.
WEIGHTS = {"read": 60, "build": 12, "upgrade": 12, "roll back": 4, "collect": 12}
MODULES = 4
_IMPORT = (
    "import importlib, sys\n"
    f"names = [f'{{p}}.m{{n}}' for n in range({MODULES}) for p in {[p.replace('-', '_') for p in PROJECTS]!r}]\n"
    "first = {importlib.import_module(name).VERSION for name in names[::2]}\n"
    "sys.stdin.readline()\n"
    "print(*sorted(first | {importlib.import_module(name).VERSION for name in names[1::2]}))\n"
)


def serve(roots: list[Path], seed: str, report: int) -> None:
    """Act until the process is ended; never returns.  Ctrl-C ends it with 4, wherever it is."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _act(roots, random.Random(seed), report)
    except KeyboardInterrupt:
        os._exit(4)


def _act(roots: list[Path], chance: random.Random, report: int) -> None:
    while True:
        root, action = chance.choice(roots), chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        started, problems = time.monotonic(), []
        try:
            problems += ACTIONS[action](root, chance)
        except errors.BuildError as error:  # the only one that may be: somebody killed its installer
            problems += [f"{error.code}: {error}"] * (error.returncode != -signal.SIGKILL)
        except Exception:  # noqa: BLE001 -- whatever it is, it is wrong
            problems.append(traceback.format_exc())
        line = {"action": action, "root": root.name, "seconds": time.monotonic() - started, "problems": problems[:5]}
        os.write(report, json.dumps(line).encode()[:4000] + b"\n")


def build(root: Path, chance: random.Random) -> list[str]:
    version = chance.choice(VERSIONS)
    env = IsolatedEnvironment(root, asked(version), owner=None)
    return audit(env.ensure(), dict.fromkeys(PROJECTS, version), run=False)


def upgrade(root: Path, chance: random.Random) -> list[str]:
    IsolatedEnvironment(root, owner=None).pip_install(asked(chance.choice(VERSIONS)))
    return read(root, chance)


def read(root: Path, chance: random.Random) -> list[str]:
    """Import one half, wait, import the other half; what was handed out is whole at both times."""
    env = IsolatedEnvironment(root, owner=None)
    prefix = env.ensure()
    versions = versions_in(prefix)
    problems = [f"{prefix.name}: {line}" for line in audit(prefix, run=False)]
    pipes: dict[str, Any] = {"stdin": -1, "stdout": -1, "stderr": -1, "text": True}
    with env.popen(["python", "-I", "-c", _IMPORT], **pipes) as process:
        time.sleep(chance.uniform(0.0, 2.0))
        said, complaint = process.communicate("\n")
    if process.returncode != 0 or len(said.split()) != 1:
        problems.append(f"{prefix.name}: a reader imports {said.split()} {complaint}")
    if versions_in(prefix) != versions or set(versions.values()) != set(said.split()):
        problems.append(f"{prefix.name}: changed under its reader: {versions} {versions_in(prefix)} {said}")
    return problems + [f"{prefix.name}, later: {line}" for line in audit(prefix, run=False)]


def roll_back(root: Path, chance: random.Random) -> list[str]:
    env = IsolatedEnvironment(root, owner=None)
    try:
        env.rollback()
    except errors.RollbackError:
        return []
    return audit(env.ensure(), run=False)


def collect(root: Path, chance: random.Random) -> list[str]:
    IsolatedEnvironment(root, owner=None).gc(force=chance.random() < 0.9)
    return []


ACTIONS: dict[str, Callable[[Path, random.Random], list[str]]] = {
    "read": read,
    "build": build,
    "upgrade": upgrade,
    "roll back": roll_back,
    "collect": collect,
}
