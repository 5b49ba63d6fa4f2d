"""What lies in a root that does not belong there.  Reads the receipt itself; shares no code with the library."""

from __future__ import annotations

import json
import re
from pathlib import Path

_ALWAYS = {"isolated-environment.json", "pylock.toml", "lock", "lock.owner", "leases", "log", "activate", "bin"}
_SOMETIMES = {"trash", ".gitignore", "CACHEDIR.TAG"}
_BUILD_FILES = (".build", ".lock")


def leftovers(root: Path) -> list[str]:
    """Return one line for everything in *root* that ought to be gone after ``gc(force=True)`` with nobody using it."""
    if not root.exists():
        return []
    receipt = json.loads((root / "isolated-environment.json").read_text("utf-8"))
    kept = {receipt["generation"]}
    if receipt["previous"] is not None:
        kept.add(receipt["previous"]["generation"])
    found = [f"{path.name} in the root" for path in root.iterdir() if path.name not in kept | _ALWAYS | _SOMETIMES]
    found += [f"{name} is missing" for name in sorted(kept) if not (root / name).is_dir()]
    found += [f"{path.name} in the trash" for path in (root / "trash").glob("*")]
    found += [f"{name}/{file}" for name in sorted(kept) for file in _BUILD_FILES if (root / name / file).exists()]
    newest = _number(receipt["generation"])
    # a name above the newest was used by an attempt: its lease keeps the name from being used again
    found += [
        f"the lease of {path.name}"
        for path in (root / "leases").iterdir()
        if path.name not in kept and _number(path.name) < newest
    ]
    logs = sorted(path.name for path in (root / "log").iterdir())
    return found + ([f"{len(logs)} logs"] if len(logs) > 10 else [])


def generations(root: Path) -> list[str]:
    """Return the names of the generations that are in *root*, whatever their state."""
    return sorted((path.name for path in root.glob("g*") if _number(path.name) >= 0), key=_number)


def _number(name: str) -> int:
    match = re.fullmatch(r"g(\d+)", name)
    return int(match[1]) if match else -1
