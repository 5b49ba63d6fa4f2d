"""Which of the host's functions, classes and modules the environment can import."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from types import BuiltinFunctionType, FunctionType, ModuleType
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
        directories = list(self.site_packages)
        for each in self.site_packages:
            directories += [*_added_by_files(each), *_of_base(each, self.minor)]
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
    return any(name.startswith("__init__.") for name in _listing(directory))


def _is_module(directory: str, name: str) -> bool:
    entries = (entry for entry in _listing(directory) if entry.startswith(f"{name}."))
    return any(entry.endswith((".py", ".so", ".pyd", ".pyc")) for entry in entries)


def _listing(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.strip() for line in file]
    except OSError:
        return []


def _added_by_files(directory: str) -> list[str]:
    """Directories that ``.pth`` files in a directory add (:mod:`site`)."""
    lines = [
        line
        for name in sorted(_listing(directory))
        if name.endswith(".pth")
        for line in _lines(os.path.join(directory, name))
        if line and not line.startswith(("#", "import ", "import\t"))
    ]
    return [path for line in lines if os.path.isdir(path := os.path.join(directory, line))]


def _of_base(directory: str, minor: str) -> list[str]:
    """The directories of the base interpreter's packages, where the environment sees them (PEP 405)."""
    prefix = os.path.dirname(os.path.dirname(os.path.dirname(directory)))
    pairs = (line.partition("=") for line in _lines(os.path.join(prefix, "pyvenv.cfg")))
    told = {key.strip(): value.strip() for key, _, value in pairs}
    if told.get("include-system-site-packages", "").lower() != "true" or "home" not in told:
        return []
    base = os.path.dirname(told["home"])
    lib = [os.path.join(base, "lib", name) for name in (f"python{minor}", "python3")]
    return [found for each in lib for name in _INSTALLED if os.path.isdir(found := os.path.join(each, name))]


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
        if way is BY_VALUE and _is_compiled(value, module):
            return NOT_AT_ALL
        if way is BY_NAME and not isinstance(value, BuiltinFunctionType) and not is_found(value, module):
            return BY_VALUE
        return way


def is_found(value: Any, module: str) -> bool:
    """Whether something stands in its module under its name."""
    found: Any = sys.modules.get(module)
    for name in getattr(value, "__qualname__", value.__name__).split("."):
        found = getattr(found, name, None)
    return found is value


def _is_compiled(value: Any, module: str) -> bool:
    """Whether something of the application's own has no Python code that could travel."""
    if isinstance(value, FunctionType):
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return isinstance(value, BuiltinFunctionType) or file.endswith(tuple(EXTENSION_SUFFIXES))


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
