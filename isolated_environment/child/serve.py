"""The program that a worker runs: ``python -I serve.py LIVENESS TRANSPORT``.

It answers calls until it is told to stop or the host is gone.  Nothing of the host but this directory is used, and
nothing is written to it.
"""

from __future__ import annotations

import sys


def _load_package(directory: str) -> None:
    """Make the package of which this directory is the place, under a name that no other package has."""
    package = type(sys)("isolated_environment_child")
    package.__path__ = [directory]
    sys.modules[package.__name__] = package


def _serve(descriptor: int, kind: str) -> int:
    """Answer calls until the host says that it is enough, or is gone.

    Args:
        descriptor: The reading end of the liveness pipe, or -1.
        kind: ``socket`` or ``pipes``.

    Returns:
        The exit code of the process.
    """
    import _signal  # type: ignore[import-not-found]

    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _load_package(sys.argv[0].rpartition("/" if "/" in sys.argv[0] else "\\")[0])
    from isolated_environment_child import (  # type: ignore[import-not-found]
        handles,
        liveness,
        session,
        transport,
    )

    sys.dont_write_bytecode = writes_bytecode
    sys.argv[:] = [""]
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)  # a host in the background may have it ignored
    handles.session = session.Session(transport.take_standard_descriptors(kind))
    liveness.watch(descriptor)
    try:
        handles.session.run()
    except (KeyboardInterrupt, ConnectionError):
        return 1
    finally:
        session.flush_output()
    return 0


if __name__ == "__main__":
    sys.exit(_serve(int(sys.argv[1]), sys.argv[2]))
