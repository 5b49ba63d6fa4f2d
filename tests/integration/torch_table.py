"""Print what becomes of each case of the table of installer behaviour with this library, as Markdown.

python -m tests.integration.torch_table
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.torch_rows import ROWS, Row
from tests.support.torch_scene import scene
from tests.support.torch_world import make_channels, make_main

TOOLCHAINS = ("uv", "pip")


@contextmanager
def workplace() -> Iterator[tuple[Path, Path, Path]]:
    """A directory to work in and the files of both indexes; nothing of the user's reaches a cell."""
    with tempfile.TemporaryDirectory(prefix="torch-table-") as name:
        directory = Path(name)
        for variable in [key for key in os.environ if key.startswith(("PIP_", "UV_", "ISOLATED_ENVIRONMENT_"))]:
            del os.environ[variable]
        os.environ.update(HOME=name, ISOLATED_ENVIRONMENT_QUIET="1")
        yield directory, make_channels(directory / "channels"), make_main(directory / "main")


def cell(directory: Path, toolchain: str, channels: Path, main: Path, row: Row) -> str:
    """One cell of the table."""
    try:
        with scene(directory, toolchain, channels, main, **row.ways) as at:
            return row.replay(at)
    except Exception as error:  # noqa: BLE001 -- a cell says what went wrong, the others follow
        return f"WRONG: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def main() -> int:
    """Print the table; 1 when a cell is not what it must be."""
    bad = 0
    print("| case | what | installers alone | uv | pip |")
    print("|" + "---|" * 5)
    with workplace() as (directory, channels, files):
        for number, row in enumerate(ROWS):
            cells = [cell(directory / f"{number}-{tool}", tool, channels, files, row) for tool in TOOLCHAINS]
            bad += sum(text != row.expected for text in cells)
            print(f"| {' | '.join((row.cases, row.what, row.otherwise, *cells))} |", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
