"""``TorchIndex``: what an application says."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from isolated_environment import TorchIndex
from isolated_environment.errors import InvalidIndexError
from isolated_environment.torch_index.request import machine_cache
from isolated_environment.torch_source import TorchSource
from tests.support.machines import H100


def test_a_channel_and_auto():
    assert TorchIndex("cu121").channel == "cu121"
    assert TorchIndex.auto().channel == "auto"
    assert TorchIndex.auto(on_unusable_gpu="cpu").on_unusable_gpu == "cpu"


@pytest.mark.parametrize(
    "channel", ["", "cu", "cuda", "CU121", "cu121/", "../cu121", "cu121\n", "rocm", "nightly", "cu\u0661\u0662"]
)
def test_what_is_no_channel_is_refused(channel):
    with pytest.raises(InvalidIndexError, match="is not a channel"):
        TorchIndex(channel)


def test_an_unknown_policy_is_refused():
    with pytest.raises(InvalidIndexError, match="on_unusable_gpu"):
        TorchIndex.auto(on_unusable_gpu="ignore")


def test_a_directory_as_the_base(tmp_path):
    assert TorchIndex("cpu", base_url=tmp_path).base_url == tmp_path.as_uri()
    with pytest.raises(InvalidIndexError):
        TorchIndex("cpu", base_url=tmp_path / "nowhere")


def test_credentials_are_kept_apart_and_shown_nowhere():
    index = TorchIndex("cpu", base_url="https://user:s3cret@mirror.example/whl/")
    assert index.base_url == "https://mirror.example/whl"
    assert index.credentials is not None
    assert index.credentials.password == "s3cret"
    assert "s3cret" not in repr(index) + str(index.record())
    assert index.plain() == TorchSource("cpu", "https://mirror.example/whl")


def test_a_request_can_be_pickled():
    index = TorchIndex("cpu", base_url="https://mirror.example/whl")
    assert pickle.loads(pickle.dumps(index)) == index


def test_making_a_request_looks_at_nothing(monkeypatch):
    monkeypatch.setattr("isolated_environment.torch_index.request.see_machine", None)
    assert "chosen: cu121" in TorchIndex("cu121").explain()


@pytest.mark.parametrize("refresh", [False, True])
def test_explaining_looks_at_this_machine_when_it_must(monkeypatch, refresh):
    asked = []

    def see(python, cache, *, refresh):
        asked.append((cache, refresh))
        return H100

    monkeypatch.setattr("isolated_environment.torch_index.request.see_machine", see)
    assert "chosen: cu130" in TorchIndex.auto().explain(refresh=refresh)
    assert asked == [(machine_cache(), refresh)]


def test_the_memory_is_in_the_user_s_cache_directory(monkeypatch):
    monkeypatch.delenv("ISOLATED_ENVIRONMENT_CACHE_DIR")
    assert machine_cache().is_relative_to(Path.home())
    assert machine_cache().name == "machine.json"
