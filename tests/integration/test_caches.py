"""What is kept between builds: bytecode, never of another source than the one that is there; and files, by uv."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isolated_environment import Index, errors
from isolated_environment.events import StepStarted
from isolated_environment.plan import Stage, Step
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from isolated_environment.toolchains.uv import Uv
from tests.support.far import present
from tests.support.wheels import make_project


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of this test's own, filled before an environment is there."""
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_BYTECODE", "now")
    return tmp_path / "cache" / "bytecode"


def compiled(env) -> dict[str, Path]:
    """The bytecode in an environment's site-packages, by the name of its module."""
    found = env.prefix.glob("lib/python*/site-packages/**/*.pyc")
    return {path.name.partition(".")[0]: path for path in found}


def source(env, name: str) -> Path:
    (found,) = env.prefix.glob(f"lib/python*/site-packages/{name}")
    return found


def says(env, code: str) -> str:
    # -B: nothing is added to what this test looks at
    done = env.run(["python", "-B", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def is_checked(path: Path) -> bool:
    return struct.unpack("<4xL", path.read_bytes()[:8])[0] == 0b11


def test_it_is_there_before_the_first_import_and_shared_by_environments(make, cache, toolchain):
    one = make(["alpha"], name="one", toolchain=toolchain)
    two = make(["alpha", "beta"], name="two", toolchain=toolchain)
    one.ensure()
    two.ensure()
    assert set(compiled(one)) == {"alpha"}
    assert set(compiled(two)) == {"alpha", "beta"}
    assert all(map(is_checked, compiled(two).values()))
    assert compiled(one)["alpha"].stat().st_ino == compiled(two)["alpha"].stat().st_ino
    cached = says(one, "import alpha; print(alpha.__cached__, alpha.main.__code__.co_filename)").split()
    assert cached == [str(compiled(one)["alpha"]), str(source(one, "alpha.py"))]
    assert one.doctor().is_healthy


def test_it_is_run_at_all(make, cache):
    """The guard for the tests below: bytecode with a hash that fits is run, whatever it does."""
    env = make(["alpha"])
    env.ensure()
    forge(env, "alpha", "__version__ = 'forged'")
    assert says(env, "import alpha; print(alpha.__version__)") == "forged"


def forge(env, name: str, text: str, of: bytes | None = None) -> None:
    """Put other bytecode in the place of a module's, as if it had been compiled from its source, or from *of*."""
    place = compiled(env)[name]
    origin = source(env, f"{name}.py").read_bytes() if of is None else of
    code = (
        "import importlib.util as u, marshal, sys; sys.stdout.buffer.write("
        f"u.MAGIC_NUMBER + bytes([3, 0, 0, 0]) + u.source_hash({origin!r})"
        f" + marshal.dumps(compile({text!r}, 'x', 'exec')))"
    )
    data = subprocess.run([env.python, "-I", "-c", code], capture_output=True, check=True).stdout
    place.unlink()
    place.write_bytes(data)


def test_an_edited_source_is_run_though_its_time_and_size_are_what_they_were(make, cache):
    env = make(["alpha"])
    env.ensure()
    path = source(env, "alpha.py")
    before = path.stat()
    text = path.read_text()
    assert "1.0" in text or "2.0" in text
    path.unlink()  # it may be a link into the installer's cache
    path.write_text(text.replace("2.0", "9.9"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert says(env, "import alpha; print(alpha.__version__)") == "9.9"


def test_bytecode_of_another_source_in_the_cache_is_not_run(make, cache):
    first = make(["alpha"], name="first")
    first.ensure()
    (entry,) = cache.glob("*/*/__pycache__/alpha.*.pyc")
    forge(first, "alpha", "__version__ = 'poisoned'", of=b"something else")
    poisoned = compiled(first)["alpha"].read_bytes()
    entry.unlink()
    entry.write_bytes(poisoned)
    second = make(["alpha"], name="second")
    second.ensure()
    assert compiled(second)["alpha"].read_bytes() == poisoned
    assert says(second, "import alpha; print(alpha.__version__)") == "2.0"


def test_what_python_compiles_anew_is_written_beside_and_not_into_the_cache(make, cache):
    one, two = make(["alpha"], name="one"), make(["alpha"], name="two")
    one.ensure()
    two.ensure()
    path = source(one, "alpha.py")
    text = path.read_text().replace("2.0", "7.7")
    path.unlink()
    path.write_text(text)
    one.run(["python", "-c", "import alpha"], check=True)
    assert compiled(one)["alpha"].stat().st_ino != compiled(two)["alpha"].stat().st_ino
    assert says(two, "import alpha; print(alpha.__version__)") == "2.0"


def test_the_same_name_and_version_with_other_content_is_another_entry(make, cache, tmp_path):
    envs = []
    for number in (1, 2):
        wheel = make_wheel(tmp_path / str(number), "pack", "1.0", files={"pack.py": f"N = {number}\n"})
        envs.append(make([f"pack @ {wheel.as_uri()}"], name=f"env{number}"))
        envs[-1].ensure()
    assert [says(env, "import pack; print(pack.N)") for env in envs] == ["1", "2"]
    assert len(list(cache.glob("*/*/__pycache__/pack.*.pyc"))) == 2


def test_what_was_built_here_is_compiled_and_not_cached(make, cache, tmp_path, toolchain):
    project = make_project(tmp_path / "source", "local", "1.0")
    env = make([f"local @ {project.as_uri()}"], toolchain=toolchain)
    env.ensure()
    assert set(compiled(env)) == {"local"}
    assert not list(cache.glob("*/local"))


def test_in_the_background_it_is_there_for_the_next_environment(make, cache, monkeypatch):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_BYTECODE", "background")
    first = make(["alpha"], name="first")
    first.ensure()
    assert compiled(first) == {}, "nobody waits for it"
    deadline = time.monotonic() + 60
    while not list(cache.glob("*/*/__pycache__/alpha.*.pyc")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = make(["alpha"], name="second")
    second.ensure()
    assert set(compiled(second)) == {"alpha"}


def test_off_nothing_is_compiled_and_no_cache_is_made(make, cache, monkeypatch):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_BYTECODE", "off")
    env = make(["alpha"])
    env.ensure()
    assert compiled(env) == {}
    assert not cache.exists()


def test_another_word_builds_nothing_and_names_those_that_serve(make, monkeypatch):
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_BYTECODE", "later")
    env = make(["alpha"])
    with pytest.raises(errors.RequestError, match="'later'") as caught:
        env.ensure()
    assert "background, now, off" in caught.value.hint
    assert not env.installed()


@pytest.mark.parametrize("when", ["background", "now"])
def test_a_cache_that_cannot_be_used_keeps_nothing_from_being_built(make, monkeypatch, tmp_path, when):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_BYTECODE", when)
    env = make(["alpha"])
    assert says(env, "import alpha; print(alpha.__version__)") == "2.0"
    assert set(compiled(env)) == ({"alpha"} if when == "now" else set())


def test_the_cache_may_be_deleted_at_any_time(make, cache):
    import shutil

    one = make(["alpha"], name="one")
    one.ensure()
    shutil.rmtree(cache)
    assert says(one, "import alpha; print(alpha.__version__)") == "2.0"
    two = make(["alpha"], name="two")
    two.ensure()
    assert set(compiled(two)) == {"alpha"}


def test_the_program_for_calls_comes_from_the_cache_the_second_time(make, cache):
    one, two = make([], name="one"), make([], name="two")
    one.ensure()
    two.ensure()
    inodes = [{path.stat().st_ino for path in env.prefix.glob(".program/*/*")} for env in (one, two)]
    assert inodes[0] == inodes[1]
    assert len(inodes[0]) > 10
    assert two.call("operator:add", 1, 2) == 3


def test_another_interpreter_has_its_own(make, cache):
    if "3.8" not in present():
        pytest.skip("no Python 3.8 on this machine")
    one = make(["alpha"], name="one")
    two = make(["alpha"], name="two", python="3.8")
    one.ensure()
    two.ensure()
    tags = {path.parent.parent.parent.name for path in cache.glob("*/*/__pycache__/alpha.*.pyc")}
    assert len(tags) == 2
    assert is_checked(compiled(two)["alpha"])
    assert sys.implementation.cache_tag in compiled(one)["alpha"].name


def test_a_file_that_uv_has_is_not_asked_for_again(make, tmp_path):
    """The index says nothing about caching: by its URL alone uv would ask for the file each time (measured)."""
    make_wheel(tmp_path / "files", "alpha", "1.0")
    with PackageIndex(tmp_path / "files").running() as server:
        for number in range(3):
            env = make(["alpha"], name=f"env{number}", indexes=[Index(server.url, default=True)], toolchain="uv")
            env.ensure()
            assert f'index = "{server.url}"' in (env.root / "pylock.toml").read_text("utf-8")
        env.python.unlink()
        make(name="env2", toolchain="uv").ensure()
    assert len(server.asked_for("GET /files/alpha")) <= 4, "its metadata each time, and itself once"


def test_the_index_is_found_out_by_every_resolution_and_not_where_the_lock_is_known(make, monkeypatch):
    """Else what is added to an environment would be said to be of no index, and be fetched again."""
    examining = Stage((Step("examine", "examining", (sys.executable, "-c", "")),))
    monkeypatch.setattr(Uv, "examine", lambda *_: examining)

    def steps_of(*asks: str) -> list[str]:
        told: list[str] = []
        env = make(on_event=lambda event: told.append(event.step) if isinstance(event, StepStarted) else None)
        for ask in asks:
            env.pip_install(ask)
        env.ensure()
        return told

    assert steps_of("alpha") == ["resolve", "create", "examine", "check", "install"]
    assert steps_of("delta") == ["resolve", "create", "examine", "check", "install"]
    make().python.unlink()
    assert steps_of() == ["create", "check", "install"]
