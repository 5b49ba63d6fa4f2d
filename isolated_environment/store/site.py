"""What an attempt is given: where, by what, and what is there already."""

from __future__ import annotations

from dataclasses import dataclass

from ..host import Interpreter
from ..layout import Layout
from ..receipt import Receipt
from ..reporter import Reporter
from ..settings import Settings
from ..toolchains import Toolchain


@dataclass(frozen=True)
class Site:
    """Where is built, by what and for whom: the same for every attempt."""

    layout: Layout
    settings: Settings
    reporter: Reporter
    toolchain: Toolchain
    interpreter: Interpreter


@dataclass(frozen=True)
class Base:
    """What is there already."""

    #: The receipt, when it can be read; its generation need not be usable.
    receipt: Receipt | None = None
    #: Whether its generation can be used.
    healthy: bool = False
