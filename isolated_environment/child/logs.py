"""Log records go to the host's logging, under their own names.

``logging`` is not imported for that: it is watched for, and gets a handler when somebody imports it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Send = Callable[[dict[str, Any]], None]

#: Attributes of a record that are plain data and worth telling.
_TOLD = ("name", "levelno", "levelname", "pathname", "lineno", "funcName", "created", "msecs", "thread", "threadName")


#: What forwards them now.
_handler: Any = None


def forward(levels: Mapping[str, int], send: Send) -> None:
    """Forward records.

    Args:
        levels: The levels of the host's loggers by name; the root's is ``""``.
        send: Takes a record as a dict; called in the thread that logged.
    """
    global _handler  # noqa: PLW0603 - the logging that it is a handler of is the process's, too
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Watch)]
    if _handler is not None:  # that of the process that this one was forked from
        sys.modules["logging"].getLogger().removeHandler(_handler)
        _handler = None
    if "logging" in sys.modules:
        _attach(sys.modules["logging"], levels, send)
    else:
        sys.meta_path.insert(0, _Watch(levels, send))


class _Watch:
    """Finds ``logging`` as the others would, and attaches the handler when it was loaded."""

    def __init__(self, levels: Mapping[str, int], send: Send) -> None:
        self._levels = levels
        self._send = send

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find a module (PEP 451)."""
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self._wrap(spec.loader)
                return spec
        return None

    def _wrap(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _attach(module, self._levels, self._send)

        loader.exec_module = exec_module


def _attach(logging: Any, levels: Mapping[str, int], send: Send) -> None:
    class Forwarder(logging.Handler):  # type: ignore[misc]
        """Sends each record to the host."""

        def emit(self, record: Any) -> None:
            """Send one record."""
            try:
                told = {name: getattr(record, name) for name in _TOLD}
                told["msg"] = record.getMessage()
                if record.exc_info:
                    told["exc_text"] = logging.Formatter().formatException(record.exc_info)
                send(told)
            except Exception:  # noqa: BLE001 - as every handler of logging does
                self.handleError(record)

    global _handler  # noqa: PLW0603 - as above
    _handler = Forwarder()
    logging.getLogger().addHandler(_handler)
    for name, level in levels.items():
        logging.getLogger(name or None).setLevel(level)
