"""Forking this process: a call gets one that has loaded everything, in a millisecond.

The host calls :func:`fork` and :func:`reap` as it calls other functions.  What a fork talks through comes as
descriptors on a socket of their own.
"""

from __future__ import annotations

import os

from . import arrays, backing, failure, handles, inbox, leases, liveness, memory, segments, session, sharing, transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_DESCRIPTORS = 3  # of a fork: its connection, what it writes text to, its liveness pipe
_SIZE = 4  # octets

#: What a call may need besides: it is loaded once, here.
LOADED = (arrays, backing, failure, inbox, leases, memory, segments, sharing)

#: The socket that they come on, and the liveness pipe of this process.
_control: Any = None
_liveness = -1


def prepare(control: int, live: int) -> None:
    """Take note of what a fork must not keep.

    Args:
        control: The descriptor of the socket that descriptors come on.
        live: The reading end of this process's liveness pipe.
    """
    global _control, _liveness
    import _socket

    os.set_inheritable(control, False)  # noqa: FBT003 - it takes it by position only
    _control, _liveness = _socket.socket(fileno=control), live


def fork(ended: Sequence[int]) -> int:
    """Fork this process; the fork answers calls on its own connection.

    Args:
        ended: Forks that have ended and that nobody asks about.

    Returns:
        The fork's process id.

    Raises:
        OSError: there can be no more processes.
    """
    import gc
    import warnings

    for pid in ended:
        reap(pid)
    session.flush_output()
    gc.freeze()  # all that is there stays and is shared: the collector of a fork need not touch it
    descriptors = _received()
    pid = -1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # native threads, such as those of NumPy, are known
            pid = os.fork()
    finally:
        if pid:
            for descriptor in descriptors:
                os.close(descriptor)
    if not pid:
        _go_on_alone(*descriptors)
    return pid


def reap(pid: int) -> int:
    """Return the exit status of a fork that has ended, negative for a signal."""
    status = os.waitpid(pid, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _received() -> list[int]:
    import _socket

    space = _socket.CMSG_SPACE(_DESCRIPTORS * _SIZE)
    _, ancillary, _, _ = _control.recvmsg(1, space, getattr(_socket, "MSG_CMSG_CLOEXEC", 0))
    found: list[int] = []
    for _, _, data in ancillary:
        found += memoryview(data).cast("i").tolist()
    return found


def _go_on_alone(link: int, text: int, live: int) -> None:
    """Be a worker of its own, and end as one: nothing of the process that this was forked from goes on."""
    import _socket

    code = 1
    try:
        os.setsid()
        handles.session.leave()
        _control.close()
        os.close(_liveness)
        os.dup2(text, 1)
        os.dup2(text, 2)
        os.close(text)
        liveness.watch(live)
        handles.session = session.Session(transport.SocketTransport(_socket.socket(fileno=link)))
        handles.session.run()
        code = 0
    except (KeyboardInterrupt, ConnectionError):
        pass
    finally:
        session.flush_output()
        os._exit(code)
