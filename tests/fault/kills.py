"""Many kills by one command: ``python -m tests.fault.kills --count 100 --seed 1``.

Kills, Ctrl-C and dead installers in turn, while others read what is handed out, and collect.  Prints the seed, what
was wrong after each blow, and how many landed in which phase; exit code 1 when anything was wrong.  ``--only N``
repeats one blow of a seed, ``--weakened`` and ``--design NAME`` show that what is broken is found.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from isolated_environment.testing.indexes import PackageIndex
from tests.support.bulk import PROJECTS, make_bulk
from tests.support.killer import Killer, besiege, tally, victims_environment
from tests.support.weaker import DESIGNS


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    started = time.monotonic()
    numbers = range(options.count) if options.only is None else [options.only]
    print(f"toolchain {options.toolchain}, {len(numbers)} blows, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="kills-") as name, ExitStack() as stack:
        directory = Path(name)
        index = stack.enter_context(PackageIndex(make_bulk(directory / "wheels")).running())
        os.environ.update(victims_environment(directory, index.url))  # the readers take it from here
        (directory / "roots").mkdir()
        killer = Killer(
            directory / "roots" / "env",
            victims_environment(directory, index.url),
            options.seed,
            toolchain=options.toolchain,
            projects=PROJECTS[:1] if options.toolchain == "pip" else PROJECTS,
            weakened=options.weakened,
            design=options.design,
        )
        stack.callback(killer.close)
        killer.learn()
        outcomes = []
        for outcome in besiege(killer, numbers):
            outcomes.append(outcome)
            if outcome.problems:
                print(outcome, flush=True)
    wrong = [outcome for outcome in outcomes if outcome.problems]
    landed = ", ".join(f"{phase} {count}" for phase, count in tally(outcomes).items())
    over = sum(outcome.over for outcome in outcomes[:-1])
    print(f"landed in: {landed}; {over} over an environment, {len(numbers) - over} on nothing")
    print(f"{len(numbers)} blows, {len(wrong)} with something wrong, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", type=int, help="the number of one blow of the seed")
    parser.add_argument("--toolchain", choices=("uv", "pip"), default="uv")
    parser.add_argument("--weakened", action="store_true")
    parser.add_argument("--design", choices=DESIGNS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
