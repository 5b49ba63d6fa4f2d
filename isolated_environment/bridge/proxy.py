"""Objects that stay in the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..child import handles

if TYPE_CHECKING:
    from .worker import Worker


class RemoteMethod:
    """An attribute of an object in a worker, to be called there."""

    def __init__(self, proxy: Proxy, name: str) -> None:
        self.proxy = proxy
        self.number = proxy._number  # noqa: SLF001 - the two are one thing
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it there and return its value."""
        return self.proxy._worker.call(self, *args, **kwargs)  # noqa: SLF001

    def __repr__(self) -> str:
        return f"<method {self.name} of {self.proxy!r}>"


class Proxy:
    """An object that :meth:`Worker.new` made and that stays in the worker.

    Methods run there: ``model.transcribe(path)``; so do calling it, ``len()``, indexing and iterating.  As an argument
    of another call of the same worker it is the object itself: ``worker.call(getattr, model, "name")`` reads an
    attribute.  The worker lets the object go when the proxy is gone.
    """

    def __init__(self, worker: Worker, number: int) -> None:
        self._worker = worker
        self._number = number

    def __getattr__(self, name: str) -> RemoteMethod:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return RemoteMethod(self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the object there and return its value."""
        return RemoteMethod(self, "__call__")(*args, **kwargs)

    def __len__(self) -> int:
        return int(RemoteMethod(self, "__len__")())

    def __getitem__(self, key: object) -> Any:
        return RemoteMethod(self, "__getitem__")(key)

    def __setitem__(self, key: object, value: object) -> None:
        RemoteMethod(self, "__setitem__")(key, value)

    def __iter__(self) -> Any:
        return self._worker.call(_items, self)

    def __reduce__(self) -> tuple[Any, ...]:
        self._worker.assert_pickling_for()
        return handles.kept, (self._number,)

    def __del__(self) -> None:
        self._worker.drop_object(self._number)

    def __repr__(self) -> str:
        return f"<object {self._number} of {self._worker!r}>"


_items = "isolated_environment_child.handles:items"
