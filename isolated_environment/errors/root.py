"""The root of the tree, and the warning."""

from __future__ import annotations

from typing import Any, ClassVar

from ..redaction import redact


def _masked(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_masked(item) for item in value)
    return value


def _rebuilt(cls: type[IsolatedEnvironmentError], message: str, fields: dict[str, Any]) -> IsolatedEnvironmentError:
    return cls(message, **fields)


class IsolatedEnvironmentError(Exception):
    """The root of every error of this library.

    Args:
        message: What was wanted and what happened, in one line.
        hint: One thing to do about it, or ``None``.
        fields: The facts, each an attribute of the error.
    """

    code: ClassVar[str] = "isolated-environment-error"

    def __init__(self, message: str, *, hint: str | None = None, **fields: object) -> None:
        self.message = redact(message)
        self.hint = None if hint is None else redact(hint)
        self._fields = {name: _masked(value) for name, value in fields.items()}
        for name, value in self._fields.items():
            setattr(self, name, value)
        # not super(): the builtin beside the root would take the message for its own arguments
        Exception.__init__(self, self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.message, {"hint": self.hint, **self._fields})

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"

    def diagnostics(self) -> str:
        """Return everything that is known: message, hint, code and fields, one a line."""
        lines = [str(self), f"code: {self.code}"]
        for name, value in self._fields.items():
            if isinstance(value, (tuple, list)):
                lines += [f"{name}:", *(f"    {item}" for item in value)]
            else:
                lines.append(f"{name}: {value}")
        return "\n".join(lines)


class IsolatedEnvironmentWarning(UserWarning):
    """Something works less well than it should; the text says what and why."""
