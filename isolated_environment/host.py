"""What this machine has: interpreters, and the programs that create and install.  Read only."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .environ import host_environment, patch_for_installer
from .errors import InterpreterNotFoundError, InvalidPythonError

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.tags import Tag

    from .lockfile import Target

#: The oldest Python that an environment can have.
OLDEST = (3, 8)

_PLAIN = re.compile(r"^(?:c?python)?\s*(\d+(?:\.\d+){0,2})(t?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Interpreter:
    """A base interpreter: one that is in no virtual environment."""

    #: Absolute path.
    executable: str
    #: Full version, ``X.Y.Z``.
    version: str
    #: Whether it is a free-threaded build.
    free_threaded: bool = False
    #: Marker values (PEP 508) as it answers them.
    markers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def minor(self) -> str:
        """``X.Y``, with a trailing ``t`` for a free-threaded build."""
        return ".".join(self.version.split(".")[:2]) + ("t" if self.free_threaded else "")

    def target(self) -> Target:
        """Return what a lock is selected for."""
        from .lockfile import Target

        return Target(self.markers, tuple(self._tags()))

    def _tags(self) -> list[Tag]:
        from packaging import tags

        digits = self.minor.replace(".", "")
        version = tuple(map(int, self.version.split(".")[:2]))
        platforms = list(tags.platform_tags())
        return [
            *tags.cpython_tags(version, [f"cp{digits}"], platforms),
            *tags.compatible_tags(version, f"cp{digits.rstrip('t')}", platforms),
        ]


def parse_python(request: str) -> SpecifierSet | Path:
    """Read ``python=``.

    Args:
        request: A version (``3``, ``3.11``, ``3.11.4``, ``python3.11``), a specifier (``>=3.10,<3.13``), or the path
            of an interpreter or of a prefix.

    Raises:
        InvalidPythonError: it is none of these.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    text = request.strip()
    if os.sep in text or "/" in text:
        return Path(os.path.expanduser(text)).absolute()
    plain = _PLAIN.match(text)
    try:
        if plain:
            exact = plain[1].count(".") == 2  # noqa: PLR2004
            return SpecifierSet(f"=={plain[1]}" if exact else f"=={plain[1]}.*")
        if text:
            return SpecifierSet(text)
    except InvalidSpecifier:
        pass
    raise InvalidPythonError(
        f"python={request!r} is neither a version, a specifier nor a path",
        hint="write '3.11', '>=3.10,<3.13' or the path of an interpreter",
        request=request,
    )


def find_interpreter(request: str) -> Interpreter:
    """Find the base interpreter for *request*: the host's own if it serves, then pyenv's, PATH, uv's.

    Args:
        request: As :func:`parse_python` takes it.

    Returns:
        The interpreter.

    Raises:
        InvalidPythonError: the request cannot be read.
        InterpreterNotFoundError: nothing on this machine serves; it lists where was looked.
    """
    wanted = parse_python(request)
    if isinstance(wanted, Path):
        return _at_path(wanted, request)
    own = host_interpreter()
    if own is not None and _serves(own, request, wanted):
        return own
    found = _discover(request.strip(), wanted)
    if found is not None:
        return found
    places = ("this interpreter", "pyenv", "PATH", "uv's interpreters")
    raise InterpreterNotFoundError(
        f"no Python {request} on this machine (looked at {', '.join(places)})",
        hint=_way_to(request),
        request=request,
        searched=places,
    )


def _way_to(request: str) -> str:
    plain = _PLAIN.match(request.strip())
    if plain and "." in plain[1] and tuple(map(int, plain[1].split("."))) < OLDEST:
        return f"ask for a newer one: environments have CPython {'.'.join(map(str, OLDEST))} or newer"
    return f"install one, for example with `uv python install {shlex.quote(request)}`, or pass python=PATH"


def markers_of(version: str) -> dict[str, str]:
    """Return marker values (PEP 508) for a CPython of *version* on this machine."""
    from packaging.markers import default_environment

    markers = {name: str(value) for name, value in default_environment().items()}
    minor = ".".join(version.split(".")[:2])
    return {
        **markers,
        "python_version": minor,
        "python_full_version": version,
        "implementation_version": version,
    }


