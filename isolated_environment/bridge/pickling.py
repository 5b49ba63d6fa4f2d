"""Values on their way into an environment: by name what is there, by value what is the application's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from io import BytesIO
from types import CellType, CodeType, ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from ..child import pickling, source
from ..errors import SerializationError
from .reach import BY_NAME, NOT_AT_ALL, Peer, Reach, top_level

if TYPE_CHECKING:
    from .source import Cells

__all__ = ["Peer", "dumps"]

#: Marks what ``@env.function`` made of a function, which stands in its ``__wrapped__``.
WRAPPER = source.WRAPPER

_Cached = type(lru_cache(lambda: None))

#: What the parts of a call are named in errors.
CALL = ("target", "args", "kwargs")


class Asking(pickling.Asking):
    """What a pickler of the host asks about what is not plain."""

    peer: Peer

    @cached_property
    def cells(self) -> Cells:
        """The variables that functions share on their way."""
        from .source import Cells

        return Cells()

    def reduce_to_source(self, value: Any) -> Any:
        """Reduce a function or class of the application to its text."""
        if isinstance(value, ModuleType):
            return source.make_module, (value.__name__,)  # each function brings what it uses of it
        from .source import reduced

        return reduced(value, self.peer, self.cells)

    def reduce_named(self, value: Any) -> Any:
        """Reduce a function, class or module: by its name there, or by value."""
        way = Reach(self.peer).of(value)
        if way is NOT_AT_ALL:
            raise _lacking(value)
        if way is not BY_NAME:
            return self.reduce_by_value(value)
        return (source.import_module, (value.__name__,)) if isinstance(value, ModuleType) else NotImplemented

    def reduce_numeric(self, value: Any) -> Any:
        """Reduce an array or the like, where its library is there as well."""
        reduced = super().reduce_numeric(value)
        if reduced is not NotImplemented and Reach(self.peer).of_module(type(value).__module__) is NOT_AT_ALL:
            raise _lacking(type(value))
        return reduced

    def reduce_other(self, value: Any) -> Any:
        """Reduce what pickle would take by a name that is not there."""
        raw = unwrapped(value)
        if raw is not value:
            return source.same, (raw,)
        if isinstance(value, _Cached) and Reach(self.peer).of(value) is not BY_NAME:
            told = value.cache_parameters()
            return source.cached, (value.__wrapped__, told["maxsize"], told["typed"])
        if isinstance(value, TypeVar) and Reach(self.peer).of(value) is not BY_NAME:
            return TypeVar, (value.__name__, *value.__constraints__)
        return super().reduce_other(value)


class Pickler(Asking, pickling.Pickler):
    """A pickler that does without cloudpickle."""

    def reduce_by_value(self, value: Any) -> Any:
        """Reduce to source, where the other side has another Python."""
        if self.peer.has_same_code:
            raise pickling.ByValue(value)
        return self.reduce_to_source(value)

    def reduce_other(self, value: Any) -> Any:
        """Reduce the parts of a function; its code never travels to another Python."""
        if self.peer.has_same_code or not isinstance(value, (CellType, CodeType)):
            return super().reduce_other(value)
        if isinstance(value, CodeType):
            raise TypeError("a code object cannot travel to another Python")
        from ..child import definitions

        return definitions.make_cell, ()


def dumps(
    value: object, peer: Peer, buffers: list[Any] | None = None, *, names: Sequence[str] = CALL, reducers: Any = ()
) -> bytes:
    """Pickle a value for an environment.

    Args:
        value: Anything.
        peer: The environment.
        buffers: An empty list, which takes large buffers; ``None``: they stay in the pickle.
        names: What errors call the elements of a tuple of that length.
        reducers: Functions that are asked first, see :class:`isolated_environment.child.pickling.Asking`.

    Raises:
        SerializationError: it cannot travel; the error says which part.
    """
    file = BytesIO()
    pickler = pickling.make(Pickler, file, peer.protocol, buffers)
    pickler.peer = peer
    if reducers:
        pickler.reducers = reducers
    try:
        pickler.dump(value)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a class does when it is pickled
        return _dumps_difficult(value, pickler, buffers, error, names)
    return file.getvalue()


def _dumps_difficult(
    value: object, pickler: Pickler, buffers: list[Any] | None, error: Exception, names: Sequence[str]
) -> bytes:
    from ..child import difficult
    from .exports import forget_added

    forget_added()  # it is pickled once more
    able = None
    if pickler.peer.has_same_code:
        from .by_value import pickler_class

        able = pickler_class()
    try:
        return difficult.dumps(value, pickler, able, pickler.peer.protocol, buffers, error)
    except pickling.Unpicklable as refused:
        whole = isinstance(value, tuple) and len(value) == len(names)
        raise refusal(refused, _path(refused.path, names if whole else ())) from refused.__cause__


def refusal(found: pickling.Unpicklable, path: str) -> SerializationError:
    """Return the error that says that something of the host cannot travel.

    Args:
        found: Which part cannot.
        path: Where it stands.
    """
    return SerializationError(
        f"{path} cannot travel into the environment: {found.type_name}: {found.reason}",
        hint=found.hint or "pass simple values, or make it there: worker.new() keeps an object in a worker",
        type_name=found.type_name,
        path=path,
        side="host",
    )


def _path(path: str, names: Sequence[str]) -> str:
    for index, name in enumerate(names):
        if path.startswith(f"[{index}]"):
            return name + path[3:]
    return f"value{path}" if path else "the value"


def _lacking(value: Any) -> pickling.Unpicklable:
    module = value.__name__ if isinstance(value, ModuleType) else value.__module__
    name = module if isinstance(value, ModuleType) else f"{module}.{getattr(value, '__qualname__', value.__name__)}"
    error = pickling.Unpicklable("", name, f"the environment has no module {top_level(module)!r}")
    error.hint = f"install what has {top_level(module)!r} in the environment, with pip_install()"
    return error


def unwrapped(value: Any) -> Any:
    """Return the function inside of what ``@env.function`` made; anything else as it is."""
    return getattr(value, "__wrapped__", value) if getattr(type(value), WRAPPER, False) else value
