"""The ``virtualenv`` and ``pip`` toolchain: a dry-run report, ``virtualenv``, ``pip install --require-hashes``.

pip is not installed into the environment: it runs from the wheel that virtualenv carries (:mod:`..child.run_pip`), by
the environment's own interpreter, so that both toolchains leave the same distributions behind.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from packaging.pylock import Package, PackageWheel

from ..child import run_pip
from ..errors import RequestError, ToolchainNotFoundError
from ..index import Credentials, join_credentials
from ..layout import python_of
from ..lockfile import Lock
from ..plan import BuildOrder, Stage, Step
from ..wording import counted
from .lines import BUILD_CONSTRAINTS, build_constraint_files, joined
from .pip_files import (
    direct_line,
    has_hashes,
    link,
    pinned_line,
    requirement_line,
    secret_variables,
)
from .pip_report import lock_from_report
from .stand_ins import constraint_lines, stand_in_files, unbound_lines

_REPORT = "report.json"
#: Its last pip is 25.0; the option came with 25.3.
_WITHOUT_BUILD_CONSTRAINTS = "3.8"
_SILENCING = frozenset({"PIP_NO_COLOR", "PIP_PROGRESS_BAR"})
_TELLING = {"PIP_PROGRESS_BAR": "raw"}


@dataclass(frozen=True)
class Pip:
    """virtualenv, and the pip it carries."""

    #: The interpreter that runs virtualenv.
    host: str
    #: The directory of wheels that virtualenv carries.
    wheels: str
    version: str
    name: str = "pip"
    routes_by_name: bool = False
    insists_on_preferences: bool = True

    @property
    def versions(self) -> Mapping[str, str]:
        """Virtualenv's version, which fixes pip's."""
        return {"virtualenv": self.version}

    def resolve(self, order: BuildOrder) -> Stage:
        """``pip install --dry-run --report`` by the base interpreter, as if nothing were installed."""
        content = order.content
        preferred = [f"{name}=={value}" for name, value in _preferences(order).items()]
        widened = [item for name, item in order.direct.items() if name in order.widened]
        wanted = {*order.widened, *(item.name for item in content.requirements)}
        held = [direct_line(item, order) for name, item in order.direct.items() if name not in wanted]
        files: dict[str, str | bytes] = {
            "requirements.txt": joined(
                [
                    *(requirement_line(item, order) for item in content.requirements),
                    *(direct_line(item, order) for item in widened),
                ]
            ),
            **stand_in_files(order),
            **build_constraint_files(order),
            "constraints.txt": joined([*constraint_lines(order), *unbound_lines(order), *held, *preferred]),
        }
        argv = [
            *self._pip(order.interpreter.executable, "install"),
            *("--dry-run", "--ignore-installed", "--report", _REPORT),
            *("--requirement", "requirements.txt", "--constraint", "constraints.txt"),
            *_options(order),
        ]
        why = f"resolving {counted(len(content.requirements), 'requirement')} with pip"
        steps = (Step("resolve", why, tuple(argv), _environment(order)),) if content.requirements else ()
        return Stage(steps, files)

    def resolution(self, order: BuildOrder) -> Lock:
        """Read pip's report."""
        if not order.content.requirements:
            return lock_from_report({"install": []})
        lock = lock_from_report(json.loads((order.work / _REPORT).read_text("utf-8")))
        return lock.with_files(
            {
                item.name: PackageWheel(url=item.url, hashes={"sha256": item.sha256})
                for item in order.direct.values()
                if item.metadata and item.sha256
            }
        )

    def attributed(self, order: BuildOrder, lock: Lock) -> Lock:
        """Return *lock*: pip looks up files by their URL."""
        del order
        return lock

    def create(self, order: BuildOrder) -> Stage:
        """``virtualenv`` at the final path, without pip or setuptools."""
        argv = [
            *(self.host, "-m", "virtualenv", "--quiet"),
            *("--no-seed", "--no-download", "--no-periodic-update", "--no-venv-redirect"),
            *("--python", order.interpreter.executable),
            *(("--system-site-packages",) if order.content.system_site_packages else ()),
            str(order.prefix),
        ]
        why = f"creating the environment with Python {order.interpreter.version}"
        env = {"VIRTUALENV_CONFIG_FILE": os.devnull}
        return Stage((Step("create", why, tuple(argv), env),))

    def examine(self, order: BuildOrder) -> Stage:
        """Nothing."""
        del order
        return Stage(())

    def install(self, order: BuildOrder, lock: Lock) -> Stage:
        """Two runs of pip: what has hashes, with them; then directories and VCS checkouts, which cannot have any.

        What an index serves is offered to pip by a page of exact links (``--find-links``), so that it takes the
        locked file and records no direct URL (PEP 610), as uv does.
        """
        options = ("--ignore-installed", "--no-warn-script-location", "--no-compile")
        command = self._pip(python_of(str(order.prefix)), "install", *options)
        return _exactly(order, lock, command, "install", "installing {} with pip", "distribution")

    def collect(self, order: BuildOrder, lock: Lock, directory: Path) -> Stage:
        """Two runs of ``pip wheel`` of exactly the lock: wheels are fetched, everything else is built into one.

        Args:
            order: Its prefix is not there.
            lock: What was resolved.
            directory: Where the wheels go; made by pip.
        """
        command = self._pip(order.interpreter.executable, "wheel", "--wheel-dir", str(directory))
        return _exactly(order, lock, command, "collect", "collecting {} with pip", "wheel")

    def cache_directory(self, order: BuildOrder) -> Path | None:
        """Pip copies out of its cache, so there is nothing to sync."""
        del order
        return None

    def _pip(self, python: str, *verb: str) -> list[str]:
        return [python, "-I", str(Path(run_pip.__file__).absolute()), self.wheels, *verb]