@lru_cache(maxsize=1)
def host_interpreter() -> Interpreter | None:
    """Return the base interpreter that this process runs on; ``None`` in a frozen or embedded host."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    if getattr(sys, "frozen", False) or not base or not Path(base).is_file():
        return None
    if sys.implementation.name != "cpython":
        return None
    from packaging.markers import default_environment

    markers = {name: str(value) for name, value in default_environment().items()}
    version = ".".join(map(str, sys.version_info[:3]))
    return Interpreter(str(Path(base).absolute()), version, _is_free_threaded(), markers)


def _is_free_threaded() -> bool:
    import sysconfig

    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _at_path(path: Path, request: str) -> Interpreter:
    candidates = [path, path / "bin" / "python", path / "bin" / "python3", path / "python.exe"]
    executable = next((candidate for candidate in candidates if candidate.is_file()), None)
    found = None if executable is None else _asked(str(executable))
    if found is None:
        raise InterpreterNotFoundError(
            f"python={request!r}: no working CPython {'.'.join(map(str, OLDEST))} or newer there",
            hint="give the path of an interpreter that runs",
            request=request,
            searched=tuple(map(str, candidates)),
        )
    return found


_discovered: dict[str, Interpreter] = {}


def _discover(request: str, wanted: SpecifierSet) -> Interpreter | None:
    """Search once per process and request; an answer counts as long as its file is there."""
    known = _discovered.get(request)
    if known is not None and os.path.exists(known.executable):
        return known
    found = _search(request, wanted)
    if found is not None:
        _discovered[request] = found
    return found


def _search(request: str, wanted: SpecifierSet) -> Interpreter | None:
    from python_discovery import get_interpreter

    env = _discovery_environment()
    # asked one by one: get_interpreter(try_first_with=...) raises at the first that does not run
    for candidate in _pyenv_candidates(wanted, env):
        found = _asked(candidate)
        if found is not None and _serves(found, request, wanted):
            return found
    key = request if _PLAIN.match(request) else str(wanted)
    info = get_interpreter(key, env=env, predicate=_is_supported)
    return None if info is None else _understood(info)


def _serves(interpreter: Interpreter, request: str, wanted: SpecifierSet) -> bool:
    """Whether it is of a version that is wanted, and free-threaded if and only if that is asked for (``3.13t``)."""
    threaded = request.strip().lower().endswith("t")
    return wanted.contains(interpreter.version, prereleases=True) and interpreter.free_threaded == threaded


def _asked(executable: str) -> Interpreter | None:
    """Ask the interpreter at *executable* what it is, through any virtual environment to its base."""
    from python_discovery import PythonInfo

    info = PythonInfo.from_exe(executable, raise_on_error=False, env=_discovery_environment())
    return _understood(info) if info is not None and _is_supported(info) else None


def _understood(info: object) -> Interpreter:
    markers = {name: str(value) for name, value in info.marker_environment.items()}  # type: ignore[attr-defined]
    return Interpreter(
        info.system_exe,  # type: ignore[attr-defined]
        info.version_str,  # type: ignore[attr-defined]
        info.free_threaded,  # type: ignore[attr-defined]
        markers,
    )


def _is_supported(info: object) -> bool:
    return (
        info.implementation == "CPython"  # type: ignore[attr-defined]
        and tuple(info.version_info[:2]) >= OLDEST  # type: ignore[attr-defined]
    )


def _discovery_environment() -> dict[str, str]:
    """The host's environment less what would change the answers of the interpreters that are asked."""
    host = host_environment()
    env = patch_for_installer({}).apply(host)
    if "UV_PYTHON_INSTALL_DIR" in host:
        env["UV_PYTHON_INSTALL_DIR"] = host["UV_PYTHON_INSTALL_DIR"]
    return env


def _pyenv_candidates(wanted: SpecifierSet, env: Mapping[str, str]) -> list[str]:
    """Interpreters that pyenv installed, whether or not its shims are active, the newest first."""
    from packaging.version import InvalidVersion, Version

    root = Path(env.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    found = []
    for entry in root.glob("versions/*"):
        try:
            version = Version(entry.name)
        except InvalidVersion:
            continue
        executable = entry / ("python.exe" if os.name == "nt" else "bin/python")
        if wanted.contains(version, prereleases=True) and version.release >= OLDEST and executable.is_file():
            found.append((version, str(executable)))
    return [executable for _, executable in sorted(found, reverse=True)]
