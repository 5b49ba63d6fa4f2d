"""A module of the host, loaded from its file under a private name: nothing is installed, nothing is written."""

from __future__ import annotations

import sys
from _frozen_importlib_external import SourceFileLoader


def load(name, directory):
    """Return the host's cloudpickle.

    Args:
        name: What to call it here: the environment may have another cloudpickle.
        directory: Of the host's package, or None.

    Raises:
        ImportError: there is none to be had.
    """
    known = sys.modules.get(name)
    if known is not None:
        return known
    if directory is None:
        raise ImportError("functions and classes cannot travel by value between these two Pythons")
    path = directory + "/cloudpickle.py"
    module = sys.modules[name] = type(sys)(name)
    module.__file__ = path
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        exec(SourceFileLoader(name, path).get_code(name), module.__dict__)  # noqa: S102
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.dont_write_bytecode = writes
    return module
