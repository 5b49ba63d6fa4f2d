"""Many kills by one command: ``python -m tests.fault.kills --count 100 --seed 1``.

Prints the seed, what was wrong after each kill, and how many kills landed in which phase; exit code 1 when anything
was wrong.  ``--only N`` repeats one kill of a seed, ``--weakened`` shows that the killer finds a broken library.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.support.indexes import PackageIndex
from tests.support.killer import PROJECTS, Killer, make_bulk, tally, victims_environment


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", type=int, help="the number of one kill of the seed")
    parser.add_argument("--toolchain", choices=("uv", "pip"), default="uv")
    parser.add_argument("--weakened", action="store_true")
    options = parser.parse_args(arguments)
    numbers = range(options.count) if options.only is None else [options.only]
    projects = PROJECTS if options.toolchain == "uv" else PROJECTS[:1]
    print(f"toolchain {options.toolchain}, {len(numbers)} kills, seed {options.seed}", flush=True)
    started, outcomes = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        directory = Path(name)
        with PackageIndex(make_bulk(directory / "wheels")).running() as index:
            (directory / "roots").mkdir()
            killer = Killer(
                directory / "roots" / "env",
                victims_environment(directory, index.url),
                options.seed,
                toolchain=options.toolchain,
                projects=projects,
                weakened=options.weakened,
            )
            killer.learn()
            for number in numbers:
                outcomes.append(killer.kill(number))
                if outcomes[-1].problems:
                    print(outcomes[-1], flush=True)
    wrong = [outcome for outcome in outcomes if outcome.problems]
    landed = ", ".join(f"{phase} {count}" for phase, count in tally(outcomes).items())
    over = sum(outcome.over for outcome in outcomes)
    print(f"landed in: {landed}; {over} over an environment, {len(outcomes) - over} on nothing")
    print(f"{len(outcomes)} kills, {len(wrong)} with something wrong, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
