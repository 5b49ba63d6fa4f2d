"""A process that holds the file lock of a root until it is told otherwise: ``python -m tests.support.holder PATH``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isolated_environment import IsolatedEnvironment

_CHECKOUT = Path(__file__).parent.parent.parent


@contextmanager
def holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the process until the end of the block; when the block begins, it holds the lock."""
    command = [sys.executable, "-m", "tests.support.holder", str(path)]
    with subprocess.Popen(command, cwd=_CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()  # type: ignore[union-attr]
            if line != "held\n":
                raise AssertionError(f"the holder says {line!r}")
            yield process
        finally:
            process.kill()


def main() -> None:
    with IsolatedEnvironment(sys.argv[1], owner=None).lock():
        print("held", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
