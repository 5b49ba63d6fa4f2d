"""Every operating-system call on the root, made to fail or to be the last one: rows 5, 7 and 9 of the fault matrix."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment import receipt as receipts
from tests.support.audit import audit
from tests.support.faults import READING
from tests.support.leftovers import leftovers
from tests.support.sweep import QUICK, SCENARIOS, Sweep, chosen

CHECKOUT = Path(__file__).parent.parent.parent
#: How many points of each scenario the default run strikes; the rest is in the slow run.
SAMPLE = {name: 10 if name in QUICK else 2 for name in SCENARIOS}


@pytest.fixture
def sweep(tmp_path):
    made = Sweep(tmp_path, os.environ)
    yield made
    made.close()


def test_row_5_7_9_a_call_that_fails_or_is_the_last(sweep):
    """A sample; KILL_SEED repeats one."""
    seed = int(os.environ.get("KILL_SEED") or random.randrange(1_000_000))
    print(f"KILL_SEED={seed}")
    points = [sweep.strike(*point) for point in chosen(sweep, random.Random(seed), SAMPLE)]
    assert [str(point) for point in points if point.problems] == []
    assert len(points) == sum(SAMPLE.values())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_row_5_7_9_every_call(sweep, scenario):
    points = [sweep.strike(scenario, *point) for point in sweep.points(scenario)]
    print(f"{scenario}: {len(points)} points")
    assert [str(point) for point in points if point.problems] == []


#: System call to what the sweep calls it; of those that open, only those that may write.
CALLS = {
    **dict.fromkeys(("open", "openat", "creat"), "open"),
    **dict.fromkeys(("write", "pwrite64", "writev"), "write"),
    **dict.fromkeys(("fsync", "fdatasync"), "fsync"),
    **dict.fromkeys(("rename", "renameat", "renameat2"), "rename"),
    **dict.fromkeys(("mkdir", "mkdirat"), "mkdir"),
    **dict.fromkeys(("symlink", "symlinkat"), "symlink"),
    **dict.fromkeys(("link", "linkat"), "link"),
    **dict.fromkeys(("truncate", "ftruncate"), "truncate"),
    **dict.fromkeys(("utimensat", "utime", "futimesat"), "utime"),
    **dict.fromkeys(("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"), "chmod"),
    "rmdir": "rmdir",
    "unlink": "unlink",
    "flock": "flock",
    "syncfs": "syncfs",
    "fallocate": "?",
    "copy_file_range": "?",
    "sendfile": "?",
    "mknod": "?",
    "mknodat": "?",
    "setxattr": "?",
}
ALONE = """
import json, sys
from tests.support import operation
sys.exit(operation.main(json.loads(sys.argv[1])))
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here")
@pytest.mark.parametrize("do", ["ensure", "collect", "remove"])
def test_the_kernel_sees_no_call_that_the_sweep_does_not_know(make, tmp_path, do):
    """What changes something, counted by strace, which knows nothing of Python."""
    for version in ("2.0", "1.0", "2.0"):
        make([f"alpha=={version}"]).ensure()
    root, log = make().path, tmp_path / "strace"
    order = f'{{"path": "{root}", "do": "{do}", "version": "1.0", "fault": [0, "die"]}}'
    traced = ",".join(f"?{call}" for call in (*CALLS, "unlinkat"))
    command = ["strace", "-qq", "-y", "-o", str(log), "-e", f"trace={traced}"]
    done = subprocess.run(
        [*command, sys.executable, "-c", ALONE, order], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr:
        pytest.skip("this machine does not let strace trace")
    assert done.returncode == 0, done.stderr
    calls = done.stdout.splitlines()[0].removeprefix("calls ").split(",")
    known = Counter(call for call in calls if call not in READING)
    seen = Counter(name for line in log.read_text().splitlines() if str(root) in line and (name := _name_of(line)))
    assert seen.total() > 20
    assert seen == known


def _name_of(line: str) -> str | None:
    """What the sweep calls the system call of a line; ``None``: it changes nothing."""
    call = line.partition("(")[0]
    if call == "unlinkat":
        return "rmdir" if "AT_REMOVEDIR" in line else "unlink"
    if CALLS[call] == "open" and not re.search(r"O_(WRONLY|RDWR|CREAT)", line):
        return None
    if call == "flock" and "LOCK_UN" in line:
        return None
    return CALLS[call]


def test_row_9_a_receipt_that_cannot_be_read_now_is_not_a_missing_one(make, monkeypatch):
    """The sweep found: a process without descriptors collected the current generation, and forgot earlier asks."""
    prefix = make().pip_install("alpha==1.0").ensure()
    works = os.open

    def refusing(path, *args, **kwargs):
        if str(path).endswith("isolated-environment.json"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return works(path, *args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(receipts.os, "open", refusing)
        for refused in (lambda: make().gc(force=True), lambda: make().pip_install("delta"), make().rollback):
            with pytest.raises(errors.StoreError, match="cannot be read"):
                refused()
    assert make().ensure() == prefix
    assert audit(prefix, {"alpha": "1.0"}) == []
    env = make().pip_install("delta")
    assert audit(env.ensure(), {"alpha": "1.0", "delta": "1.0"}) == []
    env.gc(force=True)
    assert leftovers(env.path) == []
