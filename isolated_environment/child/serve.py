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


if __name__ == "__main__":
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _load_package(sys.argv[0].rpartition("/" if "/" in sys.argv[0] else "\\")[0])
    from isolated_environment_child import session  # type: ignore[import-not-found]

    sys.dont_write_bytecode = writes_bytecode
    liveness, transport = int(sys.argv[1]), sys.argv[2]
    sys.argv[:] = [""]
    sys.exit(session.serve(liveness, transport))
