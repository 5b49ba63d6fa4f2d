"""Functions and classes that went to an environment by value: what comes back is the host's own, not a copy."""

from __future__ import annotations

import os
import weakref
from typing import Any

from ..child import names

_originals: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
_tokens: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
names.originals = _originals


def token_of(value: Any) -> str:
    """Return what the environment knows a function or class by.

    Args:
        value: It; it is not kept alive.
    """
    token = _tokens.get(value)
    if token is None:
        token = _tokens[value] = os.urandom(8).hex()
        _originals[token] = value
    return token
