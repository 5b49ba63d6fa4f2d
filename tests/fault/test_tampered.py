"""Somebody changed what is installed: it is used as it is, and ``doctor()`` names it (rows 13 and 32)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.audit import audit
from tests.support.leftovers import generations, leftovers


def site_packages(prefix: Path) -> Path:
    (found,) = prefix.glob("lib/python*/site-packages")
    return found


def test_row_13_a_file_cut_short_later_is_named_and_undone(make):
    env = make(["alpha"])
    prefix = env.ensure()
    assert env.doctor(deep=True).is_healthy
    module = site_packages(prefix) / "alpha.py"
    size = module.stat().st_size
    module.unlink()  # not through the link that the installer's cache has to it
    module.write_text("")
    assert make(["alpha"]).ensure() == prefix, "a start looks at no files"
    report = make(["alpha"]).doctor()
    assert not report.is_healthy
    (finding,) = report.findings
    assert finding.text == f"alpha: alpha.py has 0 bytes, not {size}"
    assert "remove()" in finding.hint
    env.remove()
    again = make(["alpha"])
    assert audit(again.ensure(), {"alpha": "2.0"}) == []
    assert again.doctor(deep=True).is_healthy


def test_row_13_the_next_generation_takes_nothing_of_it(make):
    env = make(["alpha"])
    module = site_packages(env.ensure()) / "alpha.py"
    module.unlink()
    module.write_text("")
    env = make(["alpha", "delta"])
    assert audit(env.ensure(), {"alpha": "2.0", "delta": "1.0"}) == []
    assert generations(env.path) == ["g1", "g2"]
    env.gc(force=True)
    assert leftovers(env.path) == []


def forget_files(dist_info: Path) -> None:
    (dist_info / "RECORD").unlink()


def install_twice(dist_info: Path) -> None:
    shutil.copytree(dist_info, dist_info.with_name("Alpha-1.0.dist-info"))


def invent(dist_info: Path) -> None:
    other = dist_info.with_name("handmade-1.0.dist-info")
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: handmade\nVersion: 1.0\n")


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (forget_files, "alpha: its RECORD cannot be read"),
        (install_twice, "alpha is installed twice"),
        (invent, "handmade is installed but not in the lock"),
    ],
)
def test_row_32_metadata_that_no_installer_wrote_is_named(make, tamper: Callable[[Path], None], said: str):
    env = make(["alpha"])
    (dist_info,) = site_packages(env.ensure()).glob("alpha-*.dist-info")
    tamper(dist_info)
    report = make(["alpha"]).doctor()
    assert not report.is_healthy
    assert [finding.text for finding in report.findings if finding.text.startswith(said)]
    assert all(finding.hint for finding in report.findings)
