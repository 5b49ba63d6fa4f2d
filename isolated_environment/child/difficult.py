"""Values that plain pickle refuses: what cloudpickle can do besides, and what is said where it cannot either.

Imported only then.
"""

from __future__ import annotations

import sys
from _io import BytesIO, TextIOWrapper

from . import names, pickling, trail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_made: dict[Any, Any] = {}


def dumps(value: Any, pickler: Any, able: Any, protocol: int, buffers: list[Any] | None, error: Exception) -> bytes:
    """Pickle a value that plain pickle refused.

    Args:
        value: The value.
        pickler: That refused.
        able: The class of one that can do more, see :func:`pickler_class`; None: there is none.
        protocol: Of pickle.
        buffers: Takes the large buffers, or None.
        error: What the first one raised.

    Raises:
        Unpicklable: this one cannot do it either.
    """
    if buffers:
        del buffers[:]
    if able is not None:
        file = BytesIO()
        first, pickler = pickler, pickling.make(able, file, protocol, buffers)
        vars(pickler).update({name: told for name, told in vars(first).items() if name != "_plain"})
        try:
            pickler.dump(value)
            return file.getvalue()
        except MemoryError:
            raise
        except Exception as second:  # noqa: BLE001 - whatever a class does when it is pickled
            error = second
            error.__context__ = None  # that plain pickle cannot do it is no news
            if buffers:
                del buffers[:]
    raise trail.unpicklable(value, pickler, error) from error


class Taking(pickling.Asking):
    """What a pickler asks that takes functions and classes apart where the other side does not know them."""

    def reduce_by_value(self, value: Any) -> Any:
        """Reduce a function, class or module with all that it needs."""
        return names.cloudpickle().Pickler.reducer_override(self, value)

    def reduce_other(self, value: Any) -> Any:
        """Refuse files: cloudpickle would send what stands in them."""
        if not isinstance(value, TextIOWrapper):
            return NotImplemented
        for name in ("stdout", "stderr"):
            if value is getattr(sys, name):
                return getattr, (sys, name)
        raise TypeError("an open file cannot travel")


def pickler_class(*asking: type) -> Any:
    """Return the class of picklers of functions and classes by value.

    Args:
        asking: Classes that say what goes by value.
    """
    if asking not in _made:
        _made[asking] = type("ByValuePickler", (*asking, Taking, names.cloudpickle().Pickler), {})
    return _made[asking]


def not_built(error: Exception, found: str) -> pickling.Unpicklable:
    """Return the error that says that a value cannot be built on this side.

    Args:
        error: What was raised while it was.
        found: The function or class that was looked up last.
    """
    text = trail.told(error)
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_globals.get("__package__") == __package__:
        frame = frame.tb_next
    if frame is not None:  # raised by Python code: whose is it?
        arguments = frame.tb_frame.f_code.co_varnames[:1]
        first = frame.tb_frame.f_locals.get(arguments[0]) if arguments else None
        if arguments == ("self",):
            found = trail.type_name(first)
        elif arguments == ("cls",) and isinstance(first, type):
            found = trail.name_of(first)
    return pickling.Unpicklable("", found, text)
