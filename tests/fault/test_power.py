"""Power cuts: a file system of the test's own is shut down without its journal, mounted again and audited."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from isolated_environment.testing.indexes import PackageIndex
from tests.support.audit import audit
from tests.support.bulk import PROJECTS, asked, make_bulk
from tests.support.leftovers import leftovers

CHECKOUT = Path(__file__).parent.parent.parent
WHOLE = dict.fromkeys(PROJECTS, "1.0")

BUILD = """
import fcntl, os, struct, sys, time
from isolated_environment import IsolatedEnvironment, events
from isolated_environment.store import publication
disk, moment, *requirements = sys.argv[1:]
def cut():
    fd = os.open(disk, os.O_RDONLY)
    GOING_DOWN, NO_LOG_FLUSH = 0x8004587D, 2  # as in xfstests: nothing is written any more, not even the journal
    fcntl.ioctl(fd, GOING_DOWN, struct.pack("I", NO_LOG_FLUSH))
    os._exit(9)
def on_event(event):
    if moment == "before publication" and isinstance(event, events.StepFinished) and event.step == "install":
        cut()
if moment == "without sync":
    publication._sync_one = lambda _: None
env = IsolatedEnvironment(disk + "/env", requirements, owner=None, on_event=on_event)
env.ensure()
if moment != "never":
    time.sleep(0 if moment == "without sync" else float(moment))
    cut()
env.gc(force=True)
"""


class Disk:
    """A file system in a file, that can lose its power."""

    def __init__(self, directory: Path, kind: str) -> None:
        self.path = directory / "disk"
        self.path.mkdir()
        self._image = directory / "image"
        with self._image.open("wb") as file:
            file.truncate((300 if kind == "xfs" else 96) << 20)
        program = shutil.which(f"mkfs.{kind}", path="/sbin:/usr/sbin:/usr/bin")  # PATH may lack the first two
        if program is None:
            pytest.skip(f"mkfs.{kind} is not here")
        made = subprocess.run([program, "-q", str(self._image)], capture_output=True, check=False)
        if made.returncode != 0:
            pytest.skip(f"mkfs.{kind} does not work here: {made.stderr.decode()[:80]}")
        self.mount()

    def mount(self) -> None:
        command = ["mount", "-o", "loop", str(self._image), str(self.path)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("this machine does not let root mount a file")

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.path)], check=True)

    def build(self, moment: str) -> int:
        """Build in a process of its own, with the installer's cache on the same disk; return its exit code."""
        environ = {**os.environ, "UV_CACHE_DIR": str(self.path / "cache"), "TMPDIR": str(self.path)}
        command = [sys.executable, "-c", BUILD, str(self.path), moment, *asked("1.0")]
        return subprocess.run(command, cwd=CHECKOUT, env=environ, check=False).returncode

    def lose_power(self, moment: str) -> None:
        assert self.build(moment) == 9
        with pytest.raises(OSError, match="Input/output error"):
            (self.path / "x").touch()
        self.unmount()
        self.mount()


@pytest.fixture
def disk(request, tmp_path) -> Iterator[Disk]:
    kind = getattr(request, "param", "ext4")
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    made = Disk(tmp_path, kind)
    yield made
    subprocess.run(["umount", "-l", str(made.path)], check=False, capture_output=True)


@pytest.fixture(scope="module", autouse=True)
def bulk(tmp_path_factory):
    with PackageIndex(make_bulk(tmp_path_factory.mktemp("bulk"), modules=20, data=100)).running() as running:
        yield running


@pytest.fixture(autouse=True)
def served(monkeypatch, bulk):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", bulk.url)


def assert_rebuilds(disk: Disk) -> None:
    """The next use has a whole environment, also when the cut damaged the installer's cache."""
    assert disk.build("never") == 0
    (prefix,) = disk.path.glob("env/g*")
    assert audit(prefix, WHOLE) == []
    assert leftovers(disk.path / "env") == []


@pytest.mark.parametrize("disk", ["ext4", "xfs"], indirect=True)
@pytest.mark.parametrize("after", ["0", *(pytest.param(each, marks=pytest.mark.slow) for each in ("1.5", "6.5"))])
def test_row_10_what_ensure_returned_survives_a_power_cut(disk, after):
    disk.lose_power(after)
    assert (disk.path / "env" / "isolated-environment.json").stat().st_size > 0
    assert audit(disk.path / "env" / "g1", WHOLE) == []
    assert_rebuilds(disk)


@pytest.mark.parametrize("disk", ["ext4", "xfs"], indirect=True)
def test_row_11_a_power_cut_before_publication_leaves_no_receipt(disk):
    disk.lose_power("before publication")
    assert not (disk.path / "env" / "isolated-environment.json").exists()
    assert_rebuilds(disk)


def test_without_the_sync_a_power_cut_leaves_a_receipt_and_a_torn_environment(disk):
    """The negative control: what the sync before the receipt is for."""
    disk.lose_power("without sync")
    assert (disk.path / "env" / "isolated-environment.json").stat().st_size > 0
    assert any("another hash" in line or "missing" in line for line in audit(disk.path / "env" / "g1", WHOLE))
