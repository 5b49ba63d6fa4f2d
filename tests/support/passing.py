"""Buffers handed from an outbox to an inbox as a connection does it, and who still holds their memory."""

from __future__ import annotations

import gc
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from isolated_environment.child import pickling
from isolated_environment.child.memory import Inbox, Outbox, Segments

_LENGTH = 8
_MOST = 64


class Line:
    """One direction between two processes, or both ends in this one."""

    def __init__(self, **options: Any) -> None:
        self.pool = Segments(**options)
        self.outbox = Outbox(self.pool)
        self.inbox = Inbox()
        self.table: list[tuple[Any, ...]] = []

    def pass_(self, *buffers: Any) -> list[memoryview]:
        """Send *buffers* and receive them."""
        self.table, descriptors, inline = self.outbox.pack(buffers)
        came = [os.dup(descriptor) for descriptor in descriptors]
        return self.inbox.unpack(pickling.loads(pickling.dumps(self.table, 4)), came, b"".join(inline))

    def answer(self) -> list[int]:
        """Tell the sender what the receiver is done with, and return it."""
        numbers = self.inbox.released()
        self.outbox.release(numbers)
        return numbers

    def rows(self, *kinds: str) -> list[tuple[Any, ...]]:
        """The rows of the last table that are of these kinds."""
        return [row for row in self.table if row[0] in kinds]

    def close(self) -> None:
        self.outbox.close()
        self.inbox.close()


@contextmanager
def line(**options: Any) -> Iterator[Line]:
    """A line that is closed at the end."""
    made = Line(**options)
    try:
        yield made
    finally:
        made.close()


def send(sock: socket.socket, outbox: Outbox, *buffers: Any) -> None:
    """Send *buffers* through a socket."""
    table, descriptors, inline = outbox.pack(buffers)
    told = pickling.dumps(table, 4)
    first = len(told).to_bytes(_LENGTH, "little") + told
    socket.send_fds(sock, [first], descriptors)
    for view in inline:
        sock.sendall(view)


def receive(sock: socket.socket, inbox: Inbox) -> list[memoryview]:
    """Receive buffers that :func:`send` sent, none of them inline."""
    data, descriptors, _, _ = socket.recv_fds(sock, 1 << 16, _MOST)
    return inbox.unpack(pickling.loads(data[_LENGTH:]), descriptors)


def users_of(inode: int) -> list[str]:
    """Who, of all processes that may be looked into, has the memory with this inode open or mapped."""
    mapped = re.compile(rf" {inode} +/memfd:isolated-environment")
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            found += [f"{process.name} maps it"] * bool(mapped.search((process / "maps").read_text("utf-8")))
            for entry in (process / "fd").iterdir():
                if "isolated-environment" in os.readlink(entry) and entry.stat().st_ino == inode:
                    found.append(f"{process.name} has it open as {entry.name}")
        except OSError:  # it has ended
            continue
    return found


def open_descriptors() -> set[str]:
    """The descriptors of this process that are open for memory of ours and no garbage."""
    if listed_descriptors():
        gc.collect()
    return listed_descriptors()


def listed_descriptors() -> set[str]:
    """The descriptors of this process that are open for memory of ours."""
    return {
        entry.name
        for entry in Path("/proc/self/fd").iterdir()
        if entry.is_symlink() and "memfd:isolated-environment" in _target(entry)
    }


def _target(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:
        return ""
