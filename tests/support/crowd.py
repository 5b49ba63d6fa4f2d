"""Many processes that use one environment at once: ``python -m tests.support.crowd PATH ROLE COUNT [ROLE COUNT …]``.

The processes are forked and wait at a gate, so that they begin together.  ``ask`` wants ``alpha`` once; ``read``,
``check`` and ``collect`` go on until stdin ends; ``check_exists`` and so on are the same for the designs of
:mod:`.weaker`.  At the end one line is printed: a JSON list of what each process has to say.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import isolated_environment.environment.handle
import isolated_environment.store.fulfilment
import isolated_environment.store.store  # noqa: F401 -- as above
from isolated_environment import IsolatedEnvironment, events
from tests.support.audit import audit, versions_in
from tests.support.bulk import asked
from tests.support.weaker import DESIGNS, Weaker

MODULES = 40
#: Imports every module of ``many`` and prints the versions that it met.
IMPORT = f"import importlib; print(*{{importlib.import_module(f'many.m{{n}}').VERSION for n in range({MODULES})}})"

_CHECKOUT = Path(__file__).parent.parent.parent


@contextmanager
def crowd(path: Path, **roles: int) -> Iterator[subprocess.Popen[str]]:
    """Run a crowd; the block may let it go on for a while.  Its answer is what :func:`said` returns."""
    words = [str(word) for role in roles.items() for word in role]
    command = [sys.executable, "-m", "tests.support.crowd", str(path), *words]
    with subprocess.Popen(command, cwd=_CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def said(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Let the crowd end, and return what each process of it says."""
    answer, _ = process.communicate(timeout=60)
    return list(json.loads(answer))


def ask(path: str, is_over: Callable[[], bool]) -> dict[str, Any]:
    del is_over
    builds: list[str] = []

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.BuildStarted):
            builds.append(event.generation)

    env = IsolatedEnvironment(path, ["alpha"], owner=None, on_event=on_event)
    return {"prefix": str(env.ensure()), "builds": builds, "problems": []}


def read(path: str, is_over: Callable[[], bool]) -> dict[str, Any]:
    """Import from whatever prefix is handed out, and keep the first one to the end."""
    first = IsolatedEnvironment(path, owner=None)
    wanted = _versions_in(first.ensure())
    rounds, problems = 0, []
    while not (rounds and is_over()):
        env = IsolatedEnvironment(path, owner=None)
        prefix = env.ensure()
        found = _versions_in(prefix)
        if found not in {"1.0", "2.0"}:
            problems.append(f"{prefix.name}: {found}")
        rounds += 1
    if _versions_in(first.ensure()) != wanted:
        problems.append("the first prefix changed")
    problems += audit(first.ensure(), {"many": wanted})
    return {"rounds": rounds, "problems": problems}


def check(path: str, is_over: Callable[[], bool], design: str | None = None) -> dict[str, Any]:
    """Compare whatever prefix is handed out with its RECORDs, at once and once more before it is let go."""
    rounds, problems = 0, []
    while not (rounds and is_over()):
        if design:
            prefix = Weaker(design, path, asked("1.0"), adopts=True).ensure()
        else:
            env = IsolatedEnvironment(path, owner=None)  # the name holds the lease
            prefix = env.ensure()
        versions = versions_in(prefix)
        if len(set(versions.values())) != 1:
            problems.append(f"{prefix.name}, handed out: {versions}")
        for length in (0.05, 0.2 if rounds % 2 else 1.0):  # the longer one outlasts what comes before an installation
            _rest(length)
            problems += [f"{prefix.name}, handed out: {line}" for line in audit(prefix, run=False)]
        if versions_in(prefix) != versions:
            problems.append(f"{prefix.name}, handed out, changed under its reader")
        rounds += 1
    return {"rounds": rounds, "problems": problems}


def collect(path: str, is_over: Callable[[], bool]) -> dict[str, Any]:
    rounds = 0
    while not (rounds and is_over()):
        IsolatedEnvironment(path, owner=None).gc(force=True)
        rounds += 1
        _rest()
    return {"rounds": rounds, "problems": []}


def _rest(seconds: float = 0.1) -> None:
    """Leave the processor to the others for a moment, unless it is over."""
    select.select([0], [], [], seconds)


def _versions_in(prefix: Path) -> str:
    answer = subprocess.run(
        [prefix / "bin" / "python", "-I", "-c", IMPORT], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or answer.stderr


ROLES: dict[str, Callable[[str, Callable[[], bool]], dict[str, Any]]] = {
    "ask": ask,
    "read": read,
    "check": check,
    "collect": collect,
    **{f"check_{design}": partial(check, design=design) for design in DESIGNS},
}


def main() -> None:
    path, *words = sys.argv[1:]
    roles = [role for name, count in zip(words[::2], words[1::2], strict=True) for role in [name] * int(count)]
    gate, opens = os.pipe()
    report, reports = os.pipe()
    for role in roles:
        if os.fork() == 0:
            os.close(opens)
            os.read(gate, 1)  # ends when every process has closed its copy
            try:
                result = ROLES[role](path, lambda: bool(select.select([0], [], [], 0)[0]))
            except BaseException:  # noqa: BLE001 -- whatever it is, it is the answer
                result = {"problems": [traceback.format_exc()]}
            os.write(reports, json.dumps({"role": role, **result}).encode() + b"\n")
            os._exit(0)
    os.close(opens)
    os.close(reports)
    with open(report, "rb") as lines:
        answers = [json.loads(line) for line in lines]
    for _ in roles:
        os.wait()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
