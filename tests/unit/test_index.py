"""Indexes: what is one, and where its credentials go."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from isolated_environment import Index
from isolated_environment.errors import InvalidIndexError
from isolated_environment.index import Credentials, join_credentials, split_credentials


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://host/simple", "https://host/simple"),
        ("  https://host/simple/ ", "https://host/simple"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/simple", "http://[::1]:8080/simple"),
        ("file:///srv/simple", "file:///srv/simple"),
    ],
)
def test_urls(given: str, url: str) -> None:
    assert Index(given).url == url


def test_directories_become_urls_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my simple").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    url = (tmp_path / "my simple").as_uri()
    assert [Index(given).url for given in ("my simple", Path("my simple"), tmp_path / "my simple", "~/my simple")] == [
        url
    ] * 4


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "nowhere",
        "/nowhere/at/all",
        "ftp://host/simple",
        "git+https://host/simple",
        "https://",
        "https:///simple",
        "https://[host/simple",
        "https://host:port/simple",
        "https://host/simple?token=x",
        "https://host/simple#part",
        "https://host/simple https://other/simple",
        "https://host/simple\n--extra-index-url https://other",
        "https://host/\0",
        "--index-url=https://host/simple",
    ],
)
def test_what_is_no_index_is_refused(given: str) -> None:
    with pytest.raises(InvalidIndexError) as caught:
        Index(given)
    assert caught.value.hint
    assert caught.value.url == given.strip()


def test_projects_are_normalized_sorted_and_each_once() -> None:
    assert Index("https://host", ["Zope.Interface", "numpy", "NumPy"]).projects == ("numpy", "zope-interface")
    assert Index("https://host", "torch").projects == ("torch",), "one name is not seven letters"
    given = ["b", "a"]
    Index("https://host", given)
    assert given == ["b", "a"]


@pytest.mark.parametrize("name", ["torch==2.0", "torch[cuda]", "", "a b", "-r", "a/b"])
def test_what_is_no_project_s_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidIndexError, match="projects="):
        Index("https://host", [name])


def test_credentials_are_kept_apart_and_never_shown() -> None:
    index = Index("https://us%40er:pa%2Fss@host/simple/", ["a"])
    assert index.url == "https://host/simple"
    assert index.credentials == Credentials("us@er", "pa/ss")
    assert "pa" not in repr(index)
    assert "ss" not in repr(index.credentials)
    assert index == Index("https://host/simple", ["a"]), "they take no part in comparisons"
    assert index.credentials is not None
    assert index.credentials.secrets() == ("pa/ss", "pa%2Fss")
    assert Credentials("token", "").secrets() == ("token",), "a token alone stands in the user's place"


def test_credentials_may_be_given_beside_the_url_which_comes_first() -> None:
    own, beside = Credentials("a", "b"), Credentials("c", "d")
    assert Index("https://host", credentials=beside).credentials == beside
    assert Index("https://a:b@host", credentials=beside).credentials == own


def test_an_error_about_an_index_does_not_show_its_credentials() -> None:
    with pytest.raises(InvalidIndexError) as caught:
        Index("https://user:word@host/simple?x=1")
    assert "word" not in caught.value.diagnostics() + repr(caught.value)


def test_more_projects_keep_everything_else() -> None:
    index = Index("https://u:w@host", ["b"], default=True).for_projects(["A", "b"])
    assert (index.projects, index.default, index.credentials) == (("a", "b"), True, Credentials("u", "w"))


def test_the_label_tells_urls_apart_and_holds_nothing_of_them() -> None:
    labels = {Index(url).label for url in ("https://a/simple", "https://b/simple", "https://u:w@a/simple")}
    assert len(labels) == 2
    assert all(label.startswith("index-") and label[6:].isalnum() for label in labels)


def test_an_index_is_a_value() -> None:
    index = Index("https://u:w@host", ["a"])
    assert hash(index) == hash(Index("https://host", ["A"]))
    assert pickle.loads(pickle.dumps(index)).credentials == index.credentials
    with pytest.raises(AttributeError):
        index.url = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "clean", "credentials"),
    [
        ("https://u:w@h/x", "https://h/x", ("u", "w")),
        ("https://u@h/x", "https://h/x", ("u", "")),
        ("https://u:w:x@h", "https://h", ("u", "w:x")),
        ("https://u:w@v@h", "https://h", ("u", "w@v")),
        ("git+https://u:w@h/r.git@v1#egg=x", "git+https://h/r.git@v1#egg=x", ("u", "w")),
        ("git+ssh://git@h/r.git", "git+ssh://git@h/r.git", None),
        ("https://h/@x", "https://h/@x", None),
        ("file:///a@b/c", "file:///a@b/c", None),
    ],
)
def test_credentials_are_split_off(url: str, clean: str, credentials: tuple[str, str] | None) -> None:
    assert split_credentials(url) == (clean, Credentials(*credentials) if credentials else None)


def test_placeholders_take_the_place_of_credentials() -> None:
    assert join_credentials("https://h:80/x", "${A}", "${B}") == "https://${A}:${B}@h:80/x"
