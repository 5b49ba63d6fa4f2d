"""The channel and the release: the machine orders, the page decides, and every refusal says why."""

from __future__ import annotations

import pytest

from isolated_environment.errors import (
    InvalidIndexError,
    NoTorchReleaseError,
    UnsupportedMachineError,
)
from isolated_environment.host import markers_of
from isolated_environment.torch_index.choose import decide, releases
from isolated_environment.torch_index.machine import Machine
from isolated_environment.torch_index.pin import NO_CHANNEL, TorchPin
from tests.support.machines import (
    APPLE,
    GTX_1080,
    H100,
    INTEL_MAC,
    JETSON,
    MI300,
    NOTHING,
    OLD_DRIVER,
    RTX_5090,
    TWO,
    nvidia,
)
from tests.support.torch_files import LINUX, PAGES, decided, file, reader, target, unseen, wheels, wish


def torch(machine: Machine, pages=PAGES, **wished) -> str:
    return decided(machine, pages, **wished).versions["torch"]


@pytest.mark.parametrize(
    ("machine", "asked", "chosen"),
    [
        (H100, "", "2.15.0+cu130"),
        (H100, "==2.5.1", "2.5.1+cu124"),
        (GTX_1080, "", "2.14.1+cu126"),
        (GTX_1080, "==2.1.2", "2.1.2+cu121"),
        (RTX_5090, "", "2.11.0+cu128"),
        (TWO, "", "2.14.1+cu126"),
        (nvidia((12, 2), (8, 6)), "", "2.5.1+cu121"),
        (nvidia((12, 2), (8, 6)), "==2.6.0", "2.6.0+cu124"),
        (nvidia((12, 2), (8, 6)), "==2.8.0", "2.8.0+cu126"),
        (nvidia((13, 0), (7, 0)), "", "2.8.0+cu128"),
        (nvidia((11, 4), (3, 7)), "", "2.4.1+cu118"),
        (NOTHING, "", "2.15.0+cpu"),
        (MI300, "", "2.13.0+rocm7.2"),
        (MI300, "<2.10", "2.8.0+rocm6.4"),
        (Machine(amd=("gfx1036",)), "", "2.15.0+cpu"),
        (nvidia((13, 0)), "", "2.15.0+cu130"),
    ],
)
def test_what_a_machine_gets(machine, asked, chosen):
    assert torch(machine, torch=asked) == chosen


def test_a_named_channel_is_taken_without_a_look_at_the_machine():
    pin = decide(wish("cu118", torch="<2.7"), unseen, reader(PAGES))
    assert (pin.channel, pin.url, pin.versions) == ("cu118", f"{wish().base_url}/cu118", {"torch": "2.4.1+cu118"})


def test_the_user_s_variable_comes_before_the_machine_and_the_record():
    recorded = TorchPin("cu121", None, {"torch": "2.5.1+cu121"})
    assert decide(wish(override="cpu", recorded=recorded), unseen, reader(PAGES)).channel == "cpu"
    assert decide(wish(override="MPS"), unseen, reader(PAGES)).channel == NO_CHANNEL
    assert torch(H100, override="auto") == "2.15.0+cu130"
    with pytest.raises(InvalidIndexError, match="ISOLATED_ENVIRONMENT_TORCH_BACKEND is 'gpu'"):
        decide(wish(override="gpu"), unseen, reader(PAGES))


RECORDED = TorchPin(
    "cu121", "https://before.example/whl/cu121", {"torch": "2.5.1+cu121"}, ("cu121: fits",), "RTX 3090, seen"
)


@pytest.mark.parametrize("machine", [NOTHING, H100, nvidia((12, 0), (8, 6)), MI300])
def test_a_recorded_channel_stays_while_it_can_run(machine):
    pin = decided(machine, recorded=RECORDED)
    assert pin.versions == {"torch": "2.5.1+cu121"}
    assert (pin.reasons, pin.machine) == (RECORDED.reasons, RECORDED.machine), "why it was chosen is not forgotten"
    assert pin.url == f"{wish().base_url}/cu121", "the mirror may have moved"


@pytest.mark.parametrize("machine", [nvidia((11, 8), (8, 6)), RTX_5090])
def test_a_recorded_channel_that_cannot_run_here_is_decided_anew(machine):
    assert decided(machine, recorded=RECORDED).channel != "cu121"


def test_a_recorded_cpu_build_is_not_replaced_when_a_gpu_appears():
    assert torch(H100, recorded=TorchPin("cpu", None, {"torch": "2.1.2+cpu"})) == "2.15.0+cpu"


def test_what_the_others_led_to_is_preferred_also_on_an_older_channel():
    assert torch(H100, preferred={"torch": "2.14.1"}) == "2.14.1+cu130"
    assert torch(H100, preferred={"torch": "2.4.1"}) == "2.4.1+cu124", "no channel in front of it has 2.4.1"
    assert torch(H100, preferred={"torch": "2.4.1+cu118"}) == "2.4.1+cu124"
    assert torch(H100, preferred={"torch": "1.13.1"}) == "2.15.0+cu130", "nobody has it"
    half = nvidia((12, 4), (8, 0))
    assert torch(half, preferred={"torch": "2.8.0"}) == "2.6.0+cu124", "not worth half a driver"


def test_no_more_pages_are_asked_than_needed():
    asked: list[str] = []
    decide(wish(), lambda: H100, reader(PAGES, asked))
    assert asked == ["cu130/torch"]


def test_macos_takes_the_main_index():
    pin = decided(APPLE, torch="==2.15.0")
    assert (pin.channel, pin.url, pin.versions) == (NO_CHANNEL, None, {})


