"""Installers that lie, hang, flood, leave children behind: they take the place of a toolchain's install step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from isolated_environment.plan import Stage, Step
from isolated_environment.toolchains.pip import Pip
from isolated_environment.toolchains.uv import Uv

#: Ends well and installs nothing.
LYING = ""

#: Ignores SIGTERM and waits for ever, and so does its child; says both pids.
HANGING = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""

#: Prints 100 MB, part of it without line ends, and fails.
FLOODING = """
import sys
line = b"x" * 499 + b"\\n"
for _ in range(50):
    sys.stdout.buffer.write(line * 2000)
for _ in range(50):
    sys.stdout.buffer.write(b"y" * 1_000_000)
print("\\nthe last line", flush=True)
sys.exit(7)
"""

#: Ends well, and leaves a child that holds its pipe and goes on writing into the prefix.
LEAVING = """
import subprocess, sys
script = "import sys, time\\nwhile True:\\n  open(sys.argv[1] + '/late', 'a').write('x'); print('late', flush=True)"
child = subprocess.Popen([sys.executable, "-c", script, sys.argv[1]])
print("pids", child.pid, flush=True)
"""

#: Ends well, and leaves a daemon in a session of its own that holds its pipe.
DAEMON = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("pids", child.pid, flush=True)
"""

#: Asks for a password, wherever it can.
ASKING = """
import os, sys
try:
    os.open("/dev/tty", os.O_RDWR)
    print("found a terminal")
except OSError:
    print("no terminal")
print("read", repr(sys.stdin.read()), flush=True)
"""


def use(script: str, put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Let both toolchains run *script* instead of installing; its first argument is the prefix.

    Args:
        script: A Python program.
        put: ``setattr``, or a fixture's, which takes it back.
    """

    def install(_: object, order: Any, lock: object) -> Stage:
        del lock
        argv = (sys.executable, "-I", "-c", script, str(order.prefix))
        return Stage((Step("install", "running a stub", argv),))

    for toolchain in (Uv, Pip):
        put(toolchain, "install", install)


def pids_in(lines: list[str]) -> list[int]:
    """Return the process ids that a stub said."""
    return [int(word) for line in lines if line.startswith("pids ") for word in line.split()[1:]]
