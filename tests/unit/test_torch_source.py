"""Reading where PyTorch is to come from."""

from __future__ import annotations

import pytest

from isolated_environment import Index
from isolated_environment.errors import InvalidIndexError
from isolated_environment.torch_source import BASE_URL, TorchSource, read_backend, read_torch_source


@pytest.mark.parametrize(
    ("given", "channel", "base"),
    [
        ("cu121", "cu121", None),
        (" cpu ", "cpu", None),
        ("auto", "auto", None),
        ("rocm6.2.4", "rocm6.2.4", None),
        (f"{BASE_URL}/cu121", "cu121", None),
        (f"{BASE_URL}/cu121/", "cu121", None),
        (f"{BASE_URL}/nightly/cu128", "cu128", f"{BASE_URL}/nightly"),
        ("https://mirror.example/pytorch/xpu", "xpu", "https://mirror.example/pytorch"),
        ("http://127.0.0.1:8080/whl/rocm7.14", "rocm7.14", "http://127.0.0.1:8080/whl"),
    ],
)
def test_what_names_a_channel(given, channel, base):
    assert read_torch_source(given) == TorchSource(channel, base)


@pytest.mark.parametrize(
    "given",
    [
        None,
        5,
        "torch",
        "cu1",
        "https://mirror.example/simple",
        "https://mirror.example/whl/auto",
        "https://mirror.example/whl/cu121/torch",
        "https://mirror.example/cu121?x=1",
        "ssh://host/cu121",
        "some/directory/cu121",
        Index("https://mirror.example/cu121", ["a"]),
    ],
)
def test_what_names_none(given):
    assert read_torch_source(given) is None


@pytest.mark.parametrize("url", [BASE_URL, f"{BASE_URL}/", f"{BASE_URL}/nightly", f"{BASE_URL}/test"])
def test_the_root_of_the_public_index_is_refused(url):
    """It lists every build, and the label that sorts last would win: ``+xpu``."""
    with pytest.raises(InvalidIndexError, match="names no channel") as caught:
        read_torch_source(url)
    assert "/cu126" in caught.value.hint


def test_a_directory_by_its_url(tmp_path):
    (tmp_path / "cu121").mkdir()
    assert read_torch_source((tmp_path / "cu121").as_uri()) == TorchSource("cu121", tmp_path.as_uri())


def test_credentials_stay_with_their_host():
    """Those for the public host must not reach the mirror that a setting names."""
    source = read_torch_source("https://user:pass@mirror.example/whl/cu121")
    assert source is not None
    assert source.base_url == "https://mirror.example/whl"
    assert source.credentials is not None
    public = read_torch_source(BASE_URL.replace("://", "://user:pass@") + "/cu121")
    assert public is not None
    assert public.base_url == BASE_URL


def test_credentials_make_no_other_request():
    """Else a program that gives them again would build anew at every start: the record has none."""
    source = TorchSource("cpu", "https://user:pass@mirror.example/whl")
    assert source == TorchSource.from_record(source.record())
    assert hash(source) == hash(TorchSource.from_record(source.record()))
    assert "pass" not in str(source.record())


@pytest.mark.parametrize(
    ("text", "channel"),
    [(None, None), ("", None), ("auto", None), (" AUTO ", None), ("cpu", "cpu"), ("CU126", "cu126"), ("mps", "mps")],
)
def test_the_user_s_variable(text, channel):
    assert read_backend(text) == channel


@pytest.mark.parametrize("text", ["gpu", "cuda", "cu1", "../cpu", "cu126 cu128"])
def test_the_user_s_variable_with_nonsense(text):
    with pytest.raises(InvalidIndexError, match="ISOLATED_ENVIRONMENT_TORCH_BACKEND"):
        read_backend(text)
