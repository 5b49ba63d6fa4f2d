"""How much memory a process takes."""

from __future__ import annotations

import re
from pathlib import Path


def pss(pid: int | str = "self") -> float:
    """Return the part of the memory that is a process's own, in MB: what two processes map is half of each one's."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0
