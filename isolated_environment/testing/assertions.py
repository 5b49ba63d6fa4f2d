"""What a test of an application wants to be sure of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions

from ..environment import IsolatedEnvironment


def assert_has(env: IsolatedEnvironment, *requirements: str) -> None:
    """Fail unless an environment is there and has all of *requirements* (PEP 508).

    Raises:
        AssertionError: something is missing; it says what, and what is there.
    """
    if not env.installed():
        raise AssertionError(f"{env!r} is not installed")
    missing = [each for each in requirements if not env.pip_has(each)]
    if missing:
        there = ", ".join(str(item) for item in env.pip_list())
        raise AssertionError(f"{env!r} lacks {', '.join(missing)}; it has {there or 'nothing'}")


@contextmanager
def host_unchanged() -> Iterator[None]:
    """Fail unless this interpreter's distributions are the same at the end of the block.

    Raises:
        AssertionError: they are not; it says which.
    """
    before = _installed()
    yield
    after = _installed()
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        raise AssertionError(f"the host's own packages changed: {', '.join(changed)}")


def _installed() -> dict[str, str]:
    return {item.metadata["Name"]: item.version for item in distributions()}
