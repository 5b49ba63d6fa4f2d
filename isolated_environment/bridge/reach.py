"""Which of the host's functions, classes and modules the environment can import."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass, field
from functools import lru_cache
from types import BuiltinFunctionType, ModuleType
from typing import Any

#: How something is sent.
BY_NAME, BY_VALUE, NOT_AT_ALL = "by name", "by value", "not at all"

_STANDARD = frozenset(sys.stdlib_module_names) - {"__main__"}
_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Peer:
    """What the host knows of an environment's Python.

    Args:
        minor: ``X.Y``, with a trailing ``t`` for a free-threaded build.
        protocol: The highest pickle protocol of both.
        site_packages: The directories that its packages are in.
    """

    minor: str
    protocol: int
    site_packages: tuple[str, ...]

    #: Top-level packages of functions that were called there: the application's own wherever they lie.
    own: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    _seen: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def has_same_code(self) -> bool:
        """Whether code objects of the host mean the same there."""
        return self.minor == host_minor()

    def has(self, module: str) -> bool:
        """Whether the environment can import a module, as far as its directories say.

        Args:
            module: The full name; only the top level counts, except below namespace packages.
        """
        known = self._seen.get(module)
        if known is None:
            known = self._seen[module] = _is_standard(module) or self._finds(module.split("."))
        return known

    def _finds(self, parts: list[str]) -> bool:
        directories = [*self.site_packages, *_linked(self.site_packages)]
        for count, part in enumerate(parts, 1):
            inner = [path for directory in directories if os.path.isdir(path := os.path.join(directory, part))]
            if any(_is_regular(path) for path in inner) or any(_is_module(each, part) for each in directories):
                return True
            if not inner or count == len(parts):
                return bool(inner)
            directories = inner
        return False


@lru_cache(maxsize=1)
def host_minor() -> str:
    """Return ``X.Y`` of this Python, with a trailing ``t`` for a free-threaded build."""
    threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"{sys.version_info[0]}.{sys.version_info[1]}{threaded}"


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in _STANDARD


def _is_regular(directory: str) -> bool:
    return any(name.startswith("__init__.") for name in os.listdir(directory))


def _is_module(directory: str, name: str) -> bool:
    return any(
        entry.startswith(f"{name}.") and entry.endswith((".py", ".so", ".pyd", ".pyc")) for entry in _listing(directory)
    )


@lru_cache(maxsize=64)
def _listing(directory: str) -> tuple[str, ...]:
    try:
        return tuple(os.listdir(directory))
    except OSError:
        return ()


@lru_cache(maxsize=64)
def _linked(site_packages: tuple[str, ...]) -> tuple[str, ...]:
    """Directories that ``.pth`` files add."""
    found = []
    for directory in site_packages:
        for name in _listing(directory):
            if name.endswith(".pth"):
                try:
                    with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
                        lines = file.read().splitlines()
                except OSError:
                    continue
                paths = [line.strip() for line in lines if line.strip() and not line.startswith(("#", "import"))]
                found += [path for line in paths if os.path.isdir(path := os.path.join(directory, line))]
    return tuple(found)


def top_level(module: str) -> str:
    """Return the first part of a module's name."""
    return module.partition(".")[0]


@dataclass(frozen=True)
class Reach:
    """How each function, class and module of the host gets to one environment.

    Args:
        peer: The environment.
    """

    peer: Peer

    def of_module(self, name: str) -> str:
        """Say how what a module holds is sent.

        Args:
            name: The full name of the module.
        """
        if name in {"__main__", "__mp_main__"}:
            return BY_VALUE
        if name.partition(".")[0] == "isolated_environment":  # this library: its child program is there
            return BY_NAME if name.startswith("isolated_environment.child") else NOT_AT_ALL
        if self.peer.has(name) or (top_level(name) == "cloudpickle" and self.peer.has_same_code):
            return BY_NAME  # the worker has our copy of cloudpickle
        if top_level(name) in self.peer.own or is_applications(name):
            return BY_VALUE
        return NOT_AT_ALL

    def of(self, value: Any) -> str:
        """Say how a function, class or module is sent.

        Args:
            value: It.
        """
        if isinstance(value, ModuleType):
            return self.of_module(value.__name__)
        module = getattr(value, "__module__", None)
        if module is None or module == "builtins":
            return BY_NAME
        way = self.of_module(module)
        if way is BY_NAME and not isinstance(value, BuiltinFunctionType) and not is_found(value, module):
            return BY_VALUE
        return way


def is_found(value: Any, module: str) -> bool:
    """Whether something stands in its module under its name."""
    found: Any = sys.modules.get(module)
    for name in getattr(value, "__qualname__", value.__name__).split("."):
        found = getattr(found, name, None)
    return found is value


def is_applications(name: str) -> bool:
    """Whether a module is neither of the standard library nor installed by an installer."""
    if _is_standard(name):
        return False
    module = sys.modules.get(name) or sys.modules.get(top_level(name))
    if module is None:
        return True  # made by hand
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    if file is None:
        return getattr(module, "__spec__", None) is None
    parts = os.path.normpath(file).split(os.sep)
    return not any(part in _INSTALLED for part in parts)
