"""The installer options that both toolchains can honour, as one value."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import InvalidOptionError
from .redaction import redact

#: What an option of pip or uv is called here: a parameter, or a setting of the machine's user (an environment
#: variable).  A requirement or option that names one is refused with this word.
PARAMETERS = {
    "-r": "requirements=Path(...)",
    "--requirement": "requirements=Path(...)",
    "-b": "build_constraints=",
    "--build-constraint": "build_constraints=",
    "--build-constraints": "build_constraints=",
    "-c": "constraints=",
    "--constraint": "constraints=",
    "--constraints": "constraints=",
    "-e": "requirements= (a text with a line `-e PATH`)",
    "--editable": "requirements= (a text with a line `-e PATH`)",
    "--hash": "requirements= (a text with a line `NAME==VERSION --hash=sha256:…`)",
    "-i": "index=",
    "--index": "index=",
    "--index-url": "index=",
    "--default-index": "index=Index(url, default=True)",
    "--extra-index-url": "index=",
    "-U": "upgrade=True",
    "--upgrade": "upgrade=True",
    "-P": "upgrade=True",
    "-p": "python=",
    "--python": "python=",
    "--python-version": "python=",
    "-t": "path",
    "--target": "path",
    "--prefix": "path",
    "--root": "path",
    "--user": "path",
    "--system": "path",
    "--system-site-packages": "system_site_packages=",
    "--torch-backend": "index=",
    "--extra": "requirements= (NAME[extra])",
    "--offline": "ISOLATED_ENVIRONMENT_OFFLINE",
    "--trusted-host": "PIP_TRUSTED_HOST",
    "--allow-insecure-host": "UV_INSECURE_HOST",
    "--cert": "SSL_CERT_FILE",
    "--client-cert": "SSL_CLIENT_CERT",
    "--proxy": "HTTPS_PROXY",
    "--timeout": "PIP_DEFAULT_TIMEOUT",
    "--retries": "PIP_RETRIES",
    "--cache-dir": "UV_CACHE_DIR, PIP_CACHE_DIR",
}

_FLAGS = {"--pre", "--no-build-isolation", "--no-index"}
_VALUED = {"--no-binary", "--only-binary", "--find-links", "--config-settings"}
_ALIASES = {"-f": "--find-links", "-C": "--config-settings", "--config-setting": "--config-settings"}


def parameter_for(option: str) -> str | None:
    """Return the parameter of ours that does what the installer option *option* would do, if there is one.

    Args:
        option: As an installer would read it: ``--name``, ``--name=value``, ``-n`` or ``-nvalue``.
    """
    name = option.split("=", 1)[0] if option.startswith("--") else option[:2]
    if _ALIASES.get(name, name) in _FLAGS | _VALUED:
        return "options="
    return PARAMETERS.get(name)


def advice_for(parameter: str | None) -> str:
    """Return the hint that goes with what :func:`parameter_for` returned."""
    return "leave it out: there is no parameter for it" if parameter is None else f"use {parameter}"


@dataclass(frozen=True)
class InstallOptions:
    """What ``options=`` said, understood.

    Args:
        words: Normalized options, sorted, each once: a flag, or ``--name=value``.
    """

    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str]) -> InstallOptions:
        """Read options as given: a list, each ``--flag``, ``--name=value``, or ``--name`` followed by its value.

        Args:
            words: One string per word, never split on blanks.  Known: ``--pre``, ``--no-build-isolation``,
                ``--no-index``, ``--no-binary NAME``, ``--only-binary NAME``, ``--find-links DIR``,
                ``--config-settings KEY=VALUE``.

        Raises:
            InvalidOptionError: an unknown option, or one that has a parameter of its own; it names the parameter.
        """
        if isinstance(words, str):
            raise InvalidOptionError(
                f"options= takes a list of words, not the string {words!r}",
                hint=f"write options={words.split()!r}",
                option=words,
                parameter="options=",
            )
        known: set[str] = set()
        rest = list(words)
        while rest:
            word = rest.pop(0)
            name, equals, value = word.partition("=")
            name = _ALIASES.get(name, name)
            if name in _FLAGS and not equals:
                known.add(name)
            elif name in _VALUED and (equals or rest):
                known.update(f"{name}={found}" for found in _values(name, value if equals else rest.pop(0)))
            else:
                raise _refused(word, name)
        return cls(tuple(sorted(known)))

    def flag(self, name: str) -> bool:
        """Return whether the flag *name* was given."""
        return name in self.words

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of the option *name*."""
        return tuple(word.split("=", 1)[1] for word in self.words if word.startswith(f"{name}="))

    def merged(self, other: InstallOptions) -> InstallOptions:
        """Return what both said."""
        return InstallOptions(tuple(sorted({*self.words, *other.words})))


#: No options at all.
NO_OPTIONS = InstallOptions()


def _values(name: str, value: str) -> list[str]:
    """The values in one word, canonical: directories absolute, names of projects one by one and normalized."""
    if not value.isprintable() or value.startswith("-") or not value.strip():
        raise InvalidOptionError(
            f"{name} does not take {redact(value)!r}",
            hint="give the option and its value, one string each",
            option=name,
            parameter=None,
        )
    if name == "--find-links":
        if redact(value) != value:
            raise InvalidOptionError(
                "--find-links does not take a password: the installer would be given it in its command line",
                hint="put the password into a .netrc file, or name the place with Index(url, projects)",
                option=name,
                parameter=None,
            )
        return [value if "://" in value else os.path.abspath(os.path.expanduser(value))]
    if name == "--config-settings":
        return [value]
    return [_project(name, part.strip()) for part in value.split(",")]


def _project(option: str, name: str) -> str:
    from packaging.utils import InvalidName, canonicalize_name

    if name == ":all:":
        return name
    try:
        return str(canonicalize_name(name, validate=True))
    except InvalidName:
        raise InvalidOptionError(
            f"{option} takes :all: or names of projects, not {name!r}",
            hint="leave out versions",
            option=option,
            parameter=None,
        ) from None


def _refused(word: str, name: str) -> InvalidOptionError:
    parameter = parameter_for(word)
    if parameter is not None and parameter != "options=":
        return InvalidOptionError(
            f"{name} is not an entry of options=", hint=advice_for(parameter), option=word, parameter=parameter
        )
    known = ", ".join(sorted(_FLAGS | _VALUED))
    return InvalidOptionError(
        f"options= does not take {redact(word)!r}", hint=f"known are {known}", option=word, parameter=None
    )
