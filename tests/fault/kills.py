"""Many kills by one command: ``python -m tests.fault.kills --count 100 --seed 1``.

Prints the seed, what was wrong after each kill, and how many kills landed in which phase; exit code 1 when anything
was wrong.  ``--only N`` repeats one kill of a seed, ``--weakened`` shows that the killer finds a broken library,
``--sweep`` lets every file-system call of a build fail or be the last one.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.faults import WAYS
from tests.support.indexes import PackageIndex
from tests.support.killer import PROJECTS, Killer, Outcome, make_bulk, tally, victims_environment


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        directory = Path(name)
        size = {"modules": 3, "data": 3} if options.sweep else {}
        with PackageIndex(make_bulk(directory / "wheels", **size)).running() as index:
            (directory / "roots").mkdir()
            killer = Killer(
                directory / "roots" / "env",
                victims_environment(directory, index.url),
                options.seed,
                toolchain=options.toolchain,
                projects=PROJECTS[:1] if options.sweep or options.toolchain == "pip" else PROJECTS,
                weakened=options.weakened,
            )
            killer.learn()
            outcomes = []
            for outcome in _sweep(killer) if options.sweep else _kills(killer, options):
                outcomes.append(outcome)
                if outcome.problems:
                    print(outcome, flush=True)
    wrong = [outcome for outcome in outcomes if outcome.problems]
    landed = ", ".join(f"{phase} {count}" for phase, count in tally(outcomes).items())
    over = sum(outcome.over for outcome in outcomes)
    print(f"landed in: {landed}; {over} over an environment, {len(outcomes) - over} on nothing")
    what = "faults" if options.sweep else "kills"
    print(f"{len(outcomes)} {what}, {len(wrong)} with something wrong, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", type=int, help="the number of one kill of the seed")
    parser.add_argument("--toolchain", choices=("uv", "pip"), default="uv")
    parser.add_argument("--weakened", action="store_true")
    parser.add_argument("--sweep", action="store_true", help="every file-system call in turn, instead of moments")
    return parser.parse_args(arguments)


def _kills(killer: Killer, options: argparse.Namespace) -> Iterator[Outcome]:
    numbers = range(options.count) if options.only is None else [options.only]
    print(f"toolchain {options.toolchain}, {len(numbers)} kills, seed {options.seed}", flush=True)
    for number in numbers:
        yield killer.kill(number)


def _sweep(killer: Killer) -> Iterator[Outcome]:
    calls = killer.count_calls()
    print(f"{calls} calls, each in {len(WAYS)} ways, on nothing and over an environment", flush=True)
    for way in WAYS:
        for fresh in (True, False):
            for at in range(1, calls + 3):  # over an environment there are a few more
                yield killer.fail(at, way, fresh=fresh)


if __name__ == "__main__":
    sys.exit(main())
