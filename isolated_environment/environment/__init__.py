"""The front door: :class:`IsolatedEnvironment`."""

from __future__ import annotations

import os

from ..ask_input import absolute, text_of
from ..declaration import Declaration
from .calling import CallingMethods
from .choices import Choices
from .content import ContentMethods
from .handle import Handle
from .questions import QuestionMethods
from .running import RunningMethods
from .shipping import ShippingMethods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ..events import Event
    from ..index import Index
    from ..process import StrPath
    from ..torch_index.request import TorchIndex
    from .content import Requirements


class IsolatedEnvironment(ContentMethods, QuestionMethods, RunningMethods, CallingMethods, ShippingMethods):
    """A private environment of an application, inside the application's own installation.

    Making one does nothing: no I/O, no process.  The environment is built on first use, under a file lock, and a
    build that fails or is killed leaves what was there before.

    There are two ways to state the content.  *requirements* or *pylock* state all of it: anything else is removed at
    the next use.  :meth:`pip_install` adds to what is there already.

    Args:
        path: Where the author wants it, normally in the application's own package: ``HERE / "whisper_env"``.  Made
            absolute at once; links in it are not resolved.
        requirements: The whole content: a PEP 508 requirement, a requirements text, the path of a wheel, a project
            or a requirements file, or a list of these.  ``None``: this handle adds to what is there.
        python: ``"3.11"``, ``">=3.10,<3.13"``, the path of an interpreter, or ``None``: the host's version, or what
            is there already when this handle states no content.
        torch: Where PyTorch and its family come from: :class:`~isolated_environment.TorchIndex`, the name of a channel
            (``"cu126"``, ``"cpu"``), ``"auto"``, or the URL of a channel.  The exact build is pinned.
        indexes: :class:`~isolated_environment.Index` values: explicit for named projects, or one in the place of the
            main index.
        constraints: Requirements that limit but do not ask.
        build_constraints: Requirements that limit what builds from source need: ``["setuptools<82"]`` for a project
            that a newer one cannot build.
        pylock: A ``pylock.toml`` (PEP 751) to install instead of resolving.
        system_site_packages: Let the environment see the base interpreter's packages (PEP 405).
        toolchain: ``"uv"``, ``"pip"`` (with virtualenv), or ``"auto"``: uv where it is found.
        owner: ``"auto"``: the distribution that *path* belongs to, whose uninstall then removes the environment; a
            distribution's name (needed for editable installs); ``None``: nobody.
        if_read_only: ``"user"``: build in the user's data directory where *path* cannot be written; ``"raise"``.
        lock_timeout: Seconds to wait while somebody else builds; ``None``: for ever.
        on_event: Called with each :class:`~isolated_environment.events.Event` of a build; what it raises ends the
            build.
        quiet: Write nothing to the terminal, as with ``ISOLATED_ENVIRONMENT_QUIET=1``.
        full_isolation: Commands see no directory on PATH with another Python, and none of the tools in it, but for
            the system's own directories.

    Raises:
        RequestError: an argument is none of the words it takes; a path is relative and the working directory is gone.
        TypeError: an argument is of another type; the error names the argument.

    Example:
        >>> env = IsolatedEnvironment("/tmp/demo_env", ["cowsay"])
        >>> env.path.name
        'demo_env'
    """

    def __init__(
        self,
        path: StrPath,
        requirements: Requirements | None = None,
        *,
        python: StrPath | None = None,
        torch: TorchIndex | str | None = None,
        indexes: Iterable[Index] = (),
        constraints: Requirements = (),
        build_constraints: Requirements = (),
        pylock: StrPath | None = None,
        system_site_packages: bool = False,
        toolchain: str = "auto",
        owner: str | None = "auto",
        if_read_only: str = "user",
        lock_timeout: float | None = None,
        on_event: Callable[[Event], None] | None = None,
        quiet: bool = False,
        full_isolation: bool = False,
    ) -> None:
        _assert_one_of("toolchain", toolchain, ("auto", "uv", "pip"))
        _assert_one_of("if_read_only", if_read_only, ("user", "raise"))
        _assert_seconds(lock_timeout)
        if owner is not None and not isinstance(owner, str):
            raise TypeError(f"owner= takes the name of a distribution, 'auto' or None, not {type(owner).__name__}")
        if on_event is not None and not callable(on_event):
            raise TypeError(f"on_event= takes a function of one event, not {type(on_event).__name__}")
        self._handle = Handle(
            _path_text(path),
            Declaration(
                requirements,
                python=None if python is None else _frozen_python(python),
                indexes=indexes,
                constraints=constraints,
                pylock=None if pylock is None else absolute(text_of("pylock=", pylock)),
                system_site_packages=system_site_packages,
                torch=torch,
                build_constraints=build_constraints,
            ),
            Choices(
                toolchain=toolchain,
                lock_timeout=lock_timeout,
                on_event=on_event,
                quiet=quiet,
                full_isolation=full_isolation,
            ),
            owner=owner,
            if_read_only=if_read_only,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._handle.path_text!r})"

    # where it is

    @property
    def path(self) -> Path:
        """The path as the author named it, absolute."""
        from pathlib import Path

        return Path(self._handle.path_text)

    @property
    def root(self) -> Path:
        """The directory that holds the environment: the path itself, or one in the owner's container."""
        from pathlib import Path

        return Path(self._handle.root())

    @property
    def prefix(self) -> Path:
        """The prefix of the current generation (``sys.prefix`` inside it).

        Raises:
            NotBuiltError: there is none that serves; :meth:`ensure` builds it.
        """
        from pathlib import Path

        return Path(self._handle.require().prefix)

    @property
    def python(self) -> Path:
        """The interpreter of the current generation.

        Raises:
            NotBuiltError: as :attr:`prefix`.
        """
        from pathlib import Path

        return Path(self._handle.require().python)

    @property
    def bin(self) -> Path:
        """The directory of scripts of the current generation.

        Raises:
            NotBuiltError: as :attr:`prefix`.
        """
        from pathlib import Path

        from ..layout import bin_of

        return Path(bin_of(self._handle.require().prefix))


