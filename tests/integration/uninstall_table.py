"""Print what each installer leaves of a private environment: by installer, version and operation, as Markdown.

    python -m tests.integration.uninstall_table

Needs the package registry for the older installers, and Python 3.8 or 3.9 for pip 20.3.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.demoapp import make_demo_wheels
from tests.support.installers import ALL, Installer, Unavailable, python_of_venv
from tests.support.rehearsal import OPERATIONS, rehearse


@contextmanager
def workplace() -> Iterator[tuple[Path, Path]]:
    """A directory to work in and one with the application's wheels; the environment's packages are served."""
    with tempfile.TemporaryDirectory(prefix="uninstall-table-") as name:
        directory = Path(name)
        for version in ("1.0", "2.0"):
            make_wheel(directory / "index", "alpha", version, scripts={"alpha": "alpha:main"})
        with PackageIndex(directory / "index").running() as index:
            os.environ["ISOLATED_ENVIRONMENT_INDEX_URL"] = index.url
            yield directory, make_demo_wheels(directory / "wheels")


def cell(directory: Path, wheels: Path, installer: Installer, operation: str) -> str:
    """One cell of the table."""
    directory.mkdir()
    try:
        left = rehearse(directory, installer, wheels, operation)
    except Unavailable as reason:
        return f"not run: {reason}"
    return "<br>".join(left) or "nothing"


def main() -> int:
    """Print the table; 1 when anything is left anywhere."""
    bad = 0
    print(f"| installer | version | on Python | {' | '.join(OPERATIONS)} |")
    print("|" + "---|" * (3 + len(OPERATIONS)))
    with workplace() as (directory, wheels):
        for number, installer in enumerate(ALL):
            cells = [cell(directory / f"{number}-{name}", wheels, installer, name) for name in OPERATIONS]
            bad += sum(text != "nothing" for text in cells)
            venv = directory / f"{number}-{OPERATIONS[0]}" / "venv"
            facts = (installer.tool, installer.full_version(venv), python_of_venv(venv))
            print(f"| {' | '.join((*facts, *cells))} |", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
