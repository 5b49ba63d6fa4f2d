"""Many processes and a killer for as long as wanted: ``python -m tests.fault.soak --minutes 20 --seed 1``.

Fifty processes build, read, upgrade, roll back and collect three environments; one after the other is killed, hears
Ctrl-C, is stopped for a while, or loses its installer, and another takes its place.  Every environment that is handed
out is compared with its RECORDs' hashes.  The seed decides what each process does and who is struck how; exit code 1
when anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from isolated_environment import IsolatedEnvironment
from isolated_environment.testing.indexes import PackageIndex
from tests.support.audit import audit
from tests.support.bulk import PROJECTS, asked, make_bulk
from tests.support.killer import victims_environment
from tests.support.leftovers import generations, leftovers
from tests.support.processes import await_end, children_of, is_leader
from tests.support.soldier import MODULES, serve

#: Whom to strike and how; an installer is struck only where there is one.
BLOWS = ("kill", "kill", "kill", "interrupt", "installer", "installer", "stop")


class Soak:
    """One soak.

    Args:
        directory: For everything; empty.
        seed: Decides what happens.
        processes: How many at a time.
        roots: How many environments.
    """

    def __init__(self, directory: Path, seed: int, processes: int, roots: int) -> None:
        self._chance = random.Random(seed)
        self._seed = seed
        self.roots = [directory / "roots" / f"env-{number}" for number in range(roots)]
        self.roots[0].parent.mkdir()
        self._slots: dict[int, int] = {}
        self._lives: Counter[int] = Counter()
        self._processes = processes
        self._report, self._reports = os.pipe()
        self._rest = b""
        self._stopped: dict[int, float] = {}
        self._orphans: set[int] = set()
        self.actions: Counter[str] = Counter()
        self.blows: Counter[str] = Counter()
        #: Blows by what the one who was struck was doing.
        self.landed: Counter[str] = Counter()
        self.problems: list[str] = []
        self.slowest: dict[str, float] = {}
        self.most = 0

    def run(self, seconds: float) -> None:
        """Go on for so long, then let everybody end, and look at what is left."""
        for root in self.roots:
            IsolatedEnvironment(root, asked("1.0"), owner=None).install_environment()
        try:
            self._go_on(time.monotonic() + seconds)
        finally:
            self._end()

    def _go_on(self, end: float) -> None:
        for slot in range(self._processes):
            self._start(slot)
        next_look = 0.0
        while time.monotonic() < end:
            until = time.monotonic() + self._chance.uniform(0.05, 0.6)
            while (left := until - time.monotonic()) > 0:
                self._listen(left)
            self._strike()
            self._wake()
            self._reap()
            if time.monotonic() > next_look:
                next_look = time.monotonic() + 2.0
                self.most = max(self.most, *(len(generations(root)) for root in self.roots))

    def look(self) -> None:
        """What a new process is given, and what is left when nobody uses anything."""
        for root in self.roots:
            env = IsolatedEnvironment(root, asked("2.0"), owner=None)
            self.problems += [f"at the end: {line}" for line in audit(env.ensure(), dict.fromkeys(PROJECTS, "2.0"))]
            env.gc(force=True)
            self.problems += [f"left: {line}" for line in leftovers(root)]
        self.problems += [f"left: {path.name}" for path in self.roots[0].parent.iterdir() if path not in self.roots]

    def _start(self, slot: int) -> None:
        self._lives[slot] += 1
        pid = os.fork()
        if pid == 0:
            os.close(self._report)
            os.nice(3)  # the killer comes first
            try:
                serve(self.roots, f"{self._seed}/{slot}/{self._lives[slot]}", self._reports)
            finally:
                os._exit(70)
        self._slots[pid] = slot

    def _strike(self) -> None:
        pid = self._chance.choice(sorted(self._slots, key=self._slots.__getitem__))
        blow = self._chance.choice(BLOWS)
        if blow == "installer":
            pids = [child for parent in self._slots for child in children_of(parent) if is_leader(child)]
            if not pids:
                return
            pid = self._chance.choice(pids)
        builds = bool(children_of(pid)) and blow != "installer"
        self.blows[blow] += 1
        self.landed["in an installer" if blow == "installer" else "with a child" if builds else "without a child"] += 1
        self._orphans.update(children_of(pid))
        number = {"interrupt": signal.SIGINT, "stop": signal.SIGSTOP}.get(blow, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if blow == "stop":
            self._stopped[pid] = time.monotonic() + self._chance.uniform(0.2, 3.0)

    def _wake(self) -> None:
        for pid, until in list(self._stopped.items()):
            if time.monotonic() > until:
                del self._stopped[pid]
                if pid in self._slots:
                    os.kill(pid, signal.SIGCONT)

    def _reap(self) -> None:
        """Put another in the place of each that has ended; one that ends by itself is wrong."""
        for pid in list(self._slots):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                slot = self._slots.pop(pid)
                code = os.waitstatus_to_exitcode(status)
                if code not in {-signal.SIGKILL, -signal.SIGINT, 4}:
                    self.problems.append(f"process {slot} ends with {code}")
                self._start(slot)

    def _listen(self, seconds: float) -> None:
        ready, _, _ = select.select([self._report], [], [], seconds)
        if not ready:
            return
        *lines, self._rest = (self._rest + os.read(self._report, 1 << 16)).split(b"\n")
        for line in lines:
            said = json.loads(line)
            self.actions[said["action"]] += 1
            self.slowest[said["action"]] = max(self.slowest.get(said["action"], 0.0), said["seconds"])
            for problem in said["problems"]:
                self.problems.append(f"{said['action']} {said['root']}: {problem}")

    def _end(self) -> None:
        for pid in self._slots:
            self._orphans.update(children_of(pid))
            os.kill(pid, signal.SIGKILL)
        for pid in self._slots:
            os.waitpid(pid, 0)
        os.close(self._report)
        os.close(self._reports)
        self.problems += [f"child {pid} does not end" for pid in await_end(self._orphans, 60)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--roots", type=int, default=3)
    options = parser.parse_args(arguments)
    print(f"{options.processes} processes, {options.minutes} minutes, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        soak = _soak(Path(name), options)
    print(*soak.problems, sep="\n")
    print(f"actions: {dict(soak.actions)}, the slowest in s: { {k: round(v, 1) for k, v in soak.slowest.items()} }")
    print(f"blows: {dict(soak.blows)}, {dict(soak.landed)}; at most {soak.most} generations of a root")
    print(f"{sum(soak.actions.values())} results, {sum(soak.blows.values())} blows, {len(soak.problems)} wrong")
    return 1 if soak.problems else 0


def _soak(directory: Path, options: argparse.Namespace) -> Soak:
    """The index has threads, so it runs in a process of its own: the processes are forked."""
    here, there = os.pipe()
    server = os.fork()
    if server == 0:
        os.close(here)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        wheels = make_bulk(directory / "wheels", modules=MODULES, data=60)
        with PackageIndex(wheels, immutable=True).running() as index:
            os.write(there, index.url.encode())
            signal.pause()
        os._exit(0)
    os.close(there)
    try:
        with os.fdopen(here, "rb", buffering=0) as file:
            url = file.read(1000).decode()
        environ = victims_environment(directory, url)
        os.environ.clear()
        os.environ.update(environ)
        soak = Soak(directory, options.seed, options.processes, options.roots)
        soak.run(options.minutes * 60)
        soak.look()
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
    return soak


if __name__ == "__main__":
    sys.exit(main())
