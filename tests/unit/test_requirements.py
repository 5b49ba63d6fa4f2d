"""Requirements: every form of PEP 508 and PEP 440 is read, and everything else is refused with the right word."""

from __future__ import annotations

import pytest

from isolated_environment.errors import InvalidRequirementError
from isolated_environment.requirements import Requirement, parse, parse_constraint

HEX = "0" * 64


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("numpy", "numpy"),
        ("  numpy  ", "numpy"),
        ("NumPy", "numpy"),
        ("Zope.Interface", "zope-interface"),
        ("a__b-.c", "a-b-c"),
        ("A9", "a9"),
        ("numpy==1.0", "numpy==1.0"),
        ("numpy == 1.0", "numpy==1.0"),
        ("numpy (>=1.0)", "numpy>=1.0"),
        ("numpy>=1,<2", "numpy<2,>=1"),
        ("numpy <2 , >=1", "numpy<2,>=1"),
        ("numpy\t<2", "numpy<2"),
        ("numpy~=1.4.2", "numpy~=1.4.2"),
        ("numpy!=1.5.*", "numpy!=1.5.*"),
        ("numpy==1.*", "numpy==1.*"),
        ("numpy>1", "numpy>1"),
        ("numpy<=2", "numpy<=2"),
        ("numpy===1.0-weird", "numpy===1.0-weird"),
        ("openai-whisper==20231117", "openai-whisper==20231117"),
        ("torch==2.1.2+cu121", "torch==2.1.2+cu121"),
        ("six==1.0rc1", "six==1.0rc1"),
        ("six>=1.0.dev3", "six>=1.0.dev3"),
        ("six==1!2.0.post1", "six==1!2.0.post1"),
        ("six==v1.0", "six==v1.0"),
        ("six[b,A]", "six[a,b]"),
        ("six[b, a_c]>=1", "six[a-c,b]>=1"),
        ("six[]", "six"),
        ("six; python_version<'3.12'", 'six ; python_version < "3.12"'),
        ("six>=1 ; os_name == 'posix' and extra == 'x'", 'six>=1 ; os_name == "posix" and extra == "x"'),
        (
            "six ; (sys_platform=='linux' or sys_platform=='darwin') and python_version in '3.10 3.11'",
            'six ; (sys_platform == "linux" or sys_platform == "darwin") and python_version in "3.10 3.11"',
        ),
        ("six; platform_version == '--pre -r x'", 'six ; platform_version == "--pre -r x"'),
    ],
)
def test_named_requirements(text: str, canonical: str) -> None:
    found = parse(text)
    assert found.text == canonical
    assert found.identity == found.name
    assert found.raw == text.strip()
    assert (found.url, found.local, found.editable, found.hashes) == (None, None, False, ())
    assert parse(canonical).text == canonical


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("a==1.0", "1.0"),
        ("a===x", "x"),
        ("a>=0,==1.0", "1.0"),
        ("a==1.*", None),
        ("a>=1", None),
        ("a", None),
        ("a==1+cu1", "1+cu1"),
    ],
)
def test_exact_pins(text: str, pin: str | None) -> None:
    assert parse(text).pin == pin


@pytest.mark.parametrize(
    ("text", "canonical", "name"),
    [
        ("a @ https://h/a-1.0.zip", "a @ https://h/a-1.0.zip", "a"),
        ("a@https://h/a-1.0.zip", "a @ https://h/a-1.0.zip", "a"),
        ("A[y,x] @ https://h/x ; os_name=='nt'", 'a[x,y] @ https://h/x ; os_name == "nt"', "a"),
        (f"a @ https://h/x.whl#sha256={HEX}", f"a @ https://h/x.whl#sha256={HEX}", "a"),
        ("https://h/foo_bar-1.0-py3-none-any.whl", "foo-bar @ https://h/foo_bar-1.0-py3-none-any.whl", "foo-bar"),
        ("https://h/Foo-1.0.tar.gz", "foo @ https://h/Foo-1.0.tar.gz", "foo"),
        ("https://h/x%2B-1.0.zip?y=1", "https://h/x%2B-1.0.zip?y=1", None),
        ("https://h/download", "https://h/download", None),
        ("git+https://h/r.git@v1.0", "git+https://h/r.git@v1.0", None),
        ("git+https://h/r.git@v1#egg=My_R", "my-r @ git+https://h/r.git@v1#egg=My_R", "my-r"),
        ("git+ssh://git@h/r.git", "git+ssh://git@h/r.git", None),
        ("r @ git+ssh://git@h/r.git@main", "r @ git+ssh://git@h/r.git@main", "r"),
        ("r @ git+file:///srv/r", "r @ git+file:///srv/r", "r"),
        ("r @ git+https://h/r#subdirectory=x/y", "r @ git+https://h/r#subdirectory=x/y", "r"),
        ("hg+static-http://h/r", "hg+static-http://h/r", None),
        ("HTTPS://h/a-1.0.zip", "a @ HTTPS://h/a-1.0.zip", "a"),
    ],
)
def test_direct_references(text: str, canonical: str, name: str | None) -> None:
    found = parse(text)
    assert (found.text, found.name, found.local) == (canonical, name, None)
    assert found.identity == (name or canonical)
    assert parse(canonical).text == canonical


