"""Requirements that name local files and directories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isolated_environment.errors import InvalidRequirementError
from isolated_environment.requirements import parse
from isolated_environment.testing.wheels import make_wheel
from tests.support.wheels import make_project


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with one of each local kind; the working directory."""
    make_wheel(tmp_path / "dist", "one-two", "1.0")
    make_project(tmp_path / "project", "Pro.Ject", "1.0")
    (tmp_path / "legacy").mkdir()
    (tmp_path / "legacy" / "setup.py").touch()
    (tmp_path / "thing-2.0.tar.gz").touch()
    (tmp_path / "with blank -r").mkdir()
    make_project(tmp_path / "with blank -r" / "p[1]", "brackets", "1.0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "text", "local"),
    [
        ("dist/one_two-1.0-py3-none-any.whl", "one-two @ {}", "dist/one_two-1.0-py3-none-any.whl"),
        ("./dist/one_two-1.0-py3-none-any.whl[b, A]", "one-two[a,b] @ {}", "dist/one_two-1.0-py3-none-any.whl"),
        ("./dist/../thing-2.0.tar.gz", "thing @ {}", "thing-2.0.tar.gz"),
        ("thing-2.0.tar.gz", "thing @ {}", "thing-2.0.tar.gz"),
        ("~/project", "pro-ject @ {}", "project"),
        ("project/", "pro-ject @ {}", "project"),
        ("./project[dev]", "pro-ject[dev] @ {}", "project"),
        ("./legacy", "{}", "legacy"),
        ("./legacy[dev]", "{}[dev]", "legacy"),
        ("./with blank -r/p[1]", "brackets @ {}", "with blank -r/p[1]"),
        ("pro-ject @ ./project", "pro-ject @ {}", "project"),
        ("other[x] @ ./legacy ; os_name=='posix'", 'other[x] @ {} ; os_name == "posix"', "legacy"),
    ],
)
def test_local_files_and_directories(files: Path, given: str, text: str, local: str) -> None:
    found = parse(given)
    assert found.text == text.format((files / local).as_uri())
    assert found.local == str(files / local)
    assert parse(found.text) == found
    os.chdir("/")
    assert parse(given, base=files) == found, "relative to a requirements file"


def test_paths_and_file_urls(files: Path) -> None:
    wheel = files / "dist" / "one_two-1.0-py3-none-any.whl"
    expected = parse(str(wheel))
    assert parse(wheel) == expected
    assert parse(wheel.relative_to(files)) == expected
    assert parse(wheel.as_uri()) == expected
    assert parse(f"one_two @ {wheel.as_uri()}") == expected
    assert parse(f"{wheel.as_uri()}[x]").text == f"one-two[x] @ {wheel.as_uri()}"
    source = (files / "thing-2.0.tar.gz").as_uri()
    assert parse(f"thing @ {source}#subdirectory=x").url == f"{source}#subdirectory=x"
    assert parse(f"{(files / 'legacy').as_uri()}#egg=Old").name == "old"


def test_a_link_in_a_path_is_kept(files: Path) -> None:
    (files / "link").symlink_to("project")
    assert parse("./link").local == str(files / "link")


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ("./nowhere", None),
        ("nowhere/x.whl", None),
        ("./missing.whl[x]", None),
        ("file:///nowhere/x.whl", None),
        ("x @ file:///nowhere/x.whl", None),
        ("./empty", None),
        ("./text.txt", "requirements=Path(...)"),
        ("./pylock.toml", "pylock=, or requirements= with the project's directory"),
        ("./unknown.exe", None),
    ],
)
def test_local_things_that_cannot_be_installed(files: Path, given: str, parameter: str | None) -> None:
    (files / "empty").mkdir()
    for name in ("text.txt", "pylock.toml", "unknown.exe"):
        (files / name).touch()
    with pytest.raises(InvalidRequirementError) as caught:
        parse(given)
    assert caught.value.parameter == parameter
    assert caught.value.requirement
    assert Path(given).name.removesuffix("[x]") in caught.value.message
