"""The pin as a value, and what it covers."""

from __future__ import annotations

import json

import pytest

from isolated_environment.store.resolution import recorded_torch
from isolated_environment.torch_index.pin import NO_CHANNEL, TorchPin, belongs_to_family

PIN = TorchPin("cu121", "https://h/whl/cu121", {"torch": "2.1.2+cu121", "torchaudio": "2.1.2+cu121"}, ("why",), "seen")


def test_a_pin_is_exact_constraints():
    assert PIN.requirements == ("torch==2.1.2+cu121", "torchaudio==2.1.2+cu121")
    assert PIN.label == "cu121"
    assert TorchPin(NO_CHANNEL, None, {}).label == ""


def test_a_pin_in_one_line():
    assert PIN.described() == "torch==2.1.2+cu121, torchaudio==2.1.2+cu121 from cu121 (why)"
    assert TorchPin("cpu", "https://h/whl/cpu", {}).described() == "nothing yet from cpu"


def test_a_pin_grows_and_stays_as_it_was():
    more = PIN.with_versions({"torchvision": "0.16.2+cu121"})
    assert len(more.versions) == 3
    assert len(PIN.versions) == 2


def test_a_pin_round_trips_through_json():
    assert TorchPin.from_json(json.loads(json.dumps(PIN.as_json()))) == PIN


class Receipt:
    def __init__(self, torch: object) -> None:
        self._torch = torch

    def get(self, name: str) -> object:
        return self._torch if name == "torch" else None


@pytest.mark.parametrize("record", [None, {}, [], "x", 5, {**PIN.as_json(), "versions": ["abc"]}, {"channel": "cpu"}])
def test_a_record_that_is_none_is_no_pin(record):
    assert recorded_torch(Receipt(record)) is None  # type: ignore[arg-type]


def test_the_record_in_a_receipt():
    assert recorded_torch(Receipt(PIN.as_json())) == PIN  # type: ignore[arg-type]
    assert recorded_torch(None) is None


@pytest.mark.parametrize(
    ("name", "channel", "belongs"),
    [
        ("torch", "cu121", True),
        ("torch-tensorrt", "cu130", True),
        ("fbgemm-gpu", "cpu", True),
        ("triton", "cu121", False),
        ("triton", "rocm6.4", False),
        ("nvidia-cublas-cu12", "cu121", False),
        ("pytorch-triton-rocm", "rocm6.4", True),
        ("triton-rocm", "rocm7.2", True),
        ("rocm-sdk-core", "rocm7.14", True),
        ("pytorch-triton-rocm", "cu121", False),
        ("triton-xpu", "xpu", True),
        ("torchmetrics", "cu121", False),
        ("numpy", "cu121", False),
    ],
)
def test_the_family(name, channel, belongs):
    assert belongs_to_family(name, channel) is belongs
