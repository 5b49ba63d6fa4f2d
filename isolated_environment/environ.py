"""Environment mappings: changes as data, applied to a copy; ``os.environ`` itself is never changed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .layout import PINS_NAME, WINDOWS, bin_of, python_of

#: Families that belong to another interpreter or environment, by prefix.
FOREIGN_PREFIXES = ("PYTHON", "CONDA_", "_CONDA_", "_CE_", "MAMBA_", "PIXI_", "VIRTUAL_ENV", "_OLD_VIRTUAL_")
#: The same, by name; and what would send a bare ``pip`` or ``uv pip`` elsewhere.
FOREIGN_NAMES = frozenset(
    {
        "__PYVENV_LAUNCHER__",
        "PIPENV_ACTIVE",
        "POETRY_ACTIVE",
        "PYENV_VIRTUAL_ENV",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_USER",
        "PIP_PYTHON",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
    }
)
#: What else no installer may inherit: its settings come from :mod:`isolated_environment.settings` alone.
INSTALLER_PREFIXES = (
    *FOREIGN_PREFIXES,
    "PIP_",
    "UV_",
    "VIRTUALENV_",
    "SETUPTOOLS_",
    "DISTUTILS_",
    "LD_PRELOAD",
)


#: By these an installer would break its lines, and an error would have half a sentence.
_WIDTH = frozenset({"COLUMNS", "LINES"})
#: Where a system keeps its tools, and perhaps a Python of its own.
_SYSTEM = frozenset(
    f"{root}/{name}" for root in ("", "/usr", "/usr/local", "/opt/homebrew") for name in ("bin", "sbin")
)


class EnvPatch:
    """Changes to an environment mapping.

    Args:
        unset_prefixes: Variables whose names begin so are removed.
        unset_names: Variables that are removed.
        values: Variables that are set, after the removals; ``None`` removes.
        first_on_path: A directory put in front of PATH, or ``None``.
        appended: Words put behind what a variable holds already, with a blank between.
    """

    __slots__ = ("appended", "first_on_path", "unset_names", "unset_prefixes", "values")

    def __init__(
        self,
        *,
        unset_prefixes: tuple[str, ...] = (),
        unset_names: frozenset[str] = frozenset(),
        values: Mapping[str, str | None] | None = None,
        first_on_path: str | None = None,
        appended: Mapping[str, str] | None = None,
    ) -> None:
        self.unset_prefixes = unset_prefixes
        self.unset_names = unset_names
        self.values: Mapping[str, str | None] = values or {}
        self.first_on_path = first_on_path
        self.appended: Mapping[str, str] = appended or {}

    def apply(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return a changed copy of *base*."""
        prefixes, names = self.unset_prefixes, self.unset_names
        changed = {name: value for name, value in base.items() if not name.startswith(prefixes) and name not in names}
        if self.first_on_path is not None:
            path = name_of_path(changed)
            rest = changed.get(path, os.defpath)
            changed[path] = f"{self.first_on_path}{os.pathsep}{rest}" if rest else self.first_on_path
        for name, value in self.values.items():
            if value is None:
                changed.pop(name, None)
            else:
                changed[name] = value
        for name, word in self.appended.items():
            changed[name] = f"{changed[name]} {word}" if changed.get(name) else word
        return changed


def patch_for_prefix(prefix: str) -> EnvPatch:
    """Return what makes a mapping act on *prefix*.

    ``UV_PYTHON``, because ``[pip] system = true`` in the user's ``uv.toml`` sends a bare ``uv pip install`` to the
    host although ``VIRTUAL_ENV`` is set (measured with uv 0.13).
    """
    return EnvPatch(
        unset_prefixes=FOREIGN_PREFIXES,
        unset_names=FOREIGN_NAMES,
        values={"VIRTUAL_ENV": prefix, "UV_PYTHON": python_of(prefix)},
        first_on_path=bin_of(prefix),
        appended=_pins(prefix),
    )


def has_pins(prefix: str) -> bool:
    """Return whether a PyTorch is pinned in a prefix."""
    return os.path.exists(f"{prefix}/{PINS_NAME}")


