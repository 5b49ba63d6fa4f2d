"""Calls before they are sent, and the functions that a worker knows already."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple


class Shipped(NamedTuple):
    """A function that goes to the worker once, and is called by its number."""

    number: int
    payload: bytes


class Prepared(NamedTuple):
    """A pickled call."""

    payload: bytes
    buffers: Sequence[Any] = ()
    #: What has to be sent before it, if anything.
    shipped: Shipped | None = None
    #: Flags of its frame.
    flags: int = 0


class Known:
    """The targets that a worker knows, by number.  It keeps none of them alive."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._functions: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def number_of(self, target: object) -> int | None:
        """Return the number of a target; ``None`` when the worker does not know it."""
        if type(target) is str:
            return self._names.get(target)
        return self._functions.get(target) if self.can_know(target) else None

    def add(self, target: Any, number: int) -> None:
        """Take note that the worker knows a target."""
        if type(target) is str:
            self._names[target] = number
        else:
            self._functions[target] = number

    @staticmethod
    def can_know(target: object) -> bool:
        """Return whether a target can be known: what is not hashable, or equal to another one, is sent each time."""
        kind = type(target)
        if kind is str:
            return True
        return kind.__eq__ is object.__eq__ and kind.__hash__ is object.__hash__ and kind.__weakrefoffset__ != 0
