"""Values as octets, for both sides: pickle, with what two Pythons and two module names need besides.

The package of this module has two names, one on each side; pickles name either.  So it is with cloudpickle, which the
environment need not have: there it is loaded from the host's copy, under a name of its own.
"""

from __future__ import annotations

import sys
from _io import BytesIO

if "functools" in sys.modules:
    import _pickle
else:  # _pickle wants functools.partial and nothing else of it: functools and collections cost more than all of ours
    sys.modules["functools"] = __import__("_functools")
    try:
        import _pickle
    finally:
        del sys.modules["functools"]

#: The highest pickle protocol of this Python that we use.
HIGHEST = 5
#: Buffers from this size on travel beside the pickle.
LARGE = 64 * 1024

_OURS = __name__.rpartition(".")[0]
_NAMES_OF_OURS = ("isolated_environment.child", "isolated_environment_child")
_CLOUDPICKLE = "cloudpickle.cloudpickle"
_PRIVATE_CLOUDPICKLE = "_isolated_environment_cloudpickle"
#: Modules that have another name in other releases: looked for there when the first is not to be had.
_MOVED = {
    "pathlib._local": "pathlib",  # what Python 3.13 says
    "numpy._core": "numpy.core",  # numpy 2, and 1
    "numpy.core": "numpy._core",
}
#: Attribute of a class that came by value: what the host knows it by.
TOKEN = "__isolated_environment_class__"

_FunctionType = type(lambda: None)
_BuiltinType = type(len)
_ModuleType = type(sys)
#: Objects that are known by their name.
NAMED = (_FunctionType, _BuiltinType, type, _ModuleType)

#: The directory of the host's cloudpickle, or None: functions and classes travel by name only.
_cloudpickle_directory = None
#: On the host: finds the class of a token.  See isolated_environment.bridge.
originals = {}


class Unpicklable(Exception):
    """A value cannot travel.

    Args:
        path: Where in the value, such as ``['model'].lock``; empty for the value itself, or where it is not known.
        type_name: The class of what cannot.
        reason: Why.
    """

    #: One thing to do about it, or None.
    hint = None

    def __init__(self, path, type_name, reason):
        super().__init__(path, type_name, reason)
        self.path = path
        self.type_name = type_name
        self.reason = reason

    @property
    def unpicklable(self):
        """All of it, as plain data."""
        return self.path, self.type_name, self.reason

    def __str__(self):
        return "%s (%s): %s" % (self.path or "the value", self.type_name, self.reason)


class ByValue(Exception):
    """What is pickled holds a function or class that the other side does not know by name."""


class Asking:
    """What a pickler asks about everything that is not plain."""

    #: Functions that are asked first: each returns what ``__reduce__`` would, or ``NotImplemented``.
    reducers = ()

    def __init__(self, file, protocol, buffers=None):
        if buffers is None or protocol < 5:  # noqa: PLR2004 - since 5 there are buffers
            super().__init__(file, protocol)
        else:
            super().__init__(file, protocol, buffer_callback=_Taker(buffers))
        self._plain = set()

    def reducer_override(self, value):
        """Return what ``value.__reduce__`` would, or ``NotImplemented`` for the usual way."""
        kind = type(value)
        if kind in self._plain:
            return NotImplemented
        for reducer in self.reducers:
            reduced = reducer(value)
            if reduced is not NotImplemented:
                return reduced
        if isinstance(value, NAMED):
            return self.reduce_named(value)
        if kind is memoryview:
            return _reduce_view(value)
        if _is_numeric(kind):
            from . import arrays

            return arrays.reduce_array(value)
        reduced = self.reduce_other(value)
        if reduced is NotImplemented:
            self._plain.add(kind)
        return reduced

    def reduce_other(self, value):
        """Reduce what is no function, class, module or array."""
        return NotImplemented

    def reduce_named(self, value):
        """Reduce a function, class or module; what the other side sent by value goes back by its name there."""
        if isinstance(value, type):
            token = vars(value).get(TOKEN)
            if token is not None:
                return original, (token, value.__module__, value.__qualname__)
        if isinstance(value, (_FunctionType, type)) and not is_found(value):
            if "<" not in value.__qualname__ and value.__module__ not in sys.modules:
                return original, (None, value.__module__, value.__qualname__)
            return self.reduce_by_value(value)
        return NotImplemented

    def reduce_by_value(self, value):
        """Reduce a function, class or module that the other side does not know by name."""
        raise ByValue(value)