def _pins(prefix: str) -> dict[str, str]:
    """What keeps a bare ``pip`` or ``uv pip`` from replacing a pinned PyTorch: a constraint, as a URI."""
    path = f"{prefix}/{PINS_NAME}"
    if not has_pins(prefix):
        return {}
    from pathlib import Path

    uri = Path(path).as_uri()  # a path with blanks would be split (measured with pip and uv)
    return {"PIP_CONSTRAINT": uri, "UV_CONSTRAINT": uri}


def patch_for_installer(values: Mapping[str, str]) -> EnvPatch:
    """Return what keeps the host's settings away from an installer.

    Args:
        values: The settings that go through, already in the installer's words.
    """
    return EnvPatch(unset_prefixes=INSTALLER_PREFIXES, unset_names=FOREIGN_NAMES | _WIDTH, values=values)


def overlay(mapping: dict[str, str], changes: Mapping[str, object]) -> dict[str, str]:
    """Put *changes* over *mapping*, in place; ``None`` removes, a path is taken as its text.

    Raises:
        TypeError: a value is neither a string, a path nor ``None``.
    """
    for name, value in changes.items():
        if value is None:
            mapping.pop(name, None)
        elif isinstance(value, (str, os.PathLike)):
            mapping[name] = os.fspath(value)
        else:
            raise TypeError(f"environment variable {name} must be a string, not {type(value).__name__}")
    return mapping


def host_environment() -> dict[str, str]:
    """Return a copy of the process environment."""
    return dict(os.environ)


def fully_isolated_environment() -> dict[str, str]:
    """Return a copy of the process environment whose PATH has the system's tools, and no other Python with its own."""
    mapping = host_environment()
    path = name_of_path(mapping)
    places = mapping.get(path, os.defpath).split(os.pathsep)
    mapping[path] = os.pathsep.join(place for place in places if _is_systems(place) or not _has_python(place))
    return mapping


def _is_systems(place: str) -> bool:
    if WINDOWS:
        return place.lower().startswith(os.environ.get("SYSTEMROOT", r"C:\Windows").lower())
    return place.rstrip("/") in _SYSTEM


def _has_python(place: str) -> bool:
    names = ("python.exe",) if WINDOWS else ("python", "python3")
    return any(os.path.exists(os.path.join(place, name)) for name in names)


def host_snapshot() -> dict[object, object] | None:
    """Return what differs once the process environment has changed; ``None``: this Python does not tell.

    A copy of what ``os.environ`` keeps (CPython's ``_data``): a tenth of what reading all variables takes.
    """
    data = getattr(os.environ, "_data", None)
    return dict(data) if isinstance(data, dict) else None


def name_of_path(mapping: Mapping[str, str]) -> str:
    """Return what *mapping* calls PATH: Windows does not mind the case."""
    if WINDOWS:
        return next((name for name in mapping if name.upper() == "PATH"), "PATH")
    return "PATH"


def make_mapping(prefix: str, base: Mapping[str, str] | None, changes: Mapping[str, object]) -> dict[str, str]:
    """Return the environment mapping for *prefix*.

    Args:
        prefix: Absolute path.
        base: What to start from; the process environment by default.
        changes: An overlay; ``None`` removes.
    """
    made = _of_host(prefix) if base is None else patch_for_prefix(prefix).apply(base)
    return overlay(made, changes)


#: For each prefix: what the mapping was made of, and the mapping.
_made: dict[str, tuple[object, dict[str, str]]] = {}
_MOST_MADE = 32


def _of_host(prefix: str) -> dict[str, str]:
    """The process environment for a prefix, in a new mapping; worked out again once anything has changed."""
    snapshot = host_snapshot()
    made_of = (snapshot, has_pins(prefix))
    found = _made.get(prefix)
    if found is None or snapshot is None or found[0] != made_of:
        if len(_made) >= _MOST_MADE:
            _made.clear()
        found = _made[prefix] = made_of, patch_for_prefix(prefix).apply(host_environment())
    return dict(found[1])
