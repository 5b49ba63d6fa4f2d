"""What a worker is told before anything else."""

from __future__ import annotations

import functools
import importlib.util
import os
import pickle
import sys
from typing import TYPE_CHECKING

from ..child import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .pickling import Peer


def configuration(peer: Peer) -> bytes:
    """Return the frame that comes first.

    Args:
        peer: What is known of the environment.
    """
    levels: Mapping[str, int] | None = None
    if "logging" in sys.modules:
        from .records import levels as levels_here

        levels = levels_here()
    told = {
        "protocol": peer.protocol,
        "cloudpickle": cloudpickle_for(peer),
        "levels": levels,
    }
    return wire.encode(wire.CONFIG, 0, pickle.dumps(told, 4))


def cloudpickle_for(peer: Peer) -> str | None:
    """Return the directory of cloudpickle that a worker is told; ``None`` where its Python has other code objects.

    Args:
        peer: The worker's environment.
    """
    return _cloudpickle_directory() if peer.has_same_code else None


@functools.cache
def _cloudpickle_directory() -> str | None:
    found = importlib.util.find_spec("cloudpickle")  # not imported: most calls do without
    return None if found is None or found.origin is None else os.path.dirname(found.origin)
