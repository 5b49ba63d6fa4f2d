"""A function whose body runs elsewhere."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from .callables import Callables
    from .future import CallFuture

P = ParamSpec("P")
R = TypeVar("R")


class Function(Generic[P, R]):
    """A function whose body runs in the environment; ``__wrapped__`` is the function itself.

    Args:
        where: What it is called in.
        function: The target.
        call: Calls it: target, arguments, keyword arguments.
        submit: Begins such a call.
    """

    __wrapped__: Callable[P, R]
    __isolated_environment_function__ = True

    def __init__(
        self,
        where: Callables,
        function: Callable[P, R] | str,
        call: Callable[..., Any],
        submit: Callable[..., CallFuture],
    ) -> None:
        self._where = where
        self._target = function
        self._call = call
        self._submit = submit
        if not isinstance(function, str):
            functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it in the environment and return its value."""
        return self._call(self._target, args, kwargs)  # type: ignore[no-any-return]

    async def acall(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """As calling it, without blocking the event loop."""
        import asyncio

        future = self._submit(self._target, args, kwargs)
        return await asyncio.wrap_future(future)

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> CallFuture:
        """Begin a call; return its future, whose ``cancel()`` also stops a call that runs."""
        return self._submit(self._target, args, kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        name = self._target if isinstance(self._target, str) else getattr(self._target, "__qualname__", self._target)
        return f"<function {name} in {self._where!r}>"
