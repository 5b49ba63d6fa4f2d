"""When the pin that an environment has is a law for the next build of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from isolated_environment.store.resolution import Resolver
from isolated_environment.torch_index.pin import TorchPin
from isolated_environment.torch_source import TorchSource

PIN = TorchPin("cu121", "https://before.example/whl/cu121", {"torch": "2.1.2+cu121"}, ("why",), "seen")
BEFORE = TorchSource("auto", "https://before.example/whl")


class Receipt:
    def __init__(self, torch: object) -> None:
        self.content = {"torch": torch}

    def get(self, name: str) -> object:
        return PIN.as_json() if name == "torch" else None


def recorded(receipt: Receipt | None, source: TorchSource) -> TorchPin | None:
    nothing: Any = None
    base: Any = SimpleNamespace(receipt=receipt)
    return Resolver(nothing, nothing, nothing, base, nothing, nothing)._recorded(source.record())


def test_the_same_request_keeps_it_also_from_another_mirror():
    """Else a mirror that moves would make a CPU build of it on a login node."""
    receipt = Receipt(BEFORE.record())
    assert recorded(receipt, BEFORE) == PIN
    assert recorded(receipt, TorchSource("auto", "https://after.example/whl")) == PIN
    assert recorded(receipt, TorchSource("auto")) == PIN


@pytest.mark.parametrize("source", [TorchSource("cu118"), TorchSource("cpu"), TorchSource("auto", None, "cpu")])
def test_another_request_is_decided_anew(source):
    assert recorded(Receipt(BEFORE.record()), source) is None


@pytest.mark.parametrize("torch", [None, {}, [], "auto", 5])
def test_a_receipt_that_says_nothing(torch):
    assert recorded(Receipt(torch), BEFORE) is None
    assert recorded(None, BEFORE) is None