def _path_text(path: StrPath) -> str:
    text = text_of("path", path)
    found = absolute(text)
    is_usual = found.isprintable() and os.pathsep not in found  # told at once
    if not text.strip() or (not is_usual and any(map(_is_unusable, found))):
        from ..errors import RequestError

        raise RequestError(
            f"{found!a} is no path for an environment",
            hint=f"name a directory, HERE / 'whisper_env'; without {os.pathsep!r} and control characters",
        )
    return found


def _is_unusable(char: str) -> bool:
    """What PATH cannot hold, what the first line of a script cannot, and what is no UTF-8 for a receipt or RECORD."""
    return char == os.pathsep or char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff"


def _frozen_python(python: StrPath) -> str:
    """A version or specifier as it is; a path absolute now, as the working directory may change."""
    if isinstance(python, float) or not str(python).strip():
        from ..errors import InvalidPythonError

        hint = "write it as a string: '3.10' (the number 3.10 is 3.1)"
        raise InvalidPythonError(f"python={python!r} is no version", hint=hint, request=str(python))
    request = text_of("python=", python)
    return absolute(request) if os.sep in request or "/" in request else request


def _assert_one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        from ..errors import RequestError

        raise RequestError(f"{name}={value!r} is unknown", hint=f"give one of {', '.join(map(repr, known))}")


def _assert_seconds(lock_timeout: object) -> None:
    if lock_timeout is not None and not (isinstance(lock_timeout, (int, float)) and lock_timeout >= 0):
        from ..errors import RequestError

        raise RequestError(
            f"lock_timeout={lock_timeout!r} is no number of seconds", hint="give seconds, or None to wait for ever"
        )
