"""``python -m benchmarks``: creating next to raw uv; the warm path, calls and arrays next to their floors.

Needs the package registry once; the caches are warm for all alike after the first round, which is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import uv

from isolated_environment import IsolatedEnvironment

from . import arrays, calls
from .clock import Sample, Table, interleaved, repeated

PARTS = ("create", "warm", "calls", "arrays")


def main() -> int:
    """Run the measurements and print Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--package", default="cowsay")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=f"of {','.join(PARTS)}")
    arguments = parser.parse_args()
    if not set(PARTS).issuperset(arguments.only):
        parser.error(f"--only takes {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as directory:
        if "create" in arguments.only:
            _creation(Path(directory), arguments.package, arguments.rounds)
        if "warm" in arguments.only:
            _warm(Path(directory), arguments.package, arguments.rounds)
        if "calls" in arguments.only:
            _show(calls.measure(IsolatedEnvironment(Path(directory, "calls"), [arguments.package]), arguments.rounds))
        if "arrays" in arguments.only:
            _show(arrays.measure(IsolatedEnvironment(Path(directory, "arrays"), ["numpy"]), arguments.rounds))
    return 0


def _show(tables: Iterable[Table]) -> None:
    for table in tables:
        sys.stdout.write(str(table))
        sys.stdout.flush()


def _creation(directory: Path, package: str, rounds: int) -> None:
    executable, number = str(uv.find_uv_bin()), itertools.count()

    def raw() -> None:
        prefix = directory / f"raw{next(number)}"
        subprocess.run([executable, "venv", "-q", "--no-project", prefix], check=True)
        subprocess.run([executable, "pip", "install", "-q", "--python", prefix / "bin" / "python", package], check=True)

    def ours() -> None:
        IsolatedEnvironment(directory / f"ours{next(number)}", [package], toolchain="uv").ensure()

    def ours_with_pip() -> None:
        IsolatedEnvironment(directory / f"pip{next(number)}", [package], toolchain="pip").ensure()

    actions = {"raw uv venv + uv pip install": raw, "ours, uv": ours, "ours, pip": ours_with_pip}
    interleaved(actions, 1)
    _print(f"create with {package}, warm cache", interleaved(actions, rounds), "raw uv venv + uv pip install")


def _warm(directory: Path, package: str, rounds: int) -> None:
    path = directory / "warm"
    env = IsolatedEnvironment(path, [package])
    env.ensure()
    receipt = env.root / "isolated-environment.json"
    samples = [
        repeated("read the receipt's bytes (floor)", receipt.read_bytes, 2000),
        repeated("ensure() on a live handle", env.ensure, 2000),
        repeated("environment() on a live handle", env.environment, 2000),
        repeated("ensure() on a new handle", lambda: IsolatedEnvironment(path, [package]).ensure(), 2000),
    ]
    _print("warm", {sample.name: sample for sample in samples}, samples[0].name)

    def start(code: str) -> None:
        subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"], check=True)

    use = f"from isolated_environment import IsolatedEnvironment as E; E({str(path)!r}, [{package!r}]).ensure()"
    starts = {
        "python -S -c pass (floor)": lambda: start("pass"),
        "import isolated_environment": lambda: start("import isolated_environment"),
        "import and first ensure()": lambda: start(use),
    }
    _print("a process that starts", interleaved(starts, max(rounds, 5)), "python -S -c pass (floor)")


def _print(title: str, samples: dict[str, Sample], floor: str) -> None:
    sys.stdout.write(str(Table(title, samples, floor)))


if __name__ == "__main__":
    raise SystemExit(main())
