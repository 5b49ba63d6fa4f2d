"""Functions, classes and modules by their names, which are not the same on both sides.

The package of this module has two names, one on each side; pickles say either.  So it is with cloudpickle, which the
environment need not have: there it is loaded from the host's copy, under a name of its own.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from types import ModuleType
    from typing import Any

#: Attribute of a class that came by value: what the other side knows it by.
TOKEN = "__isolated_environment_class__"  # noqa: S105
#: Functions that came as source, and what the other side knows them by; filled by :mod:`.definitions`.
tokens: MutableMapping[Any, str] = {}
#: What went to the other side by value, by what that knows it by.
originals: Mapping[str, Any] = {}

#: Modules that have another name in other releases: looked for there when the first is not to be had.
MOVED = {
    "pathlib._local": "pathlib",  # what Python 3.13 says
    "numpy._core": "numpy.core",  # numpy 2, and 1
    "numpy.core": "numpy._core",
}

#: Pickle knows these, although no module holds them.
_NAMELESS = (type(None), type(...), type(NotImplemented))

_HERE = __name__.rpartition(".")[0]
_HOST, _CHILD = "isolated_environment.child", "isolated_environment_child"
_CLOUDPICKLE, _COPY = "cloudpickle", "_isolated_environment_cloudpickle"

#: The directory of the host's cloudpickle, or None: nothing travels by value.
cloudpickle_directory: str | None = None


def here(module: str) -> str:
    """Return the name that a module has on this side."""
    if module.startswith(_HOST):
        rest = module[len(_HOST) :]
    elif module.startswith(_CHILD):
        rest = module[len(_CHILD) :]
    elif module.startswith((_CLOUDPICKLE, _COPY)):
        return str(cloudpickle().__name__)
    else:
        return module
    return _HERE + rest if rest[:1] in ("", ".") else module


def is_found(value: Any) -> bool:
    """Return whether pickle finds a function or class in its module under its name."""
    return value in _NAMELESS or _find(value.__module__, value.__qualname__) is value


def original(token: str | None, module: str, qualname: str) -> Any:
    """Return what this side sent to the other by value.

    Raises:
        LookupError: it is no longer there.
    """
    found = originals.get(token) if token is not None else None
    if found is None:
        found = _find(module, qualname)
    if found is None:
        raise LookupError("%s.%s is not there any more" % (module, qualname))
    return found


def _find(module: str, qualname: str) -> Any:
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found


def cloudpickle() -> ModuleType:
    """Return cloudpickle: the host's own, or its copy, loaded from the host's file.

    Raises:
        ImportError: it was not said where that is.
    """
    if _HERE == _HOST:
        from importlib import import_module

        return import_module("cloudpickle.cloudpickle")
    return sys.modules.get(_COPY) or _load_copy()


def _load_copy() -> ModuleType:
    """Load the host's cloudpickle; nothing is installed, nothing is written."""
    from importlib.machinery import SourceFileLoader

    if cloudpickle_directory is None:
        raise ImportError("functions and classes cannot travel by value between these two Pythons")
    path = cloudpickle_directory + "/cloudpickle.py"
    module = sys.modules[_COPY] = type(sys)(_COPY)
    module.__file__ = path
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        SourceFileLoader(_COPY, path).exec_module(module)
    except BaseException:
        del sys.modules[_COPY]
        raise
    finally:
        sys.dont_write_bytecode = writes
    return module
