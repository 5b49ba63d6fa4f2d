"""The disk is full, or fails: a typed error that says where and what to do, and the environment before stays."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment, errors
from isolated_environment.store import builder, publication
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers
from tests.support.toolchains import PIP_WHEN_SLOW


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 16 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    directory = tmp_path / "disk"
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(directory)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let root mount a disk")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


@pytest.fixture
def large(tmp_path, monkeypatch, wheels):
    """An index with a distribution of 20 MB in several files."""
    shutil.copytree(wheels, tmp_path / "wheels")
    files = {f"large/{number}.bin": random.Random(number).randbytes(1 << 20) for number in range(20)}
    make_wheel(tmp_path / "wheels", "large", "1.0", files=files)
    with PackageIndex(tmp_path / "wheels").running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        yield index


@PIP_WHEN_SLOW
def test_row_6_a_disk_that_fills_up(small_disk, large, monkeypatch, toolchain):
    monkeypatch.setattr(builder, "RESERVE", 0)
    root = small_disk / "env"
    prefix = IsolatedEnvironment(root).pip_install("alpha==1.0").ensure()
    with pytest.raises(errors.DiskFullError) as caught:
        IsolatedEnvironment(root, toolchain=toolchain).pip_install("large")
    assert str(root) in str(caught.value)
    assert "free space" in (caught.value.hint or "")
    assert caught.value.path == str(root)
    assert audit(prefix, {"alpha": "1.0"}) == []
    env = IsolatedEnvironment(root)
    assert env.ensure() == prefix
    assert env.run(["alpha"], capture_output=True, text=True).stdout == "alpha 1.0\n"
    assert generations(root) == ["g1"], "nothing is left of the attempt, even before a collection"
    env.gc(force=True)
    assert leftovers(root) == []
    subprocess.run(["mount", "-o", "remount,size=80m", str(small_disk)], check=True)
    assert audit(env.pip_install("large").ensure(), {"alpha": "1.0", "large": "1.0"}) == []


def test_row_6_a_disk_with_too_little_room_is_refused_before_anything_is_started(small_disk):
    env = IsolatedEnvironment(small_disk / "env", ["alpha"])
    with pytest.raises(errors.DiskFullError, match=r"has \d+ MiB free, and a build needs 64 MiB") as caught:
        env.ensure()
    assert caught.value.step == "preflight"
    assert 0 < caught.value.free < caught.value.needed == builder.RESERVE
    assert caught.value.path == str(small_disk / "env")
    assert generations(small_disk / "env") == []


@pytest.mark.parametrize(
    ("call", "number", "expected"),
    [
        ("fsync", errno.ENOSPC, errors.DiskFullError),
        ("fsync", errno.EDQUOT, errors.DiskFullError),
        ("replace", errno.EROFS, errors.ReadOnlyLocationError),
        ("syncfs", errno.EIO, errors.StoreError),
    ],
    ids=["ENOSPC", "EDQUOT", "EROFS", "EIO"],
)
def test_row_7_9_publication_that_fails_leaves_the_environment_before(make, monkeypatch, call, number, expected):
    env = make().pip_install("alpha==1.0")
    prefix = env.ensure()
    receipt = (env.path / "isolated-environment.json").read_bytes()

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        if call == "syncfs":
            broken.setattr(publication, "_sync_one", fail)
        else:
            broken.setattr(publication.os, call, fail)
        with pytest.raises(expected) as caught:
            make().pip_install("delta")
    assert str(env.path) in str(caught.value)
    assert caught.value.hint
    assert (env.path / "isolated-environment.json").read_bytes() == receipt
    assert make().ensure() == prefix
    assert audit(prefix, {"alpha": "1.0"}) == []
    env.gc(force=True)
    assert generations(env.path) == ["g1"]
    assert leftovers(env.path) == []


def test_row_9_a_receipt_that_is_out_is_not_withdrawn(make, monkeypatch):
    """The directory's fsync fails after the replacement: what the receipt names must be there."""
    env = make().pip_install("alpha==1.0")
    env.ensure()
    calls = []

    def fail_at_the_receipt(directory: Path) -> None:
        calls.append(directory)
        if len(calls) == 2:  # the lock's is the first
            raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(publication, "_sync_directory", fail_at_the_receipt)
        with pytest.raises(errors.StoreError):
            make().pip_install("delta")
    again = make()
    assert audit(again.ensure(), {"alpha": "1.0", "delta": "1.0"}) == []
    again.gc(force=True)
    assert leftovers(env.path) == []


def test_row_30_a_name_that_is_too_long_is_told(tmp_path):
    with pytest.raises(errors.StoreError, match="File name too long") as caught:
        IsolatedEnvironment(tmp_path / ("n" * 300), ["alpha"]).ensure()
    assert (caught.value.code, bool(caught.value.hint)) == ("store-error", True)
    assert list(tmp_path.iterdir()) == []


def test_row_30_a_name_that_is_no_text_is_refused_before_anything_is_made(tmp_path):
    """Installers write paths into text files, and uv takes no other."""
    with pytest.raises(errors.RequestError, match="is no path for an environment") as caught:
        IsolatedEnvironment(tmp_path / os.fsdecode(b"\xff\xfe"), ["alpha"]).ensure()
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []
