"""The ``uv`` toolchain: ``uv pip compile`` to a ``pylock.toml``, ``uv venv``, ``uv pip sync``.

No configuration file but the one written here is read (``UV_CONFIG_FILE`` takes the place of every other), and the
environment is scrubbed, so that ``[tool.uv.pip] target`` in some ``pyproject.toml`` cannot redirect an install.
Credentials reach uv as ``UV_INDEX_<NAME>_USERNAME`` and ``_PASSWORD`` of an index that serves nothing by itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, overload

from ..environ import host_environment
from ..errors import ToolchainNotFoundError
from ..layout import python_of
from ..lockfile import EMPTY_LOCK, Lock, parse_lock
from ..plan import BuildOrder, Stage, Step
from ..wording import counted
from .lines import BUILD_CONSTRAINTS, build_constraint_files, joined
from .stand_ins import constraint_lines, stand_in_files, unbound_lines
from .uv_files import (
    MAIN_INDEX,
    attributed,
    configuration,
    main_index,
    must_ask_for_main_index,
    nothing_but_explicit,
    origins,
    project,
    routed,
    urls,
)

_PREVIEW = ("--preview-features", "pylock")
#: Where in the working directory the lock is, after :meth:`Uv.resolve`.
RESOLVED = "pylock.toml"
_NOTHING = "nothing.in"
_SILENCING = frozenset({"NO_COLOR", "UV_NO_PROGRESS"})


@dataclass(frozen=True)
class Uv:
    """uv, at an absolute path."""

    executable: str
    version: str
    name: str = "uv"
    routes_by_name: bool = True
    insists_on_preferences: bool = False

    @property
    def versions(self) -> Mapping[str, str]:
        """Uv's version."""
        return {"uv": self.version}

    def resolve(self, order: BuildOrder) -> Stage:
        """``uv pip compile`` of generated files; the previous lock, in the place of the output, is its preference."""
        content = order.content
        sources = ["requirements.in"]
        files = {
            "requirements.in": joined(item.line for item in content.requirements if not routed(item, order)),
            "constraints.txt": joined(constraint_lines(order)),
            "uv.toml": configuration(order),
            "overrides.txt": joined(unbound_lines(order)),
            **stand_in_files(order),
            **build_constraint_files(order),
            **order.pages,
        }
        if content.explicit_indexes:
            sources.append("pyproject.toml")
            files["pyproject.toml"] = project(order)
        if order.preferences is not None and order.upgrade is not None:
            files[RESOLVED] = order.preferences.with_indexes(urls(order)).text  # else it keeps no version of theirs
        argv = [
            *self._command(order, "pip", "compile"),
            *_PREVIEW,
            *("--format", "pylock.toml", "--output-file", RESOLVED, "--no-header", "--quiet"),
            *("--python", order.interpreter.executable, "--constraints", "constraints.txt"),
            *(("--overrides", "overrides.txt") if order.unbound else ()),
            *(("--universal",) if order.universal else ()),
            *_upgrades(order),
            *_selection(order),
            *sources,
        ]
        why = f"resolving {counted(len(content.requirements), 'requirement')} with uv"
        steps = (Step("resolve", why, tuple(argv), self._environment(order)),) if content.requirements else ()
        return Stage(steps, files)

    def resolution(self, order: BuildOrder) -> Lock:
        """Read the ``pylock.toml`` that uv wrote."""
        path = order.work / RESOLVED
        if not order.content.requirements:
            return EMPTY_LOCK
        return parse_lock(
            path.read_text("utf-8"),
            order.interpreter.target(),
            origin=str(path),
            prefer_sdist=order.content.options.values("--no-binary"),
        )

    def create(self, order: BuildOrder) -> Stage:
        """``uv venv`` at the final path, without pip; the working directory in it is why existing files are allowed."""
        argv = [
            *self._command(order, "venv"),
            *("--allow-existing", "--no-project", "--quiet", "--python", order.interpreter.executable),
            *(("--system-site-packages",) if order.content.system_site_packages else ()),
            str(order.prefix),
        ]
        why = f"creating the environment with Python {order.interpreter.version}"
        step = Step("create", why, tuple(argv), self._environment(order))
        return Stage((step,), {"uv.toml": configuration(order)})

    def examine(self, order: BuildOrder) -> Stage:
        """Ask uv for its main index, where that has to be known for :meth:`attributed`."""
        return Stage((self._asking(order),), {_NOTHING: ""}) if must_ask_for_main_index(order) else Stage(())

    def attributed(self, order: BuildOrder, lock: Lock) -> Lock:
        """Return *lock* with the index of each project, so that uv finds the files in its cache."""
        return attributed(order, lock)

    def install(self, order: BuildOrder, lock: Lock) -> Stage:
        """``uv pip sync`` of exactly the lock; of none, nothing is to do."""
        if not lock.packages:
            return Stage(())
        argv = [
            *self._command(order, "pip", "sync"),
            *_PREVIEW,
            *(
                "--python",
                python_of(str(order.prefix)),
                "--allow-empty-requirements",
            ),
            *_building(order),
            RESOLVED,
        ]
        why = f"installing {counted(len(lock.packages), 'distribution')} with uv"
        step = Step("install", why, tuple(argv), self._environment(order), _SILENCING)
        return Stage((step,), {RESOLVED: lock.text, **build_constraint_files(order)})

    def cache_directory(self, order: BuildOrder) -> Path | None:
        """Where uv caches: its variable, else below the user's cache directory (https://docs.astral.sh/uv)."""
        if order.settings.uv_cache:
            return Path(order.settings.uv_cache)
        import platformdirs

        return Path(platformdirs.user_cache_dir("uv", appauthor=False))

    def _asking(self, order: BuildOrder) -> Step:
        command = self._command(order, "pip", "compile")
        options = ("--emit-index-url", "--no-header", "--quiet", "--output-file", MAIN_INDEX)
        # by the new interpreter: uv then knows it already when it installs, which takes it 50 ms
        argv = (*command, *options, "--python", python_of(str(order.prefix)), _NOTHING)
        return Step("index", "asking uv for its main index", argv, self._environment(order), is_brief=True)

    def _command(self, order: BuildOrder, *verb: str) -> list[str]:
        words = [self.executable, *verb, "--no-python-downloads"]
        if order.settings.offline:
            words.append("--offline")
        if order.no_cache:
            words.append("--no-cache")
        return words

    def _environment(self, order: BuildOrder) -> dict[str, str]:
        settings = order.settings
        env = {"UV_CONFIG_FILE": str(order.work / "uv.toml"), "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
        main = main_index(order)
        if main:
            env["UV_DEFAULT_INDEX"] = main
        for label, _, credentials in origins(order):
            name = label.upper().replace("-", "_")
            env[f"UV_INDEX_{name}_USERNAME"] = credentials.username
            env[f"UV_INDEX_{name}_PASSWORD"] = credentials.password
        optional = {
            "UV_HTTP_TIMEOUT": settings.timeout,
            "UV_HTTP_RETRIES": settings.retries,
            "UV_CACHE_DIR": settings.uv_cache,
            "UV_INSECURE_HOST": settings.trusted_hosts,
            "SSL_CERT_FILE": settings.certificate,
            "SSL_CLIENT_CERT": settings.client_certificate,
            "ALL_PROXY": settings.proxy,
        }
        return env | {variable: value for variable, value in optional.items() if value}


@overload
def find(*, required: Literal[True] = True) -> Uv: ...
@overload
def find(*, required: bool) -> Uv | None: ...
@lru_cache(maxsize=2)
def find(*, required: bool = True) -> Uv | None:
    """Find uv: the one installed beside this library, else the one on PATH.

    Raises:
        ToolchainNotFoundError: there is none and it is required.
    """
    try:
        import uv

        return Uv(str(uv.find_uv_bin()), version("uv"))
    except (ImportError, FileNotFoundError, PackageNotFoundError):
        pass
    on_path = shutil.which("uv", path=host_environment().get("PATH"))
    if on_path is not None:
        return Uv(on_path, "")
    if not required:
        return None
    raise ToolchainNotFoundError(
        "uv is neither installed beside this library nor on PATH",
        hint="install uv, or use toolchain='pip'",
        toolchain="uv",
        searched=("the `uv` distribution", "PATH"),
    )


def _upgrades(order: BuildOrder) -> list[str]:
    if order.upgrade is None:
        return ["--upgrade"]
    return [word for name in sorted(order.upgrade) for word in ("--upgrade-package", name)]


def _selection(order: BuildOrder) -> list[str]:
    options = order.content.options
    words = [
        word for name in ("--no-binary", "--only-binary") for value in options.values(name) for word in (name, value)
    ]
    if options.flag("--pre"):
        words += ["--prerelease", "allow"]
    return words + _building(order)


def _building(order: BuildOrder) -> list[str]:
    options = order.content.options
    words = [word for value in options.values("--find-links") for word in ("--find-links", value)]
    words += [word for value in options.values("--config-settings") for word in ("--config-setting", value)]
    words += ["--build-constraints", BUILD_CONSTRAINTS] if order.content.build_constraints else []
    words += ["--no-build-isolation"] if options.flag("--no-build-isolation") else []
    return words + (["--no-index"] if options.flag("--no-index") and not nothing_but_explicit(order) else [])