def test_credentials_leave_the_text_at_once() -> None:
    for text in ("a @ https://user:word@h/a-1.0.zip", "https://user:word@h/a-1.0.zip"):
        found = parse(text)
        assert found.text == "a @ https://h/a-1.0.zip"
        assert "word" not in repr(found)
        assert found.credentials is not None
        assert found.credentials.password == "word"
        assert found == parse("a @ https://h/a-1.0.zip"), "credentials take no part in comparisons"


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("-r requirements.txt", "requirements=Path(...)"),
        ("-rrequirements.txt", "requirements=Path(...)"),
        ("--requirement=requirements.txt", "requirements=Path(...)"),
        ("-c limits.txt", "constraints="),
        ("-e .", "requirements= (a text with a line `-e PATH`)"),
        ("--index-url https://evil", "index="),
        ("-i https://evil", "index="),
        ("-ihttps://evil", "index="),
        ("--extra-index-url=https://evil", "index="),
        ("six --index-url https://evil", "index="),
        ("six==1.0 --extra-index-url https://evil", "index="),
        ("six\t--index-url=https://evil", "index="),
        ("six ; python_version > '3' --index-url https://evil", "index="),
        ("six @ https://h/x.zip --index-url https://evil", "index="),
        (f"six --hash=sha256:{HEX}", "requirements= (a text with a line `NAME==VERSION --hash=sha256:…`)"),
        ("--target /x six", "path"),
        ("--python 3.9 six", "python="),
        ("-U six", "upgrade=True"),
        ("--pre six", "options="),
        ("--no-deps six", None),
        ("six -- evil --user", "path"),
        ("./nowhere -r x", "requirements=Path(...)"),
        ("six --find-links ./wheels", "options="),
        ("requirements.txt", "requirements=Path(...)"),
        ("requirements.in", "requirements=Path(...)"),
        ("pylock.toml", "pylock=, or requirements= with the project's directory"),
    ],
)
def test_what_an_installer_would_take_as_an_option_is_refused(text: str, parameter: str | None) -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        parse(text)
    assert caught.value.parameter == parameter
    assert (parameter or "there is no parameter for it") in str(caught.value)


@pytest.mark.parametrize(
    "char", ["\n", "\r", "\0", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\udc80"]
)
@pytest.mark.parametrize("form", ["six{}evil", "six{}--index-url https://evil", "six @ https://h/x{}evil", "./x{}y"])
def test_a_requirement_is_one_line(char: str, form: str) -> None:
    with pytest.raises(InvalidRequirementError, match="one line"):
        parse(form.format(char))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "--",
        "six -- evil",
        "six evil",
        "six==",
        "six=1.0",
        "six>=1,<",
        "six==1.0==",
        "six>=abc",
        "==1.0",
        "_six",
        "six-",
        "six[",
        "six[a b]",
        "six; nonsense == 'x'",
        "six; python_version",
        "six @ x",
        "six @ ",
        "six @ ftp://h/x",
        "six @ https://",
        "six @ https://[h/x",
        "https://[h/x",
        "https:///x",
        "https://h/a b.whl",
        "https://h/a.whl ; os_name=='nt'",
        "git+https:///r",
        "ftp://h/x",
        "git@h:r.git",
        "$(touch x)",
        "six; rm -rf x",
        "`id`",
        "six|id",
        "six&&id",
        "été",
    ],
)
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        parse(text)
    assert caught.value.hint
    assert caught.value.requirement in text.strip()


def test_an_error_does_not_show_credentials() -> None:
    for text in ("six @ https://user:word@[h/x", "https://user:word@h/x y", "six six @ https://user:word@h/x"):
        with pytest.raises(InvalidRequirementError) as caught:
            parse(text)
        assert "word@" not in caught.value.diagnostics()


@pytest.mark.parametrize("text", ["numpy<2", "NumPy", "a @ https://h/a-1.0.zip", "a==1; os_name=='posix'"])
def test_constraints(text: str) -> None:
    assert parse_constraint(text) == parse(text)


@pytest.mark.parametrize("text", ["a[x]<2", "https://h/download", "a[x] @ https://h/a-1.0.zip"])
def test_what_limits_nothing_is_no_constraint(text: str) -> None:
    with pytest.raises(InvalidRequirementError, match="a constraint names one project") as caught:
        parse_constraint(text)
    assert caught.value.parameter == "constraints="


def test_two_are_equal_when_their_texts_are() -> None:
    assert parse("NumPy >= 1") == parse("numpy>=1")
    assert len({parse("NumPy >= 1"), parse("numpy>=1")}) == 1
    assert parse("numpy>=1") != parse("numpy>=2")
    assert isinstance(parse("six"), Requirement)
