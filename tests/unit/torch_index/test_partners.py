"""What goes with the pinned torch: by the table, since torchaudio 2.11.0 names no torch at all."""

from __future__ import annotations

import pytest

from isolated_environment.errors import NoTorchReleaseError, TorchConflictError
from isolated_environment.torch_index.partners import pair_of, pin_partner
from isolated_environment.torch_index.pin import NO_CHANNEL, TorchPin
from tests.support.torch_files import BASE, LINUX, file, reader, wheels, wish

PAGES = {
    "cu121/torchaudio": wheels("torchaudio", "cu121", ["2.1.2", "2.5.1", "2.11.0"]),
    "cu121/torchvision": wheels("torchvision", "cu121", ["0.16.2", "0.20.1"]),
    "cu126/torchvision": wheels(
        "torchvision", "cu126", ["0.29.0", "0.29.1", "0.29.2"], "py3-none-manylinux_2_28_x86_64"
    ),
    "cu126/torchaudio": wheels("torchaudio", "cu126", ["2.11.0"]),
}


def pin(torch: str) -> TorchPin:
    channel = torch.partition("+")[2]
    return TorchPin(channel, f"{BASE}/{channel}", {"torch": torch})


def partner(name: str, torch: str, pages=PAGES, **wished) -> str | None:
    return pin_partner(name, pin(torch), wish(**wished), reader(pages))


@pytest.mark.parametrize(
    ("name", "torch", "pair"),
    [
        ("torchvision", "2.1.2+cu121", "==0.16.2"),
        ("torchaudio", "2.0.1", "==2.0.2"),
        ("torchaudio", "2.13.0+cu130", "==2.11.0"),
        ("torchvision", "2.15.0+cpu", ">=0.29.1"),
    ],
)
def test_the_pair(name, torch, pair):
    assert str(pair_of(name, torch)) == pair


@pytest.mark.parametrize(("name", "torch"), [("torchao", "2.1.2"), ("torchvision", "2.99.0"), ("xformers", "2.5.1")])
def test_where_the_table_says_nothing_the_resolver_chooses(name, torch):
    assert pair_of(name, torch) is None
    assert partner(name, f"{torch}+cu121") is None


def test_the_partner_carries_the_channel_s_label():
    assert partner("torchaudio", "2.1.2+cu121") == "2.1.2+cu121"
    assert partner("torchvision", "2.5.1+cu121") == "0.20.1+cu121"
    assert partner("torchaudio", "2.14.1+cu126") == "2.11.0+cu126", "the last one, stable for newer torch"


def test_another_build_of_the_right_release_does_not_do():
    pages = {
        "cu121/torchvision": [file(f"torchvision-0.16.2+cpu-{LINUX}.whl"), file(f"torchvision-0.16.2-{LINUX}.whl")]
    }
    with pytest.raises(NoTorchReleaseError):
        partner("torchvision", "2.1.2+cu121", pages)


def test_where_several_go_with_it_the_newest_is_taken_or_the_one_there_is():
    assert partner("torchvision", "2.14.1+cu126") == "0.29.2+cu126"
    kept = {"torchvision": "0.29.1+cu126"}
    assert partner("torchvision", "2.14.1+cu126", preferred=kept) == "0.29.1+cu126"
    assert partner("torchvision", "2.14.1+cu126", preferred={"torchvision": "0.29.0+cu126"}) == "0.29.2+cu126"
    assert partner("torchvision", "2.14.1+cu126", specifiers={"torchvision": "<0.29.2"}) == "0.29.1+cu126"


@pytest.mark.parametrize("asked", ["==2.5.1", ">=2.2", "<2"])
def test_a_partner_that_contradicts_the_pin_is_refused_with_both_sides(asked):
    with pytest.raises(TorchConflictError) as caught:
        partner("torchaudio", "2.1.2+cu121", specifiers={"torchaudio": asked})
    assert (caught.value.pin, caught.value.requirement) == ("torch==2.1.2+cu121", f"torchaudio{asked}")
    assert "wants torchaudio==2.1.2" in str(caught.value)


def test_a_channel_without_the_partner_says_what_it_has():
    with pytest.raises(NoTorchReleaseError) as caught:
        partner("torchvision", "2.4.1+cu121")
    assert (caught.value.requirement, caught.value.available) == (
        "torchvision==0.19.1",
        ("0.16.2+cu121", "0.20.1+cu121"),
    )
    with pytest.raises(NoTorchReleaseError, match="no torchvision==0"):
        partner("torchvision", "2.1.2+cu118")


def test_without_a_channel_or_without_torch_nothing_is_pinned():
    for of in (
        TorchPin(NO_CHANNEL, None, {}),
        TorchPin(NO_CHANNEL, None, {"torch": "2.1.2"}),
        TorchPin("cpu", BASE, {}),
    ):
        assert pin_partner("torchvision", of, wish(), reader({})) is None
