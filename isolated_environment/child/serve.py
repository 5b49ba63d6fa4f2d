"""The program that a worker runs: ``python -I serve.py LIVENESS TRANSPORT [FORKS]``.

It answers calls until it is told to stop or the host is gone.  Nothing of the host but this directory is used, and
nothing is written to it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _join_package(directory: str) -> None:
    """Make the package of which this directory is the place, under a name that no other package has, and join it."""
    package = type(sys)("isolated_environment_child")
    package.__path__ = [directory]
    sys.modules[package.__name__] = package
    globals()["__package__"] = package.__name__
    try:
        with open(directory + "/always.bin", "rb", 0) as file:
            compiled = file.read()
    except OSError:
        package.__getattr__ = _load_source  # type: ignore[method-assign]
        return
    import marshal

    modules = marshal.loads(compiled)  # noqa: S302 - it is as much to be trusted as the interpreter beside it

    def load(name: str) -> Any:  # asked by ``from . import name``
        if name not in modules:
            raise AttributeError(name)
        module = type(sys)(package.__name__ + "." + name)
        module.__package__ = package.__name__
        module.__file__ = directory + "/" + name + ".pyc"
        sys.modules[module.__name__] = module
        setattr(package, name, module)
        exec(marshal.loads(modules.pop(name)), module.__dict__)  # noqa: S102, S302 - that is what importing is
        return module

    package.__getattr__ = load  # type: ignore[method-assign]


def _load_source(name: str) -> Any:
    """Load a module from its source; nothing is written beside it."""
    if name.startswith("_"):
        raise AttributeError(name)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        __import__(__package__ + "." + name)
    finally:
        sys.dont_write_bytecode = writes
    return sys.modules[__package__ + "." + name]


def _serve(descriptor: int, kind: str, forks: int = -1) -> int:
    """Answer calls until the host says that it is enough, or is gone.

    Args:
        descriptor: The reading end of the liveness pipe, or -1.
        kind: The descriptor of a socket, or ``pipes``.
        forks: The descriptor of the socket that descriptors of forks come on, or -1.

    Returns:
        The exit code of the process.
    """
    import _signal  # type: ignore[import-not-found]
    import gc

    gc.disable()  # all of this stays: the collector need not look at it, not even at the end
    _join_package(sys.argv[0].rpartition("/" if "/" in sys.argv[0] else "\\")[0])
    from . import handles, liveness, session, transport

    sys.argv[:] = [""]
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)  # a host in the background may have it ignored
    gc.freeze()
    gc.enable()
    handles.session = session.Session(transport.take_standard_descriptors(kind))
    liveness.watch(descriptor)
    if forks >= 0:
        from . import forking

        forking.prepare(forks, descriptor)
    try:
        if hasattr(_signal, "pthread_sigmask"):  # the host has it wait until here
            _signal.pthread_sigmask(_signal.SIG_UNBLOCK, (_signal.SIGINT,))
        handles.session.run()
    except (KeyboardInterrupt, ConnectionError):
        return 1
    finally:
        session.flush_output()
    return 0


if __name__ == "__main__":
    sys.exit(_serve(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))
