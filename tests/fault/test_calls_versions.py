"""Every Python of a host and every Python of an environment: a value or a typed error, and never a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment
from isolated_environment.host import find_interpreter
from isolated_environment.testing.wheels import make_wheel
from tests.support.far import HERE, present

CHECKOUT = Path(__file__).parent.parent.parent
HOSTS = [minor for minor in present() if minor not in {"3.8", "3.9"}]


@pytest.fixture(scope="module")
def environments(tmp_path_factory) -> list[Path]:
    """One of each Python that is here."""
    directory = tmp_path_factory.mktemp("versions")
    source = CHECKOUT / "tests" / "support" / "beyond.py"
    wheel = make_wheel(directory, "beyond", "1.0", files={"beyond.py": source.read_text("utf-8")})
    made = []
    for minor in present():
        env = IsolatedEnvironment(directory / f"env-{minor}", [str(wheel)], python=minor, owner=None)
        env.ensure()
        made.append(env.path)
    return made


@pytest.mark.parametrize(
    "host", [pytest.param(minor, marks=[] if minor == HERE else pytest.mark.slow) for minor in HOSTS]
)
def test_row_55_a_host_of_that_version_and_every_environment(environments, host):
    python = sys.executable if host == HERE else find_interpreter(host).executable
    path = os.pathsep.join([str(CHECKOUT), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [python, "-m", "tests.support.versions", *map(str, environments)],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert {path: what["wrong"] for path, what in told.items()} == {str(path): {} for path in environments}
    assert all(what["number"] > 60 for what in told.values())
