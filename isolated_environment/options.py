"""The installer options that both toolchains can honour, as one value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import InvalidOptionError

#: What an option of pip or uv is called here.  A requirement or option that names one is refused with this word.
PARAMETERS = {
    "-r": "requirements=Path(...)",
    "--requirement": "requirements=Path(...)",
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
}

_FLAGS = {"--pre", "--no-build-isolation", "--no-index"}
_VALUED = {"--no-binary", "--only-binary", "--find-links", "--config-settings", "--config-setting"}
_ALIASES = {"-f": "--find-links", "-C": "--config-settings", "--config-setting": "--config-settings"}


def parameter_for(option: str) -> str:
    """Return the parameter of ours that does what the installer option *option* would do."""
    return PARAMETERS.get(option.split("=", 1)[0], "options=")


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
                known.add(f"{name}={_absolute(name, value if equals else rest.pop(0))}")
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


def _absolute(name: str, value: str) -> str:
    if name == "--find-links" and "://" not in value:
        return str(Path(value).expanduser().absolute())
    return value


def _refused(word: str, name: str) -> InvalidOptionError:
    parameter = PARAMETERS.get(name)
    if parameter is not None:
        return InvalidOptionError(
            f"{name} is not an entry of options=", hint=f"use {parameter}", option=word, parameter=parameter
        )
    known = ", ".join(sorted(_FLAGS | _VALUED))
    return InvalidOptionError(
        f"options= does not take {word!r}", hint=f"known are {known}", option=word, parameter=None
    )
