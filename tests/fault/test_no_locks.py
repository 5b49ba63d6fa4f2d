"""A file system without working locks: two processes build at once, and neither tears anything (rows 40 and 41)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.audit import audit
from tests.support.leftovers import leftovers
from tests.support.programs import SAY, answer, program

#: Builds where no lock can be had, and waits for a line before it takes the name that it chose.
BUILDS = (
    SAY
    + """
import errno, fcntl
from isolated_environment import IsolatedEnvironment
from isolated_environment.store import attempt
def refuse(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = refuse
choose, chosen = attempt.next_generation, []
def choose_together(*args):
    name = choose(*args)
    if not chosen:
        chosen.append(name)
        say(name)
        sys.stdin.readline()
    return name
attempt.next_generation = choose_together
env = IsolatedEnvironment(sys.argv[1], [sys.argv[2]], owner=None)
say(env.ensure().name, env.gc(force=True))
sys.stdin.readline()
"""
)


@pytest.mark.parametrize("others", ["alpha==2.0", "alpha==1.0"], ids=["the same", "another version"])
def test_row_40_41_two_that_build_at_once_do_double_work_and_no_damage(make, others):
    path, pipe = make().path, subprocess.PIPE
    with (
        program(BUILDS, path, "alpha==2.0", stderr=pipe) as one,
        program(BUILDS, path, others, stderr=pipe) as other,
    ):
        assert answer(one) == answer(other) == ["g1"], "they have chosen the same name"
        prefixes: list[Path] = []
        for process in (one, other):
            process.stdin.write("\n")
            process.stdin.flush()
        for process, version in ((one, "2.0"), (other, others[-3:])):
            name, collected = answer(process)
            assert collected == [], "nobody knows what is in use"
            prefixes.append(path / name)
            assert audit(prefixes[-1], {"alpha": version}) == []
        assert sorted(prefix.name for prefix in prefixes) == ["g1", "g2"]
        for process in (one, other):
            _, complaint = process.communicate("\n", timeout=20)
            assert process.returncode == 0
            assert complaint.count("has no working locks") == 1
            assert "Traceback" not in complaint
    env = make(["alpha==2.0"])
    assert audit(env.ensure(), {"alpha": "2.0"}) == []
    env.gc(force=True)
    assert leftovers(path) == []
