"""What the how-to says about calls runs, as one program, with the packages that it names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import python_blocks


def run(blocks: list[str], directory: Path) -> str:
    program = directory / "program.py"
    program.write_text("\n".join(blocks), "utf-8")
    argv = [sys.executable, program]
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.network
def test_how_to_call_functions(tmp_path: Path) -> None:
    said = run(
        [*python_blocks("docs/how-to/call-functions.md"), "import numpy", "print(numpy.asarray(shared)[3, 4])"],
        tmp_path,
    )
    lines = said.splitlines()
    assert "2432902008176640000" in lines, "the factorial of 20, awaited"
    assert lines[-1] == "7.0", "what was filled there is seen here"
    for shown in ("[0.0, 1.0, 1.4142135623730951", "Generator(PCG64)"):
        assert shown in said
