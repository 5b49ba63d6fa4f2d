"""``python -m benchmarks``: creating next to raw uv and its kin; the warm path, calls and arrays next to their floors.

Needs the package registry; the caches are warm for all alike after the first round, which is not counted, but where a
table says that they are empty.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

from isolated_environment import IsolatedEnvironment

from . import arrays, askers, calls, creation, page, plots, storage, warm
from .clock import Plot, Table
from .peer import Peers

#: By the names that ``--only`` takes: what yields tables and plots, given a directory, the peers and the rounds.
PARTS: dict[str, Callable[[Path, Peers, int], Iterator[Table | Plot]]] = {
    "create": creation.measure,
    "cold": lambda directory, _, rounds: storage.measure_cold(directory, rounds),
    "disk": lambda directory, _, rounds: storage.measure_disk(directory, rounds),
    "askers": lambda directory, _, rounds: askers.measure(directory, rounds),
    "warm": lambda directory, _, rounds: warm.measure(directory, rounds),
    "calls": lambda directory, peers, rounds: calls.measure(_environment(directory, "numpy"), peers, rounds),
    "arrays": lambda directory, peers, rounds: arrays.measure(_environment(directory, "numpy"), peers, rounds),
}
PAGE = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "performance.md"


def main() -> int:
    """Run the measurements and print Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is measured")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--json", type=Path, help="write every time, in seconds, into this file")
    parser.add_argument("--write", action="store_true", help=f"put tables and plots into {PAGE.name} and beside it")
    arguments = parser.parse_args()
    if not set(PARTS).issuperset(arguments.only):
        parser.error(f"--only takes {', '.join(PARTS)}")
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        del os.environ[name]  # one of them forbids what a first import costs
    found: dict[str, list[Table | Plot]] = {}
    with tempfile.TemporaryDirectory() as directory, closing(Peers(Path(directory) / "peers")) as peers:
        os.environ["ISOLATED_ENVIRONMENT_CACHE_DIR"] = str(Path(directory) / "cache")
        for part in arguments.only:
            found[part] = []
            for piece in PARTS[part](Path(directory) / part, peers, arguments.rounds):
                sys.stdout.write(str(piece) if isinstance(piece, Table) else "")
                sys.stdout.flush()
                found[part].append(piece)
        if arguments.json:
            arguments.json.write_text(json.dumps([piece.raw() for piece in chain(*found.values())], indent=1))
        if arguments.write:
            page.write(PAGE, found, PARTS)
            drawn = [piece for piece in chain(*found.values()) if isinstance(piece, Plot)]
            plots.draw(drawn, Path(directory) / "plots", PAGE.with_suffix(""))
    return 0


def _environment(path: Path, *requirements: str) -> IsolatedEnvironment:
    return IsolatedEnvironment(path, list(requirements), owner=None)


if __name__ == "__main__":
    raise SystemExit(main())