class Pickler(Asking, _pickle.Pickler):
    """A pickler of what both sides know by name.

    Args:
        file: Where to write.
        protocol: Of pickle.
        buffers: Takes the large buffers; None: none travels beside.
    """


class _Taker:
    """Takes large buffers out of the pickle."""

    def __init__(self, buffers):
        self._buffers = buffers

    def __call__(self, buffer):
        if buffer.raw().nbytes < LARGE:
            return True  # stays in the pickle
        self._buffers.append(buffer)
        return False


def _is_numeric(kind):
    """Whether a class is of a library that has arrays, or made from one of its classes."""
    return any(
        base.__module__.partition(".")[0] in ("numpy", "torch", "ml_dtypes")
        for base in kind.__mro__
        if type(base.__module__) is str
    )


def is_found(value):
    """Whether a function or class stands in its module under its name."""
    found = sys.modules.get(value.__module__)
    for name in value.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is value


def original(token, module, qualname):
    """Return the function or class that this side sent to the other by value."""
    found = originals.get(token)
    if found is None:
        found = sys.modules.get(module)
        for name in qualname.split("."):
            found = getattr(found, name, None)
    if found is None:
        raise Unpicklable("", "%s.%s" % (module, qualname), "it is no longer there")
    return found


def _reduce_view(view):
    whole = view if view.contiguous else view.tobytes()
    return make_view, (_pickle.PickleBuffer(whole), view.format, view.shape)


def make_view(buffer, form, shape):
    """Return a memoryview as it was."""
    view = memoryview(buffer).cast("B")
    return view.cast(form, shape) if view.nbytes else view


class Unpickler(_pickle.Unpickler):
    """An unpickler that finds things under the names that they have on this side."""

    #: What was looked up last.
    found = ""

    def find_class(self, module, name):
        """Return a function or class by its name.

        Raises:
            Unpicklable: there is none on this side.
        """
        self.found = "%s.%s" % (module, name)
        try:
            return super().find_class(here(module), name)
        except (ImportError, AttributeError) as error:
            for old, new in _MOVED.items():
                if module == old or module.startswith(old + "."):
                    try:
                        return super().find_class(new + module[len(old) :], name)
                    except (ImportError, AttributeError):
                        pass
            raise Unpicklable("", self.found, "%s: %s" % (type(error).__name__, error)) from error


def here(module):
    """Return the name that a module has on this side."""
    if module.startswith(_NAMES_OF_OURS):
        for name in _NAMES_OF_OURS:
            if module == name or module.startswith(name + "."):
                return _OURS + module[len(name) :]
    if module.startswith(("cloudpickle", _PRIVATE_CLOUDPICKLE)):
        return cloudpickle().__name__
    return module


def dumps(value, protocol, buffers=None, reducers=()):
    """Pickle a value.

    Args:
        value: Anything.
        protocol: Of pickle, the lower of both sides.
        buffers: A list that large buffers are added to, or None: they stay in the pickle.
        reducers: See :class:`Asking`.

    Raises:
        Unpicklable: it cannot be pickled; the error says which part.
    """
    file = BytesIO()
    pickler = Pickler(file, protocol, buffers)
    if reducers:
        pickler.reducers = reducers
    try:
        pickler.dump(value)
    except MemoryError:
        raise
    except Exception as error:
        from . import difficult

        return difficult.dumps(value, pickler, _by_value if _cloudpickle_directory else None, buffers, error)
    return file.getvalue()


def _by_value(file, pickler, buffers):
    from . import difficult

    made = difficult.pickler_class()(file, HIGHEST, buffers)
    made.reducers = pickler.reducers
    return made


def loads(data, buffers=()):
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


def configure(directory):
    """Say where the host's cloudpickle is.

    Args:
        directory: Of the package; None where the two Pythons cannot exchange code objects.
    """
    global _cloudpickle_directory  # noqa: PLW0603
    _cloudpickle_directory = directory


def cloudpickle():
    """Return cloudpickle: the host's own, or its copy that is loaded from the host's file under a private name.

    Raises:
        ImportError: it was not said where that is.
    """
    if _OURS == _NAMES_OF_OURS[0]:
        import importlib

        return importlib.import_module(_CLOUDPICKLE)
    from . import borrowed

    return borrowed.load(_PRIVATE_CLOUDPICKLE, _cloudpickle_directory)