def _exactly(order: BuildOrder, lock: Lock, command: list[str], name: str, why: str, noun: str) -> Stage:
    """One run for what has hashes, with them; one for directories and VCS checkouts, which cannot have any."""
    hashed = [package for package in lock.packages if has_hashes(package)]
    loose = [package for package in lock.packages if not has_hashes(package)]
    files: dict[str, str | bytes] = {
        "links.html": "".join(map(link, hashed)),
        "hashed.txt": joined(pinned_line(package, order) for package in hashed),
        "loose.txt": joined(pinned_line(package, order) for package in loose),
        **build_constraint_files(order),
    }
    steps = []
    common = [*command, "--no-deps", *_options(order, building=True)]
    env = _environment(order, installing=True)
    if hashed:
        links = (order.work / "links.html").as_uri()
        argv = [*common, "--require-hashes", "--requirement", "hashed.txt"]
        argv += ["--find-links", links, *_without_index(hashed, env)]
        steps.append(Step(name, why.format(counted(len(hashed), noun)), tuple(argv), env, _SILENCING, _TELLING))
    if loose:
        argv = [*common, "--requirement", "loose.txt"]
        why = f"building {counted(len(loose), 'distribution')} from source with pip"
        steps.append(Step(f"{name}-sources", why, tuple(argv), env))
    return Stage(tuple(steps), files)


def bundled_wheels() -> Path | None:
    """Return the directory of wheels that virtualenv carries, pip among them; ``None`` where it is not installed."""
    spec = find_spec("virtualenv")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "seed" / "wheels" / "embed"


@lru_cache(maxsize=1)
def find() -> Pip:
    """Find virtualenv beside this library.

    Raises:
        ToolchainNotFoundError: it is not there, or the host is frozen and cannot run it.
    """
    wheels = bundled_wheels()
    if wheels is None or getattr(sys, "frozen", False) or not sys.executable:
        raise ToolchainNotFoundError(
            "virtualenv cannot be run by this interpreter",
            hint="install virtualenv beside this library, or use toolchain='uv'",
            toolchain="pip",
            searched=("the `virtualenv` distribution",),
        )
    try:
        found = version("virtualenv")
    except PackageNotFoundError:
        found = ""
    return Pip(sys.executable, str(wheels), found)


def _preferences(order: BuildOrder) -> dict[str, str]:
    """Preferred versions as constraints; a direct reference is its own."""
    if order.preferences is None:
        return {}
    direct = {package.name for package in order.preferences.packages if package.is_direct}
    unknown = {*direct, *order.direct, *order.unbound}
    return {name: value for name, value in order.kept_versions.items() if name not in unknown}


def _environment(order: BuildOrder, *, installing: bool = False) -> dict[str, str]:
    """Pip's settings.  Private explicit indexes are named only when every hash is known: their passwords are needed."""
    settings, content = order.settings, order.content
    env = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_NO_COLOR": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    default = content.default_index
    known = order.credentials
    main = settings.main_index() if default is None else _with(default.url, default.credentials)
    private = [_with(index.url, index.credentials) for index in order.private_indexes]
    optional = {
        "PIP_INDEX_URL": main,
        "PIP_EXTRA_INDEX_URL": " ".join(private) if installing else None,
        "PIP_DEFAULT_TIMEOUT": settings.timeout,
        "PIP_RETRIES": settings.retries,
        "PIP_CERT": settings.certificate,
        "PIP_CLIENT_CERT": settings.client_certificate,
        "PIP_PROXY": settings.proxy,
        "PIP_TRUSTED_HOST": settings.trusted_hosts,
        "PIP_CACHE_DIR": settings.pip_cache,
        "PIP_NO_INDEX": "1" if settings.offline else None,
        "PIP_NO_CACHE_DIR": "1" if order.no_cache else None,
    }
    env.update({variable: value for variable, value in optional.items() if value})
    for prefix, (user, password) in secret_variables(order).items():
        env[user], env[password] = (quote(word, safe="") for word in (known[prefix].username, known[prefix].password))
    return env


def _with(url: str, credentials: Credentials | None) -> str:
    if credentials is None:
        return url
    return join_credentials(url, quote(credentials.username, safe=""), quote(credentials.password, safe=""))


def _options(order: BuildOrder, *, building: bool = False) -> list[str]:
    selecting = ("--no-binary", "--only-binary", "--find-links", "--config-settings", "--pre", "--no-index")
    building_only = ("--config-settings", "--no-build-isolation")
    wanted = building_only if building else (*selecting, "--no-build-isolation")
    words = [word for word in order.content.options.words if word.split("=", 1)[0] in wanted]
    if not order.content.build_constraints:
        return words
    if order.interpreter.minor == _WITHOUT_BUILD_CONSTRAINTS:
        raise RequestError(
            f"build_constraints= is not known to the last pip for Python {order.interpreter.minor}",
            hint="use toolchain='uv', or a newer python=",
        )
    return [*words, "--build-constraint", BUILD_CONSTRAINTS]


def _without_index(packages: Iterable[Package], env: Mapping[str, str]) -> list[str]:
    """No index is asked when every file is a wheel; building from source needs one, private files need its password."""
    wheels = all(package.wheels for package in packages)
    private = any("@" in env.get(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"))
    return ["--no-index"] if wheels and not private else []
