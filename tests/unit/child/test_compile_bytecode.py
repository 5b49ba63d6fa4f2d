"""The program that fills the cache of bytecode: whole entries, bound to their sources, and no trace of what failed."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import subprocess
import sys
import time
from importlib.util import source_hash
from pathlib import Path

import pytest

from isolated_environment.child import compile_bytecode

TAG = sys.implementation.cache_tag
SOURCES = {"one/__init__.py": "A = 1\n", "one/deep/two.py": "B = 2\n", "three.py": "C = 3\n"}
posix_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="there it goes on to its end")


def distribution(site: Path, name: str, files: dict[str, str], rows: tuple[str, ...] = ()) -> str:
    """Install *files* with a RECORD of them, and of more rows."""
    lines = []
    for path, text in files.items():
        place = site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text)}")
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text("\n".join([*lines, *rows, f"{info.name}/RECORD,,"]) + "\n")
    return info.name


def command(cache: Path, site: Path, jobs: dict[str, str], *words: str) -> list[str]:
    cache.mkdir(exist_ok=True)
    file = cache / ".jobs"
    file.write_text("".join(f"{key} {name}\n" for key, name in jobs.items()))
    return [
        *(sys.executable, "-I", "-S", "-W", "error", compile_bytecode.__file__),
        *(str(cache), str(site), str(file), *(words or ("1",))),
    ]


def compile_(cache: Path, site: Path, jobs: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    # what goes on in the background would keep a pipe open
    output = subprocess.DEVNULL if len(words) > 1 else subprocess.PIPE
    return subprocess.run(command(cache, site, jobs, *words), check=False, stdout=output, stderr=output, text=True)


def listing(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("processes", ["1", "3"])
def test_an_entry_mirrors_site_packages_and_each_file_is_bound_to_its_source(tmp_path, processes):
    site, cache = tmp_path / "site", tmp_path / "cache"
    jobs = {"k1": distribution(site, "one", SOURCES), "k2": distribution(site, "four", {"four.py": "D = 4\n"})}
    assert compile_(cache, site, jobs, processes).stderr == ""
    assert listing(cache) == [
        *(f"k1/__pycache__/three.{TAG}.pyc", f"k1/one/__pycache__/__init__.{TAG}.pyc"),
        *(f"k1/one/deep/__pycache__/two.{TAG}.pyc", f"k2/__pycache__/four.{TAG}.pyc"),
    ]
    for path, text in {**SOURCES, "four.py": "D = 4\n"}.items():
        compiled = Path(compile_bytecode._compiled(path))
        (file,) = cache.glob(f"k*/{compiled}")
        _, flags, digest = struct.unpack("<4sL8s", file.read_bytes()[:16])
        assert flags == 0b11, "by hash, and looked at by each import (PEP 552)"
        assert digest == source_hash(text.encode())


def test_what_is_not_as_the_record_says_is_left_out(tmp_path):
    site, cache = tmp_path / "site", tmp_path / "cache"
    outside = tmp_path / "outside.py"
    outside.write_text("")
    files = {"good.py": "", "changed.py": "A = 1\n", "broken.py": "def\n", "x/tests/test_x.py": "", "gone.py": ""}
    rows = ("../outside.py,,0", f"{outside},,0", "unhashed.py,,0", "short.py", "data.txt,,1")
    name = distribution(site, "one", files, rows)
    (site / "changed.py").write_text("A = 2\n")
    (site / "unhashed.py").write_text("")
    (site / "gone.py").unlink()
    done = compile_(cache, site, {"k": name})
    assert (done.returncode, done.stderr) == (0, "")
    assert listing(cache) == [f"k/__pycache__/good.{TAG}.pyc"]


def test_an_entry_that_another_process_made_first_stays(tmp_path):
    site, cache = tmp_path / "site", tmp_path / "cache"
    (cache / "k").mkdir(parents=True)
    (cache / "k" / "theirs").write_text("")
    assert compile_(cache, site, {"k": distribution(site, "one", SOURCES)}).returncode == 0
    assert listing(cache) == ["k/theirs"]


def test_what_nobody_used_for_long_is_deleted(tmp_path):
    site, cache = tmp_path / "site", tmp_path / "cache"
    ages = {"new": 1, "old": 91, ".half": 2, ".just": 0}
    for name, days in ages.items():
        (cache / name / "below").mkdir(parents=True)
        moment = time.time() - days * 86_400
        os.utime(cache / name, (moment, moment))
    (cache / ".jobs").write_text("of a compiler that was killed")
    os.utime(cache / ".jobs", (0, 0))
    assert compile_(cache, site, {"k": distribution(site, "one", SOURCES)}).returncode == 0
    assert sorted(os.listdir(cache)) == [".just", "k", "new"]


def test_what_cannot_be_read_fails_and_leaves_no_entry(tmp_path):
    site, cache = tmp_path / "site", tmp_path / "cache"
    distribution(site, "one", SOURCES)
    assert compile_(cache, site, {"k": "two-1.0.dist-info"}).returncode != 0
    assert listing(cache) == []


@posix_only
def test_a_full_disk_fails_in_every_process_and_leaves_no_entry(tmp_path):
    site, cache = tmp_path / "site", tmp_path / "cache"
    name = distribution(site, "one", {f"m{number}.py": "A = 1\n" * 9000 for number in range(4)})
    for processes in ("1", "2"):
        argv = command(cache, site, {"k": name}, processes)
        limited = f"ulimit -f 1; exec {' '.join(argv)}"  # 512 octets of a file
        done = subprocess.run(["sh", "-c", limited], check=False, capture_output=True)
        assert done.returncode != 0
        assert not (cache / "k").exists()


@posix_only
def test_in_the_background_it_returns_at_once_and_works_with_the_lowest_priority(tmp_path):
    site, cache = tmp_path / "site", tmp_path / "cache"
    jobs = {"k": distribution(site, "one", SOURCES)}
    assert compile_(cache, site, jobs, "1", str(os.getpid())).returncode == 0
    _wait_for(cache / "k")
    assert len(listing(cache / "k")) == 3


@posix_only
def test_in_the_background_it_ends_with_its_host(tmp_path):
    """It has not compiled all by then: what is there is whole, and nothing is added any more."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    body = "def f(a):\n    return [a, (a, a)]\n" * 400
    jobs = {f"k{number}": distribution(site, f"d{number}", {f"d{number}.py": body}) for number in range(100)}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as host:
        assert compile_(cache, site, jobs, "1", str(host.pid)).returncode == 0
        _wait_for(cache / "k0")
        host.kill()
    before = _settled(cache)
    entries = [entry for entry in cache.iterdir() if not entry.name.startswith(".")]
    assert 0 < len(entries) < 100
    assert all(len(listing(entry)) == 1 for entry in entries)
    assert _settled(cache) == before


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _settled(cache: Path) -> list[str]:
    """What is there, once nothing changes for a while."""
    before: list[str] = []
    for _ in range(100):
        now = sorted(os.listdir(cache))
        if now == before:
            return now
        before = now
        time.sleep(0.5)
    raise AssertionError("it goes on")
