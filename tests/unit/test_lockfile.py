"""The lock (PEP 751): read for one interpreter, written canonically, told apart by what would be installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.tags import Tag

from isolated_environment.errors import InvalidLockError
from isolated_environment.host import markers_of
from isolated_environment.lockfile import (
    EMPTY_LOCK,
    Target,
    artifact_of,
    load_lock,
    parse_lock,
    restrict_hashes,
)

ZEROS, ONES = "0" * 64, "1" * 64
TARGET = Target(markers_of("3.11.4"), (Tag("cp311", "cp311", "linux_x86_64"), Tag("py3", "none", "any")))


def lock_text(*packages: str) -> str:
    return "\n".join(['lock-version = "1.0"', 'created-by = "test"', *packages])


def wheel(name: str, version: str, tag: str = "py3-none-any", sha256: str = ZEROS, **extra: str) -> str:
    more = "".join(f"{key} = {value!r}\n" for key, value in extra.items())
    return (
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}'
        f'[[packages.wheels]]\nurl = "https://h/{name}-{version}-{tag}.whl"\n'
        f'hashes = {{ sha256 = "{sha256}" }}\nsize = 100\n'
    )


def sdist(name: str, version: str, sha256: str = ONES) -> str:
    return f'sdist = {{ url = "https://h/{name}-{version}.tar.gz", hashes = {{ sha256 = "{sha256}" }} }}\n'


def parsed(*packages: str, origin: str = "/x/pylock.toml", **options: Any):
    return parse_lock(lock_text(*packages), TARGET, origin=origin, **options)


def test_one_artifact_a_package_the_best_for_the_target() -> None:
    both = wheel("a", "1.0") + (
        f'[[packages.wheels]]\nurl = "https://h/a-1.0-cp311-cp311-linux_x86_64.whl"\nhashes = {{ sha256 = "{ONES}" }}\n'
    )
    lock = parsed(both, wheel("b", "2.0"))
    assert lock.versions == {"a": "1.0", "b": "2.0"}
    artifact = artifact_of(lock.packages[0])
    assert getattr(artifact, "url", None) == "https://h/a-1.0-cp311-cp311-linux_x86_64.whl"
    assert lock.sizes == {"a": None, "b": 100}, "the index told one size"


def test_markers_choose_packages() -> None:
    lock = parsed(
        wheel("a", "1.0", marker="python_version < '3.8'"),
        wheel("b", "1.0", marker="python_version >= '3.8'"),
    )
    assert lock.versions == {"b": "1.0"}


@pytest.mark.parametrize(
    ("sources", "kind"), [((), "wheels"), (("a",), "sdist"), ((":all:",), "sdist"), (("b",), "wheels")]
)
def test_projects_that_are_built_from_source(sources: tuple[str, ...], kind: str) -> None:
    text = wheel("a", "1.0").replace("[[packages.wheels]]", sdist("a", "1.0") + "[[packages.wheels]]")
    (package,) = parsed(text, prefer_sdist=sources).packages
    assert getattr(package, kind)


def test_credentials_leave_and_paths_become_absolute() -> None:
    archive = f'[[packages]]\nname = "c"\n[packages.archive]\npath = "c-1.zip"\nhashes = {{ sha256 = "{ZEROS}" }}\n'
    directory = '[[packages]]\nname = "d"\n[packages.directory]\npath = "../d"\neditable = true\n'
    lock = parsed(wheel("a", "1.0").replace("//h", "//u:word@h"), archive, directory)
    assert "word" not in lock.text
    assert "https://h/a-1.0" in lock.text
    assert artifact_of(lock.packages[1]).path == "/x/c-1.zip"
    assert artifact_of(lock.packages[2]).path == "/x/../d"
    assert lock.versions == {"a": "1.0", "c": None, "d": None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml [",
        "a = 1",
        'lock-version = "2.0"\ncreated-by = "x"\npackages = []',
        lock_text('[[packages]]\nname = "A B"\n'),
        lock_text(wheel("a", "1.0").replace(f'"{ZEROS}"', "3")),
        lock_text(wheel("a", "1.0").split("hashes")[0]),
        lock_text(wheel("a", "1.0", tag="cp27-cp27m-win32")),
        lock_text(wheel("a", "1.0"), wheel("a", "2.0")),
        lock_text('[[packages]]\nname = "a"\nversion = "1"\n'),
        lock_text(wheel("a", "1.0").replace("https://h/", "https://h/\\n--index-url https://evil/")),
        'requires-python = ">=3.99"\n' + lock_text("packages = []"),
    ],
)
def test_what_cannot_be_used_here_is_an_error_that_says_where_it_came_from(text: str) -> None:
    with pytest.raises(InvalidLockError, match=r"/x/pylock\.toml") as caught:
        parse_lock(text, TARGET, origin="/x/pylock.toml")
    assert caught.value.path == "/x/pylock.toml"
    assert caught.value.hint


def test_the_text_reads_as_the_same_lock_without_what_would_not_be_installed() -> None:
    lock = parsed(wheel("b", "2.0"), wheel("a", "1.0"), wheel("c", "1.0", marker="sys_platform == 'none'"))
    again = load_lock(lock.text)
    assert again is not None
    assert (again.digest, again.versions, again.text) == (lock.digest, lock.versions, lock.text)
    assert "marker" not in lock.text
    assert lock.text.index('name = "a"') < lock.text.index('name = "b"'), "sorted, so that two writers agree"
    for garbage in ("", "[", "a = 1"):
        assert load_lock(garbage) is None


def test_the_digest_sees_what_would_be_installed_and_nothing_else() -> None:
    lock = parsed(wheel("a", "1.0"), wheel("b", "1.0"))
    assert parsed(wheel("b", "1.0"), wheel("a", "1.0")).digest == lock.digest, "not the order"
    assert parsed(wheel("a", "1.0").replace("//h", "//mirror"), wheel("b", "1.0")).digest == lock.digest, "not the host"
    assert parsed(wheel("a", "1.0")).digest != lock.digest
    assert parsed(wheel("a", "1.1"), wheel("b", "1.0")).digest != lock.digest
    assert parsed(wheel("a", "1.0", sha256=ONES), wheel("b", "1.0")).digest != lock.digest


def test_the_empty_lock() -> None:
    assert (EMPTY_LOCK.versions, EMPTY_LOCK.sizes) == ({}, {})
    assert parsed("packages = []").digest == EMPTY_LOCK.digest


def test_hashes_that_the_request_allows() -> None:
    lock = parsed(wheel("a", "1.0"), wheel("b", "1.0", sha256=ONES))
    assert restrict_hashes(lock, {}) == []
    assert restrict_hashes(lock, {"a": (f"sha256:{ONES}", f"sha256:{ZEROS}"), "z": ("sha256:0",)}) == []
    assert restrict_hashes(lock, {"a": (f"sha256:{ONES}",)}) == ["a 1.0: its file has none of the hashes asked for"]


def test_a_package_without_an_artifact_is_no_package() -> None:
    from packaging.pylock import Package

    with pytest.raises(ValueError, match="a has no artifact"):
        artifact_of(Package(name="a"))  # type: ignore[arg-type]


def test_relative_origins_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lock = parsed('[[packages]]\nname = "d"\ndirectory = { path = "d" }\n', origin="pylock.toml")
    assert artifact_of(lock.packages[0]).path == str(tmp_path / "d")
