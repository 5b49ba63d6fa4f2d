"""Why no build fits: each its own error, with the facts in fields and what to do."""

from __future__ import annotations

import pytest

from isolated_environment.errors import (
    ArchitectureDroppedError,
    DriverTooOldError,
    IndexUnreachableError,
    NoTorchReleaseError,
    NoTorchWheelError,
)
from isolated_environment.torch_index.choose import decide
from isolated_environment.torch_index.machine import Machine
from tests.support.machines import H100, IRRECONCILABLE, OLD_DRIVER, RTX_5090, nvidia
from tests.support.torch_files import PAGES, decided, reader, target, unseen, wheels, wish


def test_a_channel_without_the_release_lists_what_it_has():
    with pytest.raises(NoTorchReleaseError) as caught:
        decide(wish("cu121", torch="==2.9.0"), unseen, reader(PAGES))
    assert (caught.value.channel, caught.value.requirement) == ("cu121", "torch==2.9.0")
    assert caught.value.available == ("2.1.2+cu121", "2.4.1+cu121", "2.5.1+cu121")
    assert "2.5.1+cu121" in caught.value.hint


def test_a_channel_that_is_not_there_says_where_it_looked():
    with pytest.raises(NoTorchReleaseError) as caught:
        decide(wish("cu999"), unseen, reader(PAGES))
    assert caught.value.available == ()
    assert "https://torch.example/whl/cu999/torch/" in caught.value.hint


def test_a_release_without_a_wheel_lists_the_wheels_there_are_and_what_there_is_for_this_python():
    cp38 = "cp38-cp38-linux_x86_64"
    pages = {"cu121/torch": [*wheels("torch", "cu121", ["2.4.1"], cp38), *wheels("torch", "cu121", ["2.3.1"])]}
    with pytest.raises(NoTorchWheelError) as caught:
        decide(wish("cu121", torch="==2.4.1"), unseen, reader(pages))
    assert (caught.value.release, caught.value.exists) == ("2.4.1+cu121", (cp38,))
    assert caught.value.target == "Python 3.11 on linux x86_64"
    assert cp38 in caught.value.hint
    assert "for this Python it has 2.3.1+cu121" in caught.value.hint


def test_musl_is_named():
    with pytest.raises(NoTorchWheelError) as caught:
        decide(wish("cpu", of=target("musllinux_1_2_x86_64")), unseen, reader(PAGES))
    assert "musl" in caught.value.target
    assert "glibc" in caught.value.hint


def test_a_driver_that_is_too_old():
    with pytest.raises(DriverTooOldError) as caught:
        decided(OLD_DRIVER)
    error = caught.value
    assert (error.driver, error.cuda, error.needed, error.newest_possible) == ("440.33.01", "10.2", "450.80.02", None)


def test_a_driver_that_is_too_old_for_the_release():
    with pytest.raises(DriverTooOldError) as caught:
        decided(nvidia((12, 8), (8, 0), driver="570.86.10"), torch="==2.15.0")
    error = caught.value
    assert (error.needed, error.newest_possible) == ("580.65.06", "2.14.1")
    assert "torch<=2.14.1" in error.hint
    with pytest.raises(DriverTooOldError) as caught:
        decided(nvidia((12, 8), (8, 0), system="Windows"), torch="==2.15.0")
    assert caught.value.needed == "580"


def test_a_driver_of_which_nothing_is_known():
    with pytest.raises(DriverTooOldError, match="unknown"):
        decided(nvidia(None, (8, 0)))


def test_a_gpu_that_the_release_has_dropped():
    with pytest.raises(ArchitectureDroppedError) as caught:
        decided(nvidia((13, 0), (6, 1)), torch="==2.15.0")
    error = caught.value
    assert (error.capabilities, error.last_torch, error.last_channel) == (("6.1",), "2.14.1", "cu126")
    assert "<=2.14.1" in error.hint


def test_a_gpu_that_the_release_does_not_have_yet():
    """``torch<=2.15`` would be no help: 2.5.1 is below it."""
    with pytest.raises(ArchitectureDroppedError) as caught:
        decided(RTX_5090, torch="==2.5.1")
    assert "torch>=2.7.0" in caught.value.hint


def test_gpus_that_no_release_serves_together():
    with pytest.raises(ArchitectureDroppedError) as caught:
        decided(IRRECONCILABLE)
    assert caught.value.last_torch is None, "cu126 has 6.1 but not 12.0"
    assert "no release serves all GPUs" in caught.value.hint


def test_an_amd_card_that_no_channel_has_code_for():
    with pytest.raises(ArchitectureDroppedError, match="gfx803"):
        decided(Machine(amd=("gfx803",)))


def test_an_index_that_does_not_answer_is_no_reason_for_another_channel():
    def read(index, project):
        raise IndexUnreachableError("no answer", hint="", step="resolve")

    with pytest.raises(IndexUnreachableError):
        decide(wish(), lambda: H100, read)
