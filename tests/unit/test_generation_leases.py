"""Leases: many share one, a collector excludes them all, the dead hold none, and no descriptor is left."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from isolated_environment import leases
from isolated_environment.leases import seize, share


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "g1"
    seize(str(path), create=True).release()
    return str(path)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_many_share_and_a_collector_waits_for_the_last(path):
    first, second = share(path), share(path)
    assert seize(path) is None
    first.release()
    assert seize(path) is None
    second.release()
    alone = seize(path)
    assert alone is not None
    assert share(path) is None
    assert seize(path) is None
    alone.release()
    assert share(path) is not None


def test_a_builder_s_lease_becomes_a_shared_one(tmp_path):
    lease = seize(str(tmp_path / "g1"), create=True)
    assert share(str(tmp_path / "g1")) is None
    lease.downgrade()
    assert share(str(tmp_path / "g1")) is not None
    assert seize(str(tmp_path / "g1")) is None, "still held"


def test_a_name_is_made_once(path):
    with pytest.raises(FileExistsError):
        seize(path, create=True)


def test_releasing_twice_closes_nobody_else_s_file(path, tmp_path):
    lease = share(path)
    lease.release()
    with (tmp_path / "other").open("w") as other:  # likely has the number now
        lease.release()
        lease.downgrade()
        other.write("x")


def test_nothing_stays_open(path):
    before = open_files()
    held = [share(path), share(path)]
    assert seize(path) is None
    assert open_files() == before + 2
    held.clear()
    assert open_files() == before
    with pytest.raises(FileNotFoundError):
        share(path + "0")
    assert open_files() == before


def test_a_link_is_not_followed_and_a_fifo_does_not_block(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(OSError, match="symbolic"):
        share(str(tmp_path / "link"))
    os.mkfifo(tmp_path / "fifo")
    assert share(str(tmp_path / "fifo")) is not None


def test_a_dead_holder_holds_nothing(path):
    script = f"from isolated_environment.leases import share; lease = share({path!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "1\n"
        assert seize(path) is None
        process.kill()
        process.wait()
    assert seize(path) is not None


def test_a_started_program_does_not_inherit_one(path):
    lease = share(path)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as process:
        lease.release()
        assert seize(path) is not None
        process.kill()


@pytest.mark.parametrize("number", sorted(leases.NO_LOCKS))
def test_without_working_locks_a_lease_protects_nothing_and_says_so(path, monkeypatch, number):
    def flock(fd: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    lease = share(path)
    assert not lease.effective
    assert not seize(path).effective
    lease.downgrade()


def test_another_error_is_one_and_leaves_nothing_open(path, monkeypatch):
    def flock(fd: int, operation: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    before = open_files()
    with pytest.raises(OSError, match="Input/output"):
        share(path)
    assert open_files() == before
