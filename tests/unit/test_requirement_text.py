"""Requirements texts and files: what pip reads is read the same; what would redirect is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from isolated_environment.errors import InvalidOptionError, InvalidRequirementError
from isolated_environment.requirement_text import RequirementText, read_file, read_text
from isolated_environment.testing.wheels import make_wheel
from tests.support.wheels import make_project

ZEROS, ONES = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"


def texts(found: RequirementText) -> list[str]:
    return [item.text for item in found.requirements]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\n  \n", []),
        ("# only a comment", []),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("  a  \n\tb", ["a", "b"]),
        ("a # comment\n#b\n  # c", ["a"]),
        ("a\t# comment", ["a"]),
        ("a==1#egg", None),
        ("a @ https://h/x#egg=a # comment", ["a @ https://h/x#egg=a"]),
        ("alp\\\nha", ["alpha"]),
        ("alpha\\\n>=1", ["alpha>=1"]),
        ("a; \\\n python_version > '3'\nb", ['a ; python_version > "3"', "b"]),
        ("# comment \\\nb", ["b"]),
        ("a # comment \\\nb", ["a"]),
        ("a\\", ["a"]),
        ("a; python_version == '3.9' # x", ['a ; python_version == "3.9"']),
        ('a; python_version == "3.9"', ['a ; python_version == "3.9"']),
        ("\ufeffa", None),
    ],
)
def test_lines(text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(InvalidRequirementError):
            read_text(text)
    else:
        assert texts(read_text(text)) == expected


def test_hashes_belong_to_their_line_in_any_case_each_once() -> None:
    found = read_text(
        f"a==1 --hash={ONES} \\\n  --hash={ZEROS} --hash={ONES}\nb==2 --hash {ZEROS.replace('0', 'A')}\nc"
    )
    assert [item.hashes for item in found.requirements] == [(ZEROS, ONES), (ZEROS.replace("0", "a"),), ()]
    assert texts(found) == ["a==1", "b==2", "c"]


@pytest.mark.parametrize("given", ["sha256:12", "md5:" + "0" * 32, "0" * 64, f"{ZEROS}0", "sha256:" + "x" * 64])
def test_what_is_no_hash_is_refused_before_anything_is_asked(given: str) -> None:
    with pytest.raises(InvalidRequirementError, match="--hash takes"):
        read_text(f"a==1 --hash={given}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--pre", ("--pre",)),
        ("--no-binary a,b", ("--no-binary=a", "--no-binary=b")),
        ("--no-binary=:all:", ("--no-binary=:all:",)),
        ("--only-binary = A", ("--only-binary=a",)),
        ("--config-settings k=v", ("--config-settings=k=v",)),
        ("--config-settings 'k=two words'", ("--config-settings=k=two words",)),
        ("-C k=v", ("--config-settings=k=v",)),
        ("-Ck=v", ("--config-settings=k=v",)),
    ],
)
def test_options_that_select(line: str, words: tuple[str, ...]) -> None:
    assert read_text(f"a\n{line}\n").options.words == words


@pytest.mark.parametrize(
    ("line", "parameter"),
    [
        ("-i https://evil", "index="),
        ("-ihttps://evil", "index="),
        ("--index-url https://evil", "index="),
        ("--index-url=https://evil", "index="),
        ("--extra-index-url https://evil", "index="),
        ("--no-index", "options="),
        ("-f ./wheels", "options="),
        ("--find-links=./wheels", "options="),
        ("--trusted-host evil", "PIP_TRUSTED_HOST"),
        ("--target /x", "path"),
        ("--require-hashes", None),
        ("--prefer-binary", None),
        ("--use-feature=x", None),
        ("-r", "requirements=Path(...)"),
        ("-e", "requirements= (a text with a line `-e PATH`)"),
        ("--", None),
        ("-", None),
    ],
)
def test_options_that_redirect_or_are_unknown_are_refused(line: str, parameter: str | None) -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        read_text(f"a\n{line}")
    assert caught.value.parameter == parameter
    assert caught.value.requirement == line
    assert (parameter or "there is no parameter") in (caught.value.hint or "")


@pytest.mark.parametrize("line", ["a --index-url https://evil", f"a==1 --hash={ZEROS} --index-url https://evil"])
def test_an_option_after_a_requirement_is_refused(line: str) -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        read_text(line)
    assert caught.value.parameter == "index="


def test_a_bad_value_of_an_option_is_refused() -> None:
    with pytest.raises(InvalidOptionError):
        read_text("--no-binary --index-url=https://evil")


def test_credentials_in_a_refused_line_are_not_shown() -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        read_text("--index-url https://user:word@h")
    assert "word@" not in caught.value.diagnostics()


def test_files_nest_relative_to_themselves(tmp_path: Path) -> None:
    make_wheel(tmp_path / "sub", "one", "1.0")
    make_project(tmp_path / "sub" / "two", "two", "1.0")
    (tmp_path / "sub" / "more.txt").write_text("./one-1.0-py3-none-any.whl\n-e two[x]\nthree @ ./two\n-c limits.txt\n")
    (tmp_path / "sub" / "limits.txt").write_text("four<2\n-c more-limits.txt\n--pre\n")
    (tmp_path / "sub" / "more-limits.txt").write_text("five<2")
    (tmp_path / "all.txt").write_text("zero\n-r sub/more.txt\n--requirement='sub/my file.txt'\n-rsub/glued.txt\n")
    (tmp_path / "sub" / "my file.txt").write_text("seven\n--no-binary seven")
    (tmp_path / "sub" / "glued.txt").write_text("eight")
    found = read_file(tmp_path / "all.txt")
    url = (tmp_path / "sub").as_uri()
    assert texts(found) == [
        "zero",
        f"one @ {url}/one-1.0-py3-none-any.whl",
        f"two[x] @ {url}/two",
        f"three @ {url}/two",
        "seven",
        "eight",
    ]
    assert [item.editable for item in found.requirements] == [False, False, True, False, False, False]
    assert [item.text for item in found.constraints] == ["four<2", "five<2"]
    assert found.options.words == ("--no-binary=seven",), "options of a constraints file select nothing"


@pytest.mark.parametrize(
    "value", ["one", "https://h/one.zip", "git+https://h/r.git#egg=one", "one-1.0-py3-none-any.whl"]
)
def test_only_a_directory_can_be_edited(tmp_path: Path, value: str) -> None:
    make_wheel(tmp_path, "one", "1.0")
    with pytest.raises(InvalidRequirementError):
        read_text(f"-e {value}", base=tmp_path)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("-e ./two", "-e {url}"),
        ("-e two[y,x]", "-e {url}[x,y]"),
        ("--editable=./two", "-e {url}"),
        ("-e 'name @ {url}'", "-e {url}"),
        ("two/", "two @ {url}"),
        ("two/[x]", "two[x] @ {url}"),
    ],
)
def test_the_line_that_asks_for_a_requirement_again(tmp_path: Path, given: str, line: str) -> None:
    project = make_project(tmp_path / "two", "two", "1.0")
    (found,) = read_text(given.format(url=project.as_uri()), base=tmp_path).requirements
    assert found.line == line.format(url=project.as_uri())
    assert read_text(found.line).requirements[0].line == found.line


def test_a_project_without_a_name_keeps_its_extras_when_edited(tmp_path: Path) -> None:
    (tmp_path / "old[1]").mkdir()
    (tmp_path / "old[1]" / "setup.py").touch()
    (found,) = read_text("-e old[1][dev]", base=tmp_path).requirements
    assert found.line == f"-e {(tmp_path / 'old[1]').as_uri()}[dev]"


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_bytes(b"\xef\xbb\xbfalpha\n# \xc3\xa9\n")
    assert texts(read_file(tmp_path / "r.txt")) == ["alpha"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"# \xe9\n")
    (tmp_path / "outer.txt").write_text("-r missing.txt")
    for name in ("nowhere.txt", "latin.txt", "outer.txt", "."):
        with pytest.raises(InvalidRequirementError, match="cannot read the requirements file"):
            read_file(tmp_path / name)


def test_a_circle_of_files_ends_in_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n-r b.txt")
    (tmp_path / "b.txt").write_text("-r a.txt")
    with pytest.raises(InvalidRequirementError, match="nest deeper than 16") as caught:
        read_file(tmp_path / "a.txt")
    assert caught.value.hint == "remove the circle"


def test_a_constraints_file_names_projects_only(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("a[x]<2")
    with pytest.raises(InvalidRequirementError, match="without extras"):
        read_text("-c c.txt", base=tmp_path)


def test_what_two_texts_say_is_joined_in_order() -> None:
    both = read_text("b\n--pre").joined(read_text("a\n--no-binary a"))
    assert texts(both) == ["b", "a"]
    assert both.options.words == ("--no-binary=a", "--pre")