def test_an_intel_mac_is_told_which_release_was_the_last():
    assert decided(INTEL_MAC, torch=">=2.0").channel == NO_CHANNEL
    assert decided(INTEL_MAC, torch="==1.13.1").channel == NO_CHANNEL
    with pytest.raises(UnsupportedMachineError, match=r"2\.2\.2"):
        decided(INTEL_MAC, torch=">=2.3")


def test_a_jetson_is_refused():
    with pytest.raises(UnsupportedMachineError, match="Jetson"):
        decided(JETSON)


# labels

CPU_FILES = [
    file(f"torch-2.3.0+cpu-{LINUX}.whl"),
    file(f"torch-2.3.0+cpu.cxx11.abi-{LINUX}.whl"),
    file("torch-2.3.0-cp311-cp311-manylinux2014_aarch64.whl"),
    file("torch-2.3.0-cp311-none-macosx_11_0_arm64.whl"),
    file("torch-2.2.2-cp311-none-macosx_10_9_x86_64.whl"),
    file("torch-2.3.0+cpu-cp311-cp311-win_amd64.whl"),
    file("torch-9.0+cpu.tar.gz"),
]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"sys_platform": "linux", "platform_machine": "x86_64"}, {"2.3.0+cpu"}),
        ({"sys_platform": "win32", "platform_machine": "AMD64"}, {"2.3.0+cpu"}),
        ({"sys_platform": "linux", "platform_machine": "aarch64"}, {"2.3.0+cpu", "2.3.0", "2.2.2"}),
        ({"sys_platform": "darwin", "platform_machine": "arm64"}, {"2.3.0+cpu", "2.3.0", "2.2.2"}),
        ({"sys_platform": "darwin", "platform_machine": "x86_64"}, {"2.3.0+cpu", "2.3.0", "2.2.2"}),
    ],
)
def test_only_the_exact_label_counts_and_wheels_alone(facts, found):
    assert {str(version) for version in releases(CPU_FILES, "cpu", {**markers_of("3.11.7"), **facts})} == found


def test_no_label_means_the_cpu_and_nothing_else():
    bare = [file("torch-2.3.0-cp311-cp311-manylinux2014_aarch64.whl")]
    assert releases(bare, "cu126", {"sys_platform": "linux", "platform_machine": "aarch64"}) == {}


@pytest.mark.parametrize(
    ("of", "version"),
    [
        (target("macosx_11_0_arm64", sys_platform="darwin", platform_machine="arm64"), "2.3.0"),
        (target("macosx_10_9_x86_64", sys_platform="darwin", platform_machine="x86_64"), "2.2.2"),
        (target("manylinux2014_aarch64", platform_machine="aarch64"), "2.3.0"),
        (target("win_amd64", sys_platform="win32", platform_machine="AMD64"), "2.3.0+cpu"),
    ],
)
def test_the_cpu_channel_on_every_platform(of, version):
    assert decide(wish("cpu", of=of), unseen, reader({"cpu/torch": CPU_FILES})).versions["torch"] == version


@pytest.mark.parametrize("channel", ["rocm6.4", "rocm7.14", "xpu", "cu134"])
def test_other_labels(channel):
    pages = {f"{channel}/torch": wheels("torch", channel, ["2.8.0"])}
    assert decide(wish(channel), unseen, reader(pages)).versions["torch"] == f"2.8.0+{channel}"


# which file serves


def test_what_is_not_for_this_python_is_passed_over():
    cp38 = "cp38-cp38-linux_x86_64"
    pages = {
        "cu121/torch": [
            file(f"torch-2.5.1+cu121-{LINUX}.whl", requires_python=">=3.12"),
            file(f"torch-2.5.0+cu121-{LINUX}.whl", yanked=True),
            file(f"torch-2.4.1+cu121-{cp38}.whl"),
            file(f"torch-2.3.1+cu121-{LINUX}.whl", requires_python="nonsense"),
        ]
    }
    assert decide(wish("cu121"), unseen, reader(pages)).versions["torch"] == "2.3.1+cu121"


def test_nightlies_only_where_they_are_asked_for():
    pages = {"cu128/torch": wheels("torch", "cu128", ["2.8.0", "2.9.0.dev20250801"])}
    assert torch(RTX_5090, pages) == "2.8.0+cu128"
    assert torch(RTX_5090, pages, prereleases=True) == "2.9.0.dev20250801+cu128"
    assert torch(RTX_5090, pages, torch=">=2.9.0.dev0") == "2.9.0.dev20250801+cu128"


def test_a_label_in_the_request():
    assert decide(wish("cu121", torch="==2.1.2+cu121"), unseen, reader(PAGES)).versions["torch"] == "2.1.2+cu121"
    with pytest.raises(NoTorchReleaseError, match=r"cu121 has no torch==2\.1\.2\+cu118"):
        decide(wish("cu121", torch="==2.1.2+cu118"), unseen, reader(PAGES))


def test_the_cpu_in_place_of_an_unusable_gpu_only_by_policy():
    pin = decided(OLD_DRIVER, on_unusable_gpu="cpu")
    assert (pin.channel, pin.versions) == ("cpu", {"torch": "2.15.0+cpu"})
    assert "440.33.01" in pin.reasons[1]
    with pytest.raises(NoTorchReleaseError):
        decide(wish("cu121", torch="==9", on_unusable_gpu="cpu"), unseen, reader(PAGES))


def test_the_reasons_tell_what_was_passed_over():
    reasons = decided(GTX_1080, torch="==2.1.2").reasons
    assert reasons[0].startswith("cu121: ")
    assert any("cu126 has no torch==2.1.2" in line for line in reasons)
    assert any(line.startswith("cu130: needs a driver") for line in reasons)
