"""A distribution puts files of ours into the prefix by its data directory, or a file is not what the lock says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers
from tests.support.toolchains import PIP_WHEN_SLOW

FORGED = "forged by a distribution\n"


@pytest.fixture
def serving(tmp_path, monkeypatch):
    """An index of this test's own, with a cache of its own."""
    make_wheel(tmp_path / "wheels", "alpha", "1.0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with PackageIndex(tmp_path / "wheels", immutable=True).running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        yield index


@PIP_WHEN_SLOW
def test_row_18_a_forged_receipt_is_an_ordinary_file(make, serving, toolchain):
    receipt = json.dumps({"schema": 1, "generation": "g99"})
    make_wheel(serving.directory, "forger", "1.0", data={"isolated-environment.json": receipt})
    env = make(["forger"], toolchain=toolchain)
    assert audit(env.ensure(), {"forger": "1.0"}) == []
    assert json.loads((env.path / "isolated-environment.json").read_text())["generation"] == "g1"
    assert make(["forger"]).ensure() == env.prefix


@pytest.mark.parametrize("name", ["pyvenv.cfg", "pylock.toml", ".build/more", ".lock", "bin/python"])
def test_row_18_a_forged_file_of_the_prefix_is_refused(make, serving, name):
    env = make().pip_install("alpha")
    prefix = env.ensure()
    make_wheel(serving.directory, "forger", "1.0", data={name: FORGED})
    with pytest.raises(errors.BuildError) as caught:
        make().pip_install("forger")
    assert caught.value.step in {"install", "check"}
    assert make().ensure() == prefix
    assert audit(prefix, {"alpha": "1.0"}) == []
    env.gc(force=True)
    assert generations(env.path) == ["g1"]
    assert leftovers(env.path) == []
    cached = [path for path in Path(serving.directory.parent, "cache").rglob(Path(name).name) if path.is_file()]
    forged = [path for path in cached if "forger" in str(path)]
    assert all(path.read_text() == FORGED for path in forged), "nothing was written through a link into the cache"


def test_row_18_a_path_out_of_the_prefix_reaches_nothing(make, serving):
    env = make().pip_install("alpha")
    env.ensure()
    make_wheel(serving.directory, "forger", "1.0", data={"../isolated-environment.json": FORGED})
    before = (env.path / "isolated-environment.json").read_bytes()
    with pytest.raises(errors.BuildError):
        make().pip_install("forger")
    assert (env.path / "isolated-environment.json").read_bytes() == before


@pytest.mark.parametrize("name", ["pip", "pip3"])
def test_a_pip_of_a_distribution_is_kept(make, serving, name):
    scripts = {name: "mine:main"}
    make_wheel(serving.directory, "mine", "1.0", scripts=scripts, files={"mine.py": "def main():\n    print('mine')\n"})
    env = make(["mine"])
    assert env.run([name], capture_output=True, text=True, check=True).stdout == "mine\n"
    assert audit(env.prefix, {"mine": "1.0"}) == []


@pytest.mark.parametrize("toolchain", ["uv", "pip"])
def test_row_17_a_wheel_that_is_not_the_locked_one_is_refused(make, serving, tmp_path, monkeypatch, toolchain):
    env = make(["alpha"])
    env.ensure()
    (tmp_path / "pylock.toml").write_text((env.path / "pylock.toml").read_text())
    prefix = make(name="locked").ensure()
    other = make_wheel(tmp_path / "tampered", "alpha", "1.0", files={"alpha.py": "import os\n"})
    serving.tampered["alpha-1.0-py3-none-any.whl"] = other.read_bytes()
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "other-cache"))
    with pytest.raises(errors.VerificationError, match="not what the lock says") as caught:
        make(pylock=tmp_path / "pylock.toml", name="locked", toolchain=toolchain).ensure()
    assert caught.value.damage
    assert "altered" in (caught.value.hint or "")
    assert make(name="locked").ensure() == prefix
    assert audit(prefix, {}) == []
