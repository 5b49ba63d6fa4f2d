"""The private runtime that an application builds inside its own installation, and that its uninstall removes.

Importing this package loads nothing: each public name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import errors
    from .bridge.exports import host_function
    from .bridge.shared import SharedArray
    from .compat.upstream import Requirements as Requirements
    from .compat.upstream import isolated_environment, isolated_environment_run
    from .compat.upstream import isolated_environment_cmd as isolated_environment_cmd
    from .environment import IsolatedEnvironment
    from .errors import IsolatedEnvironmentError, IsolatedEnvironmentWarning
    from .events import Event
    from .index import Index
    from .plan import Plan
    from .store.inspection import Report, Size, State
    from .torch_index.request import TorchIndex

__all__ = [
    "Event",
    "Index",
    "IsolatedEnvironment",
    "IsolatedEnvironmentError",
    "IsolatedEnvironmentWarning",
    "Plan",
    "Report",
    "SharedArray",
    "Size",
    "State",
    "TorchIndex",
    "errors",
    "host_function",
    "isolated_environment",
    "isolated_environment_run",
]

#: Where each public name lives; those that are not in ``__all__`` are the older ones of 1.x.
_HOMES = {
    "Event": "events",
    "Index": "index",
    "IsolatedEnvironment": "environment",
    "IsolatedEnvironmentError": "errors",
    "IsolatedEnvironmentWarning": "errors",
    "Plan": "plan",
    "Report": "store.inspection",
    "Requirements": "compat.upstream",
    "SharedArray": "bridge.shared",
    "Size": "store.inspection",
    "State": "store.inspection",
    "TorchIndex": "torch_index.request",
    "host_function": "bridge.exports",
    "isolated_environment": "compat.upstream",
    "isolated_environment_cmd": "compat.upstream",
    "isolated_environment_run": "compat.upstream",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    from importlib import import_module

    if name == "errors":
        return import_module(".errors", __name__)
    if name == "__version__":
        from importlib.metadata import version

        return version("isolated_environment")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
