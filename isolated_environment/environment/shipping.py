"""What an author ships: the lock of an environment, or its lock and every wheel."""

from __future__ import annotations

import contextlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from .handle import Handle


class ShippingMethods:
    """The part of :class:`~isolated_environment.IsolatedEnvironment` that writes what an author ships."""

    _handle: Handle

    def export_lock(self, path: str | os.PathLike[str], *, universal: bool = False) -> Path:
        """Write what the environment is locked to, for ``pylock=``; :meth:`ensure` comes first.

        The lock is for this environment's Python version and for this platform, and says so.

        Args:
            path: The ``pylock.toml`` to write, or ``pylock.NAME.toml`` (PEP 751).
            universal: Resolve for every platform, and for this Python version and newer ones, with the versions that
                this environment has where they serve.  uv does that, not pip, and not for a channel of PyTorch.

        Returns:
            *path*, absolute.

        Raises:
            RequestError: the file cannot be written, or *universal* cannot be had.
            InvalidLockError: with *universal*, something comes from a file of this machine.
            NotBuiltError: the lock is gone.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..host import markers_of
        from ..store.publication import write_atomically
        from ..store.resolution import lock_of_environment

        held = self._handle.ensure()
        if universal:
            lock = self._handle.resolve_for_everybody()
        else:
            lock = lock_of_environment(held.root, held.receipt).bound_to(markers_of(held.receipt.base["version"]))
        with _to_be_written("path", path) as target:
            write_atomically(target, lock.text.encode())
        return target

    def bundle(self, directory: str | os.PathLike[str]) -> Path:
        """Write every wheel of the environment, and a lock that names them there; :meth:`ensure` comes first.

        An environment with the lock as its ``pylock=`` is built without a network, on this platform and with this
        version of Python.  An earlier bundle in *directory* is replaced when the new one is whole.

        Args:
            directory: Where to; made if need be.

        Returns:
            The path of the ``pylock.toml``, absolute.

        Raises:
            BuildError: a wheel cannot be had or built.
            RequestError: the directory cannot be written.
            NotBuiltError: the lock is gone.
            HostError: virtualenv, whose pip collects the wheels, is not there.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..host import find_interpreter
        from ..store.bundle import make_bundle
        from ..store.resolution import lock_of_environment

        handle, choices = self._handle, self._handle.choices
        held = handle.ensure()
        lock, content = lock_of_environment(held.root, held.receipt), handle.wanted().content(held.receipt)
        interpreter = find_interpreter(held.receipt.base["executable"])
        settings = choices.settings()
        reporter = choices.reporter(handle.place(), settings)
        with _to_be_written("directory", directory) as target:
            return make_bundle(target, lock, content, interpreter, settings, reporter)


@contextlib.contextmanager
def _to_be_written(parameter: str, given: object) -> Iterator[Path]:
    """The path that was given, absolute; that it cannot be written is an error of the request."""
    from pathlib import Path

    from ..ask_input import absolute, text_of
    from ..errors import RequestError

    target = Path(absolute(text_of(parameter, given)))
    try:
        yield target
    except OSError as error:
        raise RequestError(f"{target} cannot be written: {error.strerror}", hint="choose another place") from error
