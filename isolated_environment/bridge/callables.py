"""Calls by name and by decorator: what environments, workers and pools have in common."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

TYPE_CHECKING = False  # typing takes longer to load than all that a first use needs
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar, overload

    from .function import Function
    from .future import CallFuture

    P = ParamSpec("P")
    R = TypeVar("R")


class Callables(ABC):
    """What can be called into."""

    #: Seconds that a call may take; ``None``: any.
    _timeout: float | None = None

    @abstractmethod
    def _call(self, timeout: float | None, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """As :meth:`call`, with a time-out of its own, in seconds."""

    @abstractmethod
    def _submit(
        self, timeout: float | None, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> CallFuture:
        """As :meth:`submit`, with a time-out of its own, in seconds."""

    def call(self, target: object, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function in the environment and return its value.

        Args:
            target: ``"package.module:name"``, or a callable: it travels by name where the environment has its
                module, else by value.
            args: Its arguments.
            kwargs: Its keyword arguments.

        Returns:
            Its value; for a generator a :class:`~isolated_environment.bridge.stream.Stream` of its items.

        Raises:
            Exception: what the function raised, in its own class where this side has it; its cause holds the remote
                traceback.
            RemoteError: the same, where this side has it not.
            InvalidTargetError, SerializationError: something cannot travel.
            CallTimeoutError: it took longer than it may, and was stopped.
            WorkerDied: the process ended before it answered.
        """
        return self._call(self._timeout, target, args, kwargs)

    def submit(self, target: Any, /, *args: Any, **kwargs: Any) -> CallFuture:
        """Begin a call.

        Args:
            target: As :meth:`call`.
            args: As :meth:`call`.
            kwargs: As :meth:`call`.

        Returns:
            Its :class:`concurrent.futures.Future`, whose ``cancel()`` also stops a call that runs.

        Raises:
            WorkerClosedError: no more calls are taken.
        """
        return self._submit(self._timeout, target, args, kwargs)

    async def acall(self, target: object, /, *args: Any, **kwargs: Any) -> Any:
        """As :meth:`call`, without blocking the event loop; cancelling the task stops the work.

        Args:
            target: As :meth:`call`.
            args: As :meth:`call`.
            kwargs: As :meth:`call`.

        Raises:
            Exception: as :meth:`call`.
        """
        import asyncio

        return await asyncio.wrap_future(self._submit(self._timeout, target, args, kwargs))

    if TYPE_CHECKING:

        @overload
        def function(self, target: Callable[P, R], *, timeout: float | None = None) -> Function[P, R]: ...

        @overload
        def function(self, target: str, *, timeout: float | None = None) -> Function[..., Any]: ...

        @overload
        def function(
            self, target: None = None, *, timeout: float | None = None
        ) -> Callable[[Callable[P, R]], Function[P, R]]: ...

    def function(self, target: Any = None, *, timeout: float | None = None) -> Any:
        """Return a function whose body runs in the environment; also a decorator, with or without arguments.

        It keeps its signature for editors and type checkers, and has ``acall`` and ``submit``.

        Args:
            target: As :meth:`call`.
            timeout: Seconds that a call may take; ``None``: what the one it is called on says.
        """
        if target is None:
            return functools.partial(self.function, timeout=timeout)
        from .function import Function

        limit = self._timeout if timeout is None else timeout
        call, submit = functools.partial(self._call, limit), functools.partial(self._submit, limit)
        return Function(self, target, call, submit)
