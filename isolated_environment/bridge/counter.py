"""Where calls are handed in: pickled, with what the worker has to get before them."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Mapping
from typing import Any

from ..child import wire
from ..child.parcels import are_plain, beside, dumps_plain
from . import pickling, targets
from .exports import Exports
from .prepared import Known, Prepared, Shipped
from .proxy import RemoteMethod


class Counter:
    """Pickles calls for one worker.

    Args:
        peer: What the host knows of the environment.
        exports: Functions of this process that the worker may call.
    """

    def __init__(self, peer: pickling.Peer, exports: Exports) -> None:
        self._peer = peer
        self._exports = exports
        self._known = Known()
        #: Returns the number of a target that the worker knows, or ``None``.
        self.number_of = self._known.number_of
        self._numbers = itertools.count(1)

    def prepare(self, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Prepared:
        """Pickle a call; nothing is sent.

        Args:
            target: What to call there.
            args: Its arguments.
            kwargs: Its keyword arguments.

        Raises:
            InvalidTargetError, SerializationError: it cannot travel.
        """
        known = self.number_of(target)
        if known is not None and are_plain(args, kwargs):
            return Prepared(dumps_plain((known, args, kwargs), self._peer.protocol), flags=wire.PLAIN)
        buffers: list[Any] = []
        with self._exports.open():
            told, shipped = (known, None) if known is not None else self._told(target)
            call = told, tuple(map(beside, args)), {name: beside(value) for name, value in kwargs.items()}
            payload = pickling.dumps(call, self._peer, buffers)
        if shipped is not None:
            self._known.add(target, shipped.number)
        return Prepared(payload, buffers, shipped)

    def _told(self, target: object) -> tuple[int | tuple[Any, ...], Shipped | None]:
        """What a call says of a target that is not known, and what is sent before: a function goes there once."""
        if isinstance(target, RemoteMethod):
            return ("method", target.number, target.name), None
        told = targets.ship(target, self._peer)
        if not self._known.can_know(target):
            return told, None
        number = next(self._numbers)
        return number, Shipped(number, pickle.dumps(told, 4))
