"""The other end of a line of buffers, in a process of its own: ``python -I memory_peer.py CHILD DESCRIPTOR ORDER``.

``keep`` receives buffers, says so, and keeps them until it is told to end.  ``fill`` sends one of 4 MiB.
Runs under every Python from 3.8 on.
"""

import os
import socket
import sys


def _load_package(directory):
    package = type(sys)("isolated_environment_child")
    package.__path__ = [directory]
    sys.modules[package.__name__] = package


def main():
    sys.dont_write_bytecode = True
    _load_package(sys.argv[1])
    from isolated_environment_child import memory, pickling

    sock = socket.socket(fileno=int(sys.argv[2]))
    if sys.argv[3] == "keep":
        inbox = memory.Inbox()
        while True:
            data, ancillary, _, _ = sock.recvmsg(1 << 16, socket.CMSG_SPACE(64 * 4))
            if not data:
                return
            descriptors = [each for _, _, octets in ancillary for each in memoryview(octets).cast("i").tolist()]
            views = inbox.unpack(pickling.loads(data[8:]), descriptors)
            total = sum(view[0] + view[-1] for view in views)
            for view in views:
                view[0] = 99
            sock.sendall(b"%5d" % total)
    outbox = memory.Outbox(memory.Segments())
    table, descriptors, _ = outbox.pack([bytearray(b"\x05") * (4 << 20)])
    told = pickling.dumps(table, 4)
    rights = memoryview(b"".join(number.to_bytes(4, sys.byteorder) for number in descriptors))
    sock.sendmsg([len(told).to_bytes(8, "little") + told], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    sock.recv(1)
    os._exit(0)


if __name__ == "__main__":
    main()
