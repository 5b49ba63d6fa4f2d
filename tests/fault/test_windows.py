"""Windows, by simulation: a file is open elsewhere for a moment, or for good (row 77 of the fault matrix)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.ownership import replacing
from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers

RECEIPT = "isolated-environment.json"


@pytest.fixture
def scanner(monkeypatch):
    """Something that holds every file that is to be replaced; returns the paths that it refused."""
    refused: list[str] = []
    works = os.replace

    def hold(times: int) -> list[str]:
        def replace(source, target) -> None:
            if refused.count(os.path.basename(target)) < times:
                refused.append(os.path.basename(target))
                raise PermissionError(13, "The process cannot access the file")
            works(source, target)

        monkeypatch.setattr(replacing.os, "replace", replace)
        return refused

    monkeypatch.setattr(replacing, "WINDOWS", True)
    return hold


def test_row_77_a_receipt_that_is_open_elsewhere_is_waited_for(make, scanner):
    make().pip_install("alpha==1.0").ensure()
    refused = scanner(3)
    env = make().pip_install("alpha==2.0")
    assert refused.count(RECEIPT) == 3
    assert refused.count("pylock.toml") == 3
    assert audit(env.ensure(), {"alpha": "2.0"}) == []


def test_row_77_one_that_stays_open_is_an_error_and_the_environment_before_stays(make, scanner, monkeypatch):
    prefix = make().pip_install("alpha==1.0").ensure()
    monkeypatch.setattr(replacing, "PATIENCE", 0.2)
    scanner(1000)
    with pytest.raises(errors.ReadOnlyLocationError, match="cannot access the file"):
        make().pip_install("alpha==2.0")
    monkeypatch.undo()
    assert generations(prefix.parent) == ["g1"]
    assert audit(prefix, {"alpha": "1.0"}) == []


def test_row_77_elsewhere_a_refusal_is_final(make, scanner, monkeypatch):
    make().pip_install("alpha==1.0").ensure()
    refused = scanner(1000)
    monkeypatch.setattr(replacing, "WINDOWS", False)
    with pytest.raises(errors.ReadOnlyLocationError):
        make().pip_install("alpha==2.0")
    assert refused == ["pylock.toml"]


def test_row_22_77_what_is_open_stays_until_it_can_be_deleted(make, monkeypatch):
    """A running ``python.exe`` in a superseded generation: its directory can neither be renamed nor deleted."""
    for version in ("1.0", "2.0", "1.0"):
        make([f"alpha=={version}"]).ensure()
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "g1":
            raise PermissionError(13, "The process cannot access the file")
        return rename(self, target)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", refuse)
        assert make().gc(force=True) == []
    assert generations(make().path) == ["g1", "g2", "g3"]
    assert make().gc(force=True) == ["g1"]
    assert leftovers(make().path) == []


def test_row_22_a_deletion_that_stops_half_way_is_finished_later(make, monkeypatch):
    for version in ("1.0", "2.0", "1.0"):
        make([f"alpha=={version}"]).ensure()
    rmdir = os.rmdir

    def refuse(path, **kwargs) -> None:
        if str(path).endswith("site-packages"):
            raise OSError(16, "Device or resource busy")
        rmdir(path, **kwargs)

    trash = make().path / "trash"
    with monkeypatch.context() as broken:
        broken.setattr(os, "rmdir", refuse)
        assert make().gc(force=True) == ["g1"], "the caller hears nothing of it"
        (stuck,) = os.listdir(trash)
        assert not list(trash.rglob("*.py")), "half of it is gone"
        make(["delta"]).ensure()
        assert stuck in os.listdir(trash)
    make().gc(force=True)
    assert os.listdir(trash) == []
    assert leftovers(make().path) == []
