"""Values as octets, for both sides: pickle, with what two Pythons and two names of a module need besides.

A call costs little where nothing unusual is in it: only what is no plain value is asked about, and only what pickle
refuses is looked at twice (:mod:`.difficult`).
"""

from __future__ import annotations

import sys
from _io import BytesIO

from . import names

if "functools" in sys.modules:
    import _pickle
else:  # _pickle wants functools.partial and nothing else of it: functools and collections cost more than all of ours
    sys.modules["functools"] = __import__("_functools")
    try:
        import _pickle
    finally:
        del sys.modules["functools"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Reducer = Callable[[Any], Any]
    _Base = _pickle.Pickler
else:
    _Base = object

#: The highest pickle protocol that we use.
HIGHEST = 5
#: Buffers of this size or more travel beside the pickle.
LARGE = 64 * 1024

_Function = type(lambda: None)
_Builtin = type(len)
_Module = type(sys)
#: What is known by its name.
NAMED = (_Function, _Builtin, type, _Module)


class Unpicklable(Exception):  # noqa: N818 - said of a value
    """A value cannot travel.

    Args:
        path: Where in the value, such as ``['model'].lock``; empty for the value itself, or where it is not known.
        type_name: The class of what cannot.
        reason: Why.
    """

    #: One thing to do about it, or None.
    hint: str | None = None

    def __init__(self, path: str, type_name: str, reason: str) -> None:
        super().__init__(path, type_name, reason)
        self.path = path
        self.type_name = type_name
        self.reason = reason

    @property
    def unpicklable(self) -> tuple[str, str, str]:
        """All of it, as plain data."""
        return self.path, self.type_name, self.reason

    def __str__(self) -> str:
        return "%s (%s): %s" % (self.path or "the value", self.type_name, self.reason)


class ByValue(Exception):  # noqa: N818 - said of a value
    """It holds a function or class that the other side does not know by name."""


class Asking(_Base):
    """What a pickler asks about everything that is not plain."""

    #: Functions that are asked first: each returns what ``__reduce__`` would, or ``NotImplemented``.
    reducers: Iterable[Reducer] = ()
    _plain: Any = ()

    def reducer_override(self, value: Any) -> Any:
        """Return what ``value.__reduce__`` would, or ``NotImplemented`` for the usual way."""
        kind = type(value)
        if kind in self._plain:
            return NotImplemented
        for reducer in self.reducers:
            reduced = reducer(value)
            if reduced is not NotImplemented:
                return reduced
        if issubclass(kind, NAMED):  # what value.__class__ says does not count: list[int] says type
            return self.reduce_named(value)
        if _is_numeric(kind):
            return self.reduce_numeric(value)
        if isinstance(value, BaseException):
            return _reduce_exception(value)
        reduced = _reduce_view(value) if kind is memoryview else self.reduce_other(value)
        if reduced is NotImplemented:
            self._plain = self._plain or set()
            self._plain.add(kind)
        return reduced

    def reduce_numeric(self, value: Any) -> Any:
        """Reduce what is of a library that has arrays."""
        from . import arrays

        return arrays.reduce_array(value)

    def reduce_other(self, value: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Reduce what is no function, class, module or array; what it says of one holds for all of its class."""
        return NotImplemented

    def reduce_named(self, value: Any) -> Any:
        """Reduce a function, class or module; what the other side sent by value goes back by its name there."""
        if not isinstance(value, (_Function, type)):
            return NotImplemented
        token = vars(value).get(names.TOKEN) if isinstance(value, type) else names.tokens.get(value)
        if token is not None:
            return names.original, (token, value.__module__, value.__qualname__)
        if names.is_found(value):
            return NotImplemented
        if "<" not in value.__qualname__ and value.__module__ not in sys.modules:
            return names.original, (None, value.__module__, value.__qualname__)
        return self.reduce_by_value(value)

    def reduce_by_value(self, value: Any) -> Any:
        """Reduce a function, class or module that the other side does not know by name."""
        raise ByValue(value)


class Pickler(Asking, _pickle.Pickler):
    """A pickler of what both sides know by name."""


def _take(buffers: list[Any], buffer: Any) -> bool:
    """Take a buffer out of the pickle, if it is large; return whether it stays."""
    if buffer.raw().nbytes < LARGE:
        return True
    buffers.append(buffer)
    return False


def make(kind: type[Pickler], file: Any, protocol: int, buffers: list[Any] | None) -> Any:
    """Return a pickler.

    Args:
        kind: Its class.
        file: Where it writes.
        protocol: Of pickle.
        buffers: Takes the large buffers; None: they stay in the pickle.
    """
    if buffers is None or protocol < 5:  # noqa: PLR2004 - since 5 there are buffers
        return kind(file, protocol)
    return kind(file, protocol, buffer_callback=_take.__get__(buffers))


def _is_numeric(kind: type) -> bool:
    """Whether a class is of a library that has arrays, or made from one of its classes."""
    return any(str(base.__module__).partition(".")[0] in ("numpy", "torch") for base in kind.__mro__)


def _reduce_view(view: memoryview) -> Any:
    whole = view if view.contiguous else view.tobytes()
    return make_view, (_pickle.PickleBuffer(whole), view.format, view.shape)


def make_view(buffer: Any, form: Any, shape: Any) -> memoryview:
    """Return a memoryview as it was, in contiguous memory."""
    view = memoryview(buffer).cast("B")
    return view.cast(form, shape) if view.nbytes else view


def _reduce_exception(error: BaseException) -> Any:
    reduced = error.__reduce_ex__(HIGHEST)
    if not isinstance(reduced, tuple) or reduced[0] is not type(error):
        return reduced
    return (make_exception, (reduced[0], reduced[1]), *reduced[2:])


def make_exception(kind: Any, arguments: tuple[Any, ...]) -> Any:
    """Return an exception: with its ``args`` alone where its ``__init__`` wants something else.

    Raises:
        Unpicklable: its class does not let itself be made so either.
    """
    try:
        return kind(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever its class does
        try:
            made = kind.__new__(kind, *arguments)
        except Exception:  # noqa: BLE001 - same
            name = "%s.%s" % (kind.__module__, kind.__qualname__)
            raise Unpicklable("", name, "%s: %s" % (type(error).__name__, error)) from error
        made.args = arguments
        return made


class Unpickler(_pickle.Unpickler):
    """An unpickler that finds things under the names that they have on this side."""

    #: What was looked up last, of what is neither ours nor cloudpickle's.
    found = ""

    def find_class(self, module: str, name: str) -> Any:
        """Return a function or class by its name.

        Raises:
            Unpicklable: there is none on this side.
        """
        known = names.here(module)
        if known is module:  # neither ours nor cloudpickle's
            self.found = "%s.%s" % (module, name)
        try:
            return super().find_class(known, name)
        except (ImportError, AttributeError) as error:
            for old, new in names.MOVED.items():
                if module == old or module.startswith(old + "."):
                    try:
                        return super().find_class(new + module[len(old) :], name)
                    except (ImportError, AttributeError):
                        continue
            raise Unpicklable("", "%s.%s" % (module, name), "%s: %s" % (type(error).__name__, error)) from error


def dumps(value: Any, protocol: int, buffers: list[Any] | None = None, reducers: Iterable[Reducer] = ()) -> bytes:
    """Pickle a value.

    Args:
        value: Anything.
        protocol: Of pickle, the lower of both sides.
        buffers: An empty list, which takes the large buffers, or None: they stay in the pickle.
        reducers: See :class:`Asking`.

    Raises:
        Unpicklable: it cannot be pickled; the error says which part.
    """
    file = BytesIO()
    pickler = make(Pickler, file, protocol, buffers)
    if reducers:
        pickler.reducers = reducers
    try:
        pickler.dump(value)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a class does when it is pickled
        from . import difficult

        able = None if names.cloudpickle_directory is None else difficult.pickler_class()
        return difficult.dumps(value, pickler, able, protocol, buffers, error)
    return file.getvalue()


def loads(data: Any, buffers: Sequence[Any] = ()) -> Any:
    """Unpickle a value.

    Args:
        data: What :func:`dumps` returned on the other side.
        buffers: The buffers that traveled beside.

    Raises:
        Unpicklable: it cannot be built here.
    """
    unpickler = Unpickler(BytesIO(data), buffers=buffers)
    try:
        return unpickler.load()
    except (Unpicklable, MemoryError):
        raise
    except Exception as error:
        from . import difficult

        raise difficult.not_built(error, unpickler.found) from error


def configure(cloudpickle: str | None) -> None:
    """Say where the host's cloudpickle is.

    Args:
        cloudpickle: Directory of the package; None where the two Pythons cannot exchange code objects.
    """
    names.cloudpickle_directory = cloudpickle
