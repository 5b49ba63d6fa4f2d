"""Memory that came is used only when nobody can take it away."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import isolated_environment.child
from isolated_environment.child import backing

SIZE = 1 << 20


@pytest.fixture
def descriptor() -> object:
    made = backing.create(SIZE)
    yield made
    os.close(made)


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
def test_sealed_memory_keeps_its_size(descriptor: int, size: int) -> None:
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, size)
    assert os.fstat(descriptor).st_size == SIZE


def test_no_seal_can_be_added_that_would_stop_its_user(descriptor: int) -> None:
    with pytest.raises(PermissionError):
        fcntl.fcntl(descriptor, backing._F_ADD_SEALS, fcntl.F_SEAL_WRITE)


def test_the_numbers_are_those_of_the_platform() -> None:
    here = {
        name: vars(backing)["_" + name.removeprefix("F_")] for name in ("F_SEAL_SEAL", "F_SEAL_SHRINK", "F_SEAL_GROW")
    }
    here |= {name: vars(backing)["_" + name] for name in ("F_ADD_SEALS", "F_GET_SEALS")}
    assert here == {name: getattr(fcntl, name) for name in here}
    assert [backing._MFD_CLOEXEC, backing._MFD_ALLOW_SEALING] == [os.MFD_CLOEXEC, os.MFD_ALLOW_SEALING]
    assert [mmap.MAP_SHARED, getattr(mmap, "MAP_POPULATE", 0x8000)] == [backing._MAP_SHARED, backing._MAP_POPULATE]


def test_it_is_closed_on_exec(descriptor: int) -> None:
    assert not os.get_inheritable(descriptor)


def test_a_kernel_that_does_not_know_the_flag_against_execution_is_asked_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    real = os.memfd_create

    def older(name: str, flags: int) -> int:
        asked.append(flags)
        if flags & backing._MFD_NOEXEC_SEAL:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(name, flags)

    monkeypatch.setattr(os, "memfd_create", older)
    made = backing.create(SIZE)
    assert backing.is_sealed(made)
    assert len(asked) == 2
    os.close(made)


def test_memory_that_is_too_small_is_refused(descriptor: int) -> None:
    backing.check(descriptor, SIZE)
    with pytest.raises(backing.Refused, match=f"{SIZE} octets, {SIZE + 1}"):
        backing.check(descriptor, SIZE + 1)


@pytest.mark.parametrize("seals", [0, fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_GROW])
def test_memory_that_could_change_its_size_is_refused(seals: int) -> None:
    made = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.ftruncate(made, SIZE)
    fcntl.fcntl(made, fcntl.F_ADD_SEALS, seals)
    with pytest.raises(backing.Refused, match="not sealed"):
        backing.check(made, SIZE)
    os.close(made)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(SIZE))
    with (tmp_path / "file").open("r+b") as file, pytest.raises(backing.Refused, match="not sealed"):
        backing.check(file.fileno(), SIZE)


def test_a_mapping_lives_on_when_its_descriptor_is_closed() -> None:
    made = backing.create(SIZE)
    before = len(os.listdir("/proc/self/fd"))
    mapping = backing.mapped(made, SIZE, populate=True)
    os.close(made)
    mapping[SIZE - 1] = 5
    assert mapping[SIZE - 1] == 5
    if sys.version_info >= (3, 13):
        assert len(os.listdir("/proc/self/fd")) == before - 1
    mapping.close()


_LIMITED = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from isolated_environment.child import memory
resource.setrlimit(getattr(resource, sys.argv[2]), (int(sys.argv[3]),) * 2)
outbox = memory.Outbox(memory.Segments())
table, descriptors, inline = outbox.pack([bytes(4 << 20)])
sys.stderr.write("%s %d" % (table[-1][0], len(inline)))
"""


@pytest.mark.parametrize(("limit", "value"), [("RLIMIT_FSIZE", 1 << 20), ("RLIMIT_NOFILE", 3)])
def test_a_limit_of_the_process_is_no_signal_and_no_failure(limit: str, value: int) -> None:
    library = Path(isolated_environment.child.__file__).parents[2]
    argv = [sys.executable, "-c", _LIMITED, str(library), limit, str(value)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "inline 1")


def test_where_the_platform_has_no_memfd_the_name_is_gone_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("_posixshmem")
    monkeypatch.setattr(backing, "_LINUX", False)
    before = set(os.listdir("/dev/shm"))
    made = backing.create(SIZE)
    assert {name for name in os.listdir("/dev/shm") if name.startswith("ie-")} <= before
    backing.check(made, SIZE)
    mapping = backing.mapped(made, SIZE, populate=True)
    mapping[0] = 1
    assert os.pread(made, 1, 0) == b"\x01"
    mapping.close()
    os.close(made)


def test_where_there_is_none_at_all_it_is_an_error_that_a_sender_can_live_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    with pytest.raises(OSError, match="no memfd_create"):
        backing.create(SIZE)
    monkeypatch.setattr(backing, "_LINUX", False)
    monkeypatch.setitem(sys.modules, "_posixshmem", None)
    with pytest.raises(OSError, match="no memory without a name"):
        backing.create(SIZE)


def test_what_fails_halfway_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/proc/self/fd"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft <= hard
    monkeypatch.setattr(fcntl, "fcntl", _no_seals)
    with pytest.raises(OSError, match="no seals"):
        backing.create(SIZE)
    assert len(os.listdir("/proc/self/fd")) == before


def _no_seals(*_: object) -> int:
    raise OSError(errno.EINVAL, "no seals")
