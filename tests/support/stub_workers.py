"""Interpreters that do what no worker does: they send what they are told to, whatever they are asked."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from isolated_environment.child import wire

_SCRIPT = """#!{python} -IS
import json, os, socket, sys, time
link = socket.socket(fileno=int(sys.argv[-1]))
for word, value in json.loads({orders!r}):
    if word == "send":
        link.sendall(bytes.fromhex(value))
    elif word == "trickle":
        for octet in bytes.fromhex(value):
            link.sendall(bytes([octet]))
            time.sleep(0.0005)
    elif word == "for ever":
        while True:
            link.sendall(bytes.fromhex(value))
    elif word == "descriptors":
        for _ in range(value):
            link.sendmsg([b"\\xf1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, bytes(400))])
    elif word == "write":
        os.write(2, value.encode())
    elif word == "sleep":
        time.sleep(value)
    elif word == "hear":
        link.recv(value)
    elif word == "exit":
        os._exit(value)
heard = b"more"
while heard and bytes([*{magic!r}, {version}, {bye}]) not in heard:
    heard = link.recv(1 << 16)
"""


def make_stub(prefix: Path, *orders: tuple[str, object]) -> str:
    """Write an interpreter that follows *orders* and then listens until the host has enough; return its prefix.

    Args:
        prefix: Where it goes.
        orders: Pairs of a word and a value: octets to ``send``, to ``trickle`` one by one, or to send ``for ever``;
            how many messages of a hundred ``descriptors``; text to ``write`` to stderr; seconds to ``sleep``; octets
            to ``hear``; the code to ``exit`` with.
    """
    told = [(word, value.hex() if isinstance(value, bytes) else value) for word, value in orders]
    python = prefix / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    known = {"magic": wire.MAGIC, "version": wire.VERSION, "bye": wire.BYE}
    python.write_text(_SCRIPT.format(python=sys.executable, orders=json.dumps(told), **known))
    python.chmod(0o755)
    return str(prefix)
