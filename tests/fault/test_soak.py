"""The soak, for a short while; ``python -m tests.fault.soak --minutes 20`` is the real one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.parametrize(("processes", "roots"), [("50", "3"), ("12", "1")])
def test_row_19_20_21_many_processes_and_a_killer(processes, roots):
    command = [sys.executable, "-m", "tests.fault.soak", "--minutes", "0.5", "--processes", processes, "--roots", roots]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    results, blows = re.search(r"(\d+) results, (\d+) blows, 0 wrong", done.stdout).groups()
    assert int(results) > 50
    assert int(blows) > 10
