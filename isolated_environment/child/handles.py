"""What stays on one side and is named on the other: functions of the host, objects of the worker."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

#: The session of this process, once there is one.
session: Any = None


class HostFunction:
    """A function of the host, called from here.

    Args:
        number: Its number over there.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there and return its value."""
        return session.ask(self._number, args, kwargs)

    def __del__(self) -> None:
        if session is not None:  # told with the next answer: this may run inside of a frame that is being sent
            session.freed.append(self._number)

    def __reduce__(self) -> tuple[Any, ...]:
        return HostFunction, (self._number,)

    def __repr__(self) -> str:
        return f"<function {self._number} of the host>"


def kept(number: int) -> Any:
    """Return an object that this worker keeps, by its number.

    Raises:
        LookupError: it keeps none of that number.
    """
    try:
        return session.objects[number]
    except KeyError:
        raise LookupError(f"this worker keeps no object {number}") from None


def method(number: int, name: str) -> Any:
    """Return an attribute of an object that this worker keeps."""
    return getattr(kept(number), name)


def items(value: Any) -> Iterator[Any]:
    """Yield the items of an object that this worker keeps."""
    yield from value
