"""Who reads memory keeps it: over forks, over the death of either side; and with the last reader it is gone."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import isolated_environment.child
from isolated_environment.child import leases
from isolated_environment.child.memory import Inbox, Outbox, Segments
from isolated_environment.errors import InterpreterNotFoundError
from isolated_environment.host import find_interpreter
from tests.support.passing import line, open_descriptors, receive, send, users_of

MIB = 1 << 20
# since Python 3.12 a fork with threads warns; those of the test runner touch nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

PEER = Path(__file__).parents[2] / "support" / "memory_peer.py"


@contextmanager
def peer(order: str, python: str = sys.executable) -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    """The other end in a process of its own."""
    here, there = socket.socketpair()
    argv = [python, "-I", str(PEER), str(Path(isolated_environment.child.__file__).parent), str(there.fileno()), order]
    with here, subprocess.Popen(argv, pass_fds=[there.fileno()]) as process:
        there.close()
        here.settimeout(60)
        try:
            yield here, process
        finally:
            process.kill()


def in_child(check: Callable[[], object]) -> None:
    """Fork, and let the child say whether *check* returns something true."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            code = 0 if check() else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_parent_and_child_of_a_fork_have_a_copy_each() -> None:
    with line() as passed:
        (view,) = passed.pass_(bytes(2 * MIB))
        view[0] = 7
        ask, tell = os.pipe()
        done, said = os.pipe()

        pid = os.fork()
        if not pid:
            was, view[1] = view[0], 9
            os.write(said, b"x")
            os.read(ask, 1)
            os._exit(0 if [was, *view[:3]] == [7, 7, 9, 0] else 1)
        os.read(done, 1)
        seen, view[2] = view[1], 5
        os.write(tell, b"x")
        status = os.waitpid(pid, 0)[1]
        for descriptor in (ask, tell, done, said):
            os.close(descriptor)
        assert seen == 0
        assert os.waitstatus_to_exitcode(status) == 0
        assert list(view[:3]) == [7, 0, 5]
        del view


def test_a_segment_that_was_lent_during_a_fork_is_never_filled_again() -> None:
    with line() as passed:
        (view,) = passed.pass_(bytes(MIB))
        in_child(lambda: True)
        del view
        assert passed.answer() == [~1]
        assert passed.inbox._attached == {}
        (view,) = passed.pass_(bytes(MIB))
        assert passed.rows("new", "lease") == [("new", 2, MIB), ("lease", 2, MIB)]
        assert list(passed.inbox._attached) == [2]
        del view
        assert passed.answer() == [2]


def test_a_forked_child_does_not_keep_what_is_idle() -> None:
    with line() as passed:
        passed.pass_(bytes(MIB))
        passed.answer()
        sending = passed.pool._idle[0].descriptor
        inode = os.fstat(sending).st_ino

        def check() -> bool:
            passed.inbox.close()
            gc.collect()
            return not [each for each in users_of(inode) if each.startswith(f"{os.getpid()} ")]

        in_child(check)
        assert passed.pass_(b"x" * MIB) == [memoryview(b"x" * MIB)]
        assert passed.rows("new") == []


def test_after_a_fork_arrays_are_lent_again() -> None:
    with line() as passed:
        in_child(lambda: passed.inbox is not None)
        (view,) = passed.pass_(bytes(MIB))
        assert leases._lent
        del view
        assert not leases._lent


def test_a_python_without_ctypes_lends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    with line() as passed:
        for seed in (b"a", b"b"):
            (view,) = passed.pass_(seed * MIB)
            assert view == seed * MIB
            part = view[:3]
            del view
            assert passed.answer() == []
            del part
            assert passed.answer() == [1]


@pytest.mark.parametrize("minor", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_buffers_reach_every_python_and_what_it_writes_is_seen_by_nobody(minor: str) -> None:
    try:
        python = find_interpreter(minor).executable
    except InterpreterNotFoundError as error:
        pytest.skip(str(error))
    outbox = Outbox(Segments())
    with peer("keep", python) as (sock, _):
        sent = bytearray(b"\x03") * (2 * MIB)
        for _ in range(2):
            send(sock, outbox, sent, b"\x02" * 70_000)
            assert sock.recv(5) == b"   10"
        assert sent == bytearray(b"\x03") * (2 * MIB)
        outbox.close()


def test_nothing_is_left_when_the_receiver_is_killed() -> None:
    outbox = Outbox(Segments())
    with peer("keep") as (sock, process):
        send(sock, outbox, bytes(2 * MIB))
        assert sock.recv(5) == b"    0"
        inode = os.fstat(outbox._out[1].descriptor).st_ino
        assert [each for each in users_of(inode) if each.startswith(f"{process.pid} ")]
        process.send_signal(signal.SIGKILL)
        process.wait()
    outbox.close()
    assert users_of(inode) == []


def test_nothing_is_lost_and_nothing_left_when_the_sender_is_killed() -> None:
    inbox = Inbox()
    with peer("fill") as (sock, process):
        (view,) = receive(sock, inbox)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert view == b"\x05" * (4 * MIB)
        inode = os.fstat(inbox._attached[1]._descriptor).st_ino
        assert users_of(inode)
        inbox.close()
        assert view[-1] == 5
        del view
        assert users_of(inode) == []


def test_nothing_is_left_of_what_was_on_its_way_when_both_ended() -> None:
    outbox = Outbox(Segments())
    with peer("fill") as (sock, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        here, there = socket.socketpair()
        with here, there:
            send(here, outbox, bytes(MIB))
            inode = os.fstat(outbox._out[1].descriptor).st_ino
            outbox.close()
        sock.close()
    assert users_of(inode) == []
    assert open_descriptors() == set()
