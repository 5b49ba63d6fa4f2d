"""What stays on one side and is named on the other: functions of the host, objects of the worker."""

from __future__ import annotations

#: The session of this process, once there is one.
session = None


class HostFunction:
    """A function of the host, called from here.

    Args:
        number: Its number over there.
    """

    def __init__(self, number):
        self._number = number

    def __call__(self, *args, **kwargs):
        return session.ask(self._number, args, kwargs)

    def __del__(self):
        if session is not None:  # told with the next answer: this may run inside of a frame that is being sent
            session.freed.append(self._number)

    def __reduce__(self):
        return HostFunction, (self._number,)

    def __repr__(self):
        return "<function %d of the host>" % self._number


def kept(number):
    """Return an object that this worker keeps, by its number.

    Raises:
        LookupError: it keeps none of that number.
    """
    try:
        return session.objects[number]
    except KeyError:
        raise LookupError("this worker keeps no object %d" % number) from None


def method(number, name):
    """Return an attribute of an object that this worker keeps."""
    return getattr(kept(number), name)


def items(value):
    """Yield the items of an object that this worker keeps."""
    yield from value
