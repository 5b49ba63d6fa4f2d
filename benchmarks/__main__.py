"""``python -m benchmarks``: creating next to raw uv and its kin; the warm path, calls and arrays next to their floors.

Needs the package registry once; the caches are warm for all alike after the first round, which is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from isolated_environment import IsolatedEnvironment

from . import arrays, calls, creation
from .clock import Table, interleaved, repeated

PARTS = ("create", "warm", "calls", "arrays")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "performance.md"


def main() -> int:
    """Run the measurements and print Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is measured")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--json", type=Path, help="write every time, in seconds, into this file")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name} of the documentation")
    arguments = parser.parse_args()
    if not set(PARTS).issuperset(arguments.only):
        parser.error(f"--only takes {', '.join(PARTS)}")
    tables = []
    with tempfile.TemporaryDirectory() as directory:
        for table in _measure(Path(directory), arguments.only, arguments.rounds):
            sys.stdout.write(str(table))
            sys.stdout.flush()
            tables.append(table)
    if arguments.json:
        arguments.json.write_text(json.dumps([table.raw() for table in tables], indent=1))
    if arguments.write:
        _write(tables)
    return 0


def _measure(directory: Path, parts: list[str], rounds: int) -> Iterator[Table]:
    if "create" in parts:
        yield from creation.measure(directory / "create", rounds)
    if "warm" in parts:
        yield from _warm(directory, rounds)
    if "calls" in parts:
        yield from calls.measure(IsolatedEnvironment(directory / "calls", [], owner=None), rounds)
    if "arrays" in parts:
        yield from arrays.measure(IsolatedEnvironment(directory / "arrays", ["numpy"], owner=None), rounds)


def _write(tables: list[Table]) -> None:
    """Put the tables behind the mark in the page, with the machine and the versions."""
    text, mark, _ = PAGE.read_text("utf-8").partition("<!-- tables -->\n")
    names = ("uv", "virtualenv", "numpy", "cloudpickle")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    machine = (
        f"{platform.system()} {platform.release()}, {model.partition(': ')[2]}, {len(os.sched_getaffinity(0))} cores"
    )
    head = f"\n{machine}; CPython {platform.python_version()}, {versions}.\n\n"
    PAGE.write_text(text + mark + head + "".join(map(str, tables)).rstrip("\n") + "\n", "utf-8")


def _warm(directory: Path, rounds: int) -> Iterator[Table]:
    path, package = directory / "warm", "six"
    env = IsolatedEnvironment(path, [package])
    env.ensure()
    receipt = env.root / "isolated-environment.json"
    samples = [
        repeated("read the receipt's bytes (floor)", receipt.read_bytes, 2000),
        repeated("ensure() on a live handle", env.ensure, 2000),
        repeated("environment() on a live handle", env.environment, 2000),
        repeated("ensure() on a new handle", lambda: IsolatedEnvironment(path, [package]).ensure(), 2000),
    ]
    yield Table("an environment that is there", {sample.name: sample for sample in samples}, samples[0].name)

    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def start(code: str) -> None:
        argv = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
        subprocess.run(argv, env=environ, check=True)

    use = f"from isolated_environment import IsolatedEnvironment as E; E({str(path)!r}, [{package!r}]).ensure()"
    starts = {
        "python -S -c pass (floor)": lambda: start("pass"),
        "import isolated_environment": lambda: start("import isolated_environment"),
        "import and first ensure()": lambda: start(use),
    }
    interleaved(starts, 1)
    yield Table("a process that starts", interleaved(starts, max(rounds, 5) * 4), "python -S -c pass (floor)")


if __name__ == "__main__":
    raise SystemExit(main())
