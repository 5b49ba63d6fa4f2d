"""Values that plain pickle refuses: what cloudpickle can do besides, and where in a value the trouble is.

Imported only then.
"""

from __future__ import annotations

import sys
from _io import BytesIO, TextIOWrapper

from . import pickling, trail

_made = {}


def dumps(value, pickler, again, buffers, error):
    """Pickle a value that plain pickle refused.

    Args:
        value: The value.
        pickler: That refused.
        again: Makes a pickler that can do more, from a file, the first pickler and the buffers; None: there is none.
        buffers: Takes the large buffers, or None.
        error: What the first one raised.

    Raises:
        Unpicklable: this one cannot do it either.
    """
    if buffers:
        del buffers[:]
    if again is not None:
        file = BytesIO()
        try:
            pickler = again(file, pickler, buffers)
            pickler.dump(value)
            return file.getvalue()
        except MemoryError:
            raise
        except Exception as second:
            error = second
            error.__context__ = None  # that plain pickle cannot do it is no news
            if buffers:
                del buffers[:]
    raise trail.unpicklable(value, pickler, error) from error


class Taking(pickling.Asking):
    """What a pickler asks that takes functions and classes apart where the other side does not know them."""

    def reduce_by_value(self, value):
        """Reduce a function, class or module with all that it needs."""
        return pickling.cloudpickle().Pickler.reducer_override(self, value)

    def reduce_other(self, value):
        """Refuse files: cloudpickle would send what stands in them."""
        if not isinstance(value, TextIOWrapper):
            return NotImplemented
        for name in ("stdout", "stderr"):
            if value is getattr(sys, name):
                return getattr, (sys, name)
        raise TypeError("an open file cannot travel")


def pickler_class(*asking):
    """Return a pickler of functions and classes by value.

    Args:
        asking: Classes that say what goes by value.
    """
    if asking not in _made:
        _made[asking] = type("ByValuePickler", (*asking, Taking, pickling.cloudpickle().Pickler), {})
    return _made[asking]


def not_built(error, found):
    """Return the error that says that a value cannot be built on this side.

    Args:
        error: What was raised while it was.
        found: The function or class that was looked up last.
    """
    text = trail.told(error)
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_globals.get("__name__", "").startswith(pickling.__package__):
        frame = frame.tb_next
    if frame is not None:  # raised by Python code: whose is it?
        names = frame.tb_frame.f_code.co_varnames
        first = frame.tb_frame.f_locals.get(names[0]) if names else None
        if names[:1] == ("self",):
            found = trail.type_name(first)
        elif names[:1] == ("cls",) and isinstance(first, type):
            found = trail.name_of(first)
    return pickling.Unpicklable("", found, text)
