"""What the machine does without this library: processes and sockets, in as few lines as it takes."""

from __future__ import annotations

import pickle
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_PING = """
import socket
s = socket.socket(fileno=0)
while s.recv(1):
    s.send(b"x")
"""
_LOOP = """
import operator, pickle, socket, struct
s, rest, length = socket.socket(fileno=0), b"", struct.Struct("<I")
while True:
    octets = s.recv(1 << 16)
    if not octets:
        break
    rest, start = rest + octets, 0
    while len(rest) - start >= 4:
        end = start + 4 + length.unpack_from(rest, start)[0]
        if end > len(rest):
            break
        number, args = pickle.loads(rest[start + 4 : end])
        answer = pickle.dumps((number, operator.add(*args)), 5)
        s.sendall(length.pack(len(answer)) + answer)
        start = end
    rest = rest[start:]
"""
_STREAM = """
import pickle, socket, struct
s, length = socket.socket(fileno=0), struct.Struct("<I")
while s.recv(1):
    for number in range(10_000):
        item = pickle.dumps(number, 5)
        s.send(length.pack(len(item)) + item)
"""
_LENGTH = struct.Struct("<I")
#: Calls on their way: a socket takes some 250 small messages, and two sides that only send wait for ever.
_WINDOW = 128


@contextmanager
def _process(python: str, code: str) -> Iterator[socket.socket]:
    """A process of *python* with a socket, begun as a worker is: in a session of its own."""
    here, there = socket.socketpair()
    process = subprocess.Popen([python, "-I", "-c", code], stdin=there.fileno(), start_new_session=True)
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.wait()


@contextmanager
def ping_pong(python: str) -> Iterator[Callable[[], None]]:
    """One octet there and back."""
    with _process(python, _PING) as sock:

        def ping() -> None:
            sock.send(b"x")
            sock.recv(1)

        yield ping


@contextmanager
def socket_loop(python: str) -> Iterator[Callable[[int], list[int]]]:
    """Many pickled calls on their way at once, each sent and answered by itself: 40 lines, the happy path alone."""
    with _process(python, _LOOP) as sock:

        def call(count: int) -> list[int]:
            found: dict[int, int] = {}
            answers, sent = _items(sock, count), 0
            while len(found) < count:
                while sent < min(count, len(found) + _WINDOW):
                    asked = pickle.dumps((sent, (sent, 1)), 5)
                    sock.sendall(_LENGTH.pack(len(asked)) + asked)
                    sent += 1
                found.update([next(answers)])
            return [found[number] for number in range(count)]

        yield call


@contextmanager
def socket_stream(python: str) -> Iterator[Callable[[], list[int]]]:
    """10,000 small items, one after the other."""
    with _process(python, _STREAM) as sock:

        def stream() -> list[int]:
            sock.send(b"x")
            return list(_items(sock, 10_000))

        yield stream


def _items(sock: socket.socket, count: int) -> Iterator[Any]:
    rest = b""
    while count:
        rest, start = rest + sock.recv(1 << 16), 0
        while len(rest) - start >= 4:
            end = start + 4 + _LENGTH.unpack_from(rest, start)[0]
            if end > len(rest):
                break
            yield pickle.loads(rest[start + 4 : end])
            start, count = end, count - 1
        rest = rest[start:]


def start(python: str, count: int = 1) -> Callable[[], None]:
    """Start so many interpreters at once that do nothing, and wait for them."""

    def run() -> None:
        processes = [subprocess.Popen([python, "-I", "-S", "-c", "pass"]) for _ in range(count)]
        assert [process.wait() for process in processes] == [0] * count

    return run


@contextmanager
def idle(python: str) -> Iterator[int]:
    """The number of a process that imported what a worker needs of the standard library, and waits."""
    code = "import os, _socket, _pickle, _struct; os.write(1, b'.'); os.read(0, 1)"
    with subprocess.Popen([python, "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        yield process.pid
