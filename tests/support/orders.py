"""Build orders for tests that look at what a toolchain would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isolated_environment.ask_input import AskInput
from isolated_environment.declaration import Declaration
from isolated_environment.host import Interpreter, host_interpreter
from isolated_environment.lockfile import Lock
from isolated_environment.plan import BuildOrder
from isolated_environment.settings import Settings
from isolated_environment.spec import Content, understood
from isolated_environment.toolchains.pip_report import lock_from_report


def interpreter() -> Interpreter:
    """The host's base interpreter."""
    found = host_interpreter()
    assert found is not None
    return found


def content(*asks: AskInput, **declared: Any) -> Content:
    """What *asks* and the constructor's words mean."""
    words: dict[str, Any] = {
        "python": None,
        "indexes": (),
        "constraints": (),
        "pylock": None,
        "system_site_packages": False,
    }
    return understood(Declaration(None, **{**words, **declared}), asks, None)


def order(*asks: AskInput, settings: Settings | None = None, **changes: Any) -> BuildOrder:
    """An order for *asks*; *changes* are fields of the order, or of the declaration."""
    names = BuildOrder.__dataclass_fields__.keys()
    declared = {name: changes.pop(name) for name in list(changes) if name not in names}
    prefix = Path(changes.pop("prefix", "/r/g1"))
    return BuildOrder(
        content(*asks, **declared), interpreter(), prefix, prefix / ".build", settings or Settings(), **changes
    )


def locked(*names: str) -> Lock:
    """A lock with these projects at 1.0."""
    items = [
        {
            "metadata": {"name": name, "version": "1.0"},
            "is_direct": False,
            "download_info": {
                "url": f"https://h/{name}-1.0.zip",
                "archive_info": {"hashes": {"sha256": "0" * 64}},
            },
        }
        for name in names
    ]
    return lock_from_report({"install": items})
