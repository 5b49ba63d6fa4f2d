"""Every kind of damage in a prefix is named, and a sound one has none."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from isolated_environment.store.verification import list_installed, verify
from isolated_environment.testing.wheels import make_wheel


@pytest.fixture
def site_packages(tmp_path):
    """Two distributions, as an installer leaves them."""
    for name in ("alpha", "two-words"):
        unpack(tmp_path, make_wheel(tmp_path / "wheels", name, "1.0", scripts={"x": "alpha:main"}))
    return tmp_path / "site-packages"


def unpack(tmp_path: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site-packages")


WANTED = {"alpha": "1.0", "two-words": "1.0"}


def test_a_sound_prefix_has_no_damage(site_packages):
    assert verify(site_packages, WANTED) == []
    assert verify(site_packages, WANTED, deep=True) == []
    assert verify(site_packages, {"alpha": None, "two-words": "1"}) == [], "any version; an equal version"
    assert [(item.name, item.version) for item in list_installed(site_packages)] == list(WANTED.items())


def test_bytecode_that_a_wheel_brought_may_be_written_anew(tmp_path):
    cached = "alpha/__pycache__/x.cpython-311.pyc"
    unpack(tmp_path, make_wheel(tmp_path, "alpha", "1.0", files={cached: b"old", "alpha/x.py": b"", "y.pyc": b"y"}))
    site_packages = tmp_path / "site-packages"
    (site_packages / cached).write_bytes(b"compiled again")
    assert verify(site_packages, {"alpha": "1.0"}, deep=True) == []
    (site_packages / "y.pyc").write_bytes(b"other")
    assert verify(site_packages, {"alpha": "1.0"}) == ["alpha: y.pyc has 5 bytes, not 1"]


@pytest.mark.parametrize("name", ["METADATA", "WHEEL"])
def test_a_description_that_was_rewritten_is_no_damage(site_packages, name):
    """Repackaged wheels are so, torch 1.12.1 among them: RECORD was not corrected."""
    with (site_packages / "alpha-1.0.dist-info" / name).open("a") as file:
        file.write("X-More: 1\n")
    assert verify(site_packages, WANTED) == []
    assert verify(site_packages, WANTED, deep=True) == []


def test_an_empty_prefix(tmp_path):
    assert verify(tmp_path / "nothing", {}) == []
    assert verify(tmp_path / "nothing", {"alpha": "1.0"}) == ["alpha is not installed"]


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda s: (s / "alpha.py").unlink(), "alpha: alpha.py is missing"),
        (lambda s: (s / "alpha.py").write_bytes(b""), "alpha: alpha.py has 0 bytes, not 66"),
        (lambda s: (s / "alpha-1.0.dist-info" / "RECORD").unlink(), "alpha: its RECORD cannot be read"),
        (lambda s: (s / "alpha-1.0.dist-info" / "RECORD").write_bytes(b""), "alpha: its RECORD is not complete"),
        (lambda s: (s / "alpha-1.0.dist-info" / "RECORD").write_bytes(b"\xff\xfe"), "alpha: its RECORD cannot be read"),
        (
            lambda s: (s / "alpha-1.0.dist-info" / "RECORD").write_text("../../bin/x,sha256=,0\nalpha.py,,\n"),
            "alpha: its RECORD is not complete",
        ),
        (lambda s: (s / "alpha-1.0.dist-info" / "METADATA").unlink(), "alpha is without METADATA, not 1.0"),
        (lambda s: (s / "alpha-1.0.dist-info" / "METADATA").write_bytes(b""), "alpha: alpha-1.0.dist-info/METADATA"),
        (lambda s: (s / "alpha-1.0.dist-info").rename(s / "gone"), "alpha is not installed"),
    ],
    ids=["missing", "emptied", "no RECORD", "empty RECORD", "garbage", "cut RECORD", "no METADATA", "empty", "gone"],
)
def test_damage_is_named(site_packages, damage, line):
    damage(site_packages)
    found = verify(site_packages, WANTED)
    assert any(item.startswith(line) for item in found), found
    assert not any(item.startswith("two-words") for item in found), found


def test_a_change_of_the_same_size_shows_when_looked_at_deeply(site_packages):
    text = (site_packages / "alpha.py").read_bytes()
    (site_packages / "alpha.py").write_bytes(text.replace(b"1.0", b"6.6"))
    assert verify(site_packages, WANTED) == []
    assert verify(site_packages, WANTED, deep=True) == ["alpha: alpha.py was changed"]


def test_what_is_not_in_the_lock_is_named(site_packages):
    assert verify(site_packages, {"alpha": "1.0"}) == ["two-words is installed but not in the lock"]
    assert verify(site_packages, {**WANTED, "alpha": "2.0"}) == ["alpha is 1.0, not 2.0"]


def test_a_torn_upgrade_shows(site_packages, tmp_path):
    unpack(tmp_path, make_wheel(tmp_path / "wheels", "alpha", "2.0"))
    assert "alpha is installed twice" in verify(site_packages, WANTED)


def test_names_are_compared_normalized(tmp_path):
    unpack(tmp_path, make_wheel(tmp_path / "wheels", "Some.Name", "1.0"))
    assert verify(tmp_path / "site-packages", {"some-name": "1.0"}) == []


def test_rows_without_a_size_are_trusted(site_packages):
    record = site_packages / "alpha-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text() + "alpha.pyc,,\n\nodd,row\n")
    assert verify(site_packages, WANTED, deep=True) == []
