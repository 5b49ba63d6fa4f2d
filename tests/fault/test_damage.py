"""What lies in the root was damaged: a rebuild or a clear error follows, never the host's Python."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.testing.indexes import PackageIndex
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers

RECEIPT = "isolated-environment.json"


def change(receipt: Path, **fields: object) -> None:
    receipt.write_text(json.dumps({**json.loads(receipt.read_text()), **fields}))


def replace_by_link(receipt: Path) -> None:
    elsewhere = receipt.parent.parent / "elsewhere"
    receipt.rename(elsewhere)
    receipt.symlink_to(elsewhere)


def replace_by_directory(receipt: Path) -> None:
    receipt.unlink()
    (receipt / "inside").mkdir(parents=True)


def replace_by_fifo(receipt: Path) -> None:
    receipt.unlink()
    os.mkfifo(receipt)


#: How a receipt is damaged; other types are also what ``tests/unit/test_receipt.py`` is about.
DAMAGE = {
    "garbage": lambda receipt: receipt.write_bytes(os.urandom(500)),
    "empty": lambda receipt: receipt.write_bytes(b""),
    "half": lambda receipt: os.truncate(receipt, receipt.stat().st_size // 2),
    "huge": lambda receipt: os.truncate(receipt, 9 << 20),
    "from the future": lambda receipt: change(receipt, schema=99),
    "content of other types": lambda receipt: change(receipt, content={"asks": 5}, local={"x": 1}, previous=5),
    "declaration of other types": lambda receipt: change(receipt, declaration={"asks": {"a": 1}, "stated": []}),
    "registration of another type": lambda receipt: change(receipt, registration={"x": 5}),
    "base of other types": lambda receipt: change(receipt, base={"executable": "\0", "size": []}),
    "generation that is a path": lambda receipt: change(receipt, generation="../elsewhere"),
    "link": replace_by_link,
    "directory": replace_by_directory,
    "FIFO": replace_by_fifo,
}


@pytest.mark.timeout(30)  # a FIFO must not block
@pytest.mark.parametrize(
    "damage", [pytest.param(name, marks=[pytest.mark.slow] * name.endswith(" types")) for name in DAMAGE]
)
def test_row_23_a_damaged_receipt_ends_in_a_rebuild(make, damage):
    env = make().pip_install("alpha==1.0")
    DAMAGE[damage](env.path / RECEIPT)
    again = make().pip_install("delta")
    versions = {item.name: item.version for item in again.pip_list()}
    assert versions in ({"delta": "1.0"}, {"alpha": "1.0", "delta": "1.0"})
    assert audit(again.prefix, versions) == []
    assert (env.path / RECEIPT).is_file()
    assert not (env.path / RECEIPT).is_symlink()
    again.gc(force=True)
    assert leftovers(env.path) == []


def test_row_23_a_receipt_that_is_a_link_is_not_followed(make, tmp_path):
    make(["alpha"]).ensure()
    replace_by_link(make().path / RECEIPT)
    before = (tmp_path / "elsewhere").read_bytes()
    again = make(["alpha"])
    assert not again.installed()
    assert again.ensure().name == "g2"
    assert (tmp_path / "elsewhere").read_bytes() == before


def test_half_made_generations_go_and_their_names_do_not_come_again(make):
    env = make().pip_install("alpha==1.0")
    (env.path / "g7" / ".build").mkdir(parents=True)
    (env.path / "g8" / "bin").mkdir(parents=True)
    (env.path / "g9").mkdir()
    (env.path / "g9" / "pylock.toml").write_text("")
    assert make().ensure().name == "g1", "they are in nobody's way"
    prefix = env.pip_install("delta").ensure()
    assert prefix.name == "g10"
    env.gc(force=True)
    assert generations(env.path) == ["g1", "g10"], "the one before stays for a rollback"
    assert leftovers(env.path) == []


@pytest.mark.parametrize("damage", ["gone", "edited", "directory"])
def test_without_its_lock_an_environment_works_and_keeps_its_versions(make, damage):
    env = make().pip_install("alpha<2").pip_install("alpha")
    prefix, lock = env.ensure(), env.path / "pylock.toml"
    if damage == "edited":
        lock.write_text(lock.read_text().replace("1.0", "2.0"))
    else:
        lock.unlink()
    if damage == "directory":
        (lock / "inside").mkdir(parents=True)
    again = make()
    assert again.ensure() == prefix
    again.pip_install("delta")
    assert audit(again.ensure(), {"alpha": "1.0", "delta": "1.0"}) == []
    assert lock.is_file()
    again.gc(force=True)
    assert leftovers(env.path) == []


@pytest.mark.parametrize("lost", ["generation", "interpreter", "lease", "leases"])
def test_what_is_deleted_under_a_live_handle_is_built_again(make, lost):
    env = make(["alpha"])
    prefix = env.ensure()
    if lost == "interpreter":
        (prefix / "bin" / "python").unlink()
    elif lost == "lease":
        (env.path / "leases" / prefix.name).unlink()
    else:
        shutil.rmtree({"generation": prefix, "leases": env.path / "leases"}[lost])
    script = "import sys, alpha; print(sys.prefix)"
    for handle in (env, make(["alpha"])):
        answer = handle.run(["python", "-c", script], capture_output=True, text=True, check=True)
        found = Path(answer.stdout.strip())
        assert found.parent == env.path, "not the host's"
        assert audit(found, {"alpha": "2.0"}) == []


def test_what_cannot_be_built_again_is_an_error_and_not_the_host(make, monkeypatch, tmp_path, wheels):
    with PackageIndex(wheels).running() as index:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", index.url)
        env = make(["alpha"])
        shutil.rmtree(env.ensure())
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "other-cache"))
    for use in (lambda: env.run(["python", "-c", "pass"]), env.environment, lambda: env.which("python")):
        with pytest.raises(errors.IndexUnreachableError):
            use()


def test_a_directory_that_is_not_ours_is_left_alone_with_its_trash(make):
    env = make(["alpha"])
    (env.path / "trash").mkdir(parents=True)
    (env.path / "trash" / "thesis.txt").write_text("precious")
    for refused in (env.ensure, env.remove, env.rollback, env.lock().__enter__):
        with pytest.raises(errors.NotOurDirectoryError):
            refused()
    assert env.gc(force=True) == []
    assert (env.path / "trash" / "thesis.txt").read_text() == "precious"
    assert os.listdir(env.path) == ["trash"]


def test_a_trash_that_is_a_link_is_not_emptied(make, tmp_path):
    env = make().pip_install("alpha==1.0")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "thesis.txt").write_text("precious")
    shutil.rmtree(env.path / "trash", ignore_errors=True)
    (env.path / "trash").symlink_to(tmp_path / "elsewhere")
    env.pip_install("alpha==2.0")
    env.gc(force=True)
    assert (tmp_path / "elsewhere" / "thesis.txt").read_text() == "precious"
    assert generations(env.path) == ["g2"]


def test_a_process_killed_at_its_first_tag_blocks_nobody(make):
    env = make(["alpha"])
    env.path.mkdir()
    (env.path / "CACHEDIR.TAG.4711").write_text("Signature")
    assert audit(env.ensure(), {"alpha": "2.0"}) == []
    env.gc(force=True)
    assert leftovers(env.path) == []
