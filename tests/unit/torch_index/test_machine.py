"""Seeing the accelerators: stub driver libraries, a faked nvidia-smi, faked trees of the kernel's files."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isolated_environment.torch_index.machine import FRESH, Machine, ask_machine, cuda_of_driver, see_machine

HERE = Path(__file__).parent
H100 = "NVIDIA H100 80GB HBM3:9.0"


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Directories with a stub NVML, and with a stub libcuda."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    found = {}
    for kind, name, flags in (("nvml", "libnvidia-ml.so.1", ["-DNVML"]), ("libcuda", "libcuda.so.1", [])):
        directory = tmp_path_factory.mktemp(kind)
        command = ["cc", "-shared", "-fPIC", *flags, "-o", str(directory / name), str(HERE / "fake_driver.c")]
        subprocess.run(command, check=True)
        found[kind] = directory
    return found


@pytest.fixture
def driver(libraries, monkeypatch, tmp_path):
    """Install a stub: which library, what it answers."""

    def install(kind: str | None, *, root: bool = True, **answers: str) -> Machine:
        if kind is not None:
            monkeypatch.setenv("LD_LIBRARY_PATH", str(libraries[kind]))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        for name, value in answers.items():
            monkeypatch.setenv(f"FAKE_{name.upper()}", value)
        return ask_machine(sys.executable, root=str(tmp_path) if root else None, timeout=15)

    return install


def fake_smi(tmp_path: Path, script: str) -> None:
    (tmp_path / "bin").mkdir(exist_ok=True)
    smi = tmp_path / "bin" / "nvidia-smi"
    smi.write_text(f"#!/bin/sh\n{script}\n")
    smi.chmod(0o755)


def write(root: Path, path: str, text: str = "") -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


@pytest.mark.parametrize("kind", ["nvml", "libcuda"])
def test_a_driver_library_answers(driver, kind):
    machine = driver(kind, cuda="13000", gpus=H100, driver="580.95.05")
    assert machine.cuda == (13, 0)
    assert machine.capabilities == ((9, 0),)
    assert machine.names == ("NVIDIA H100 80GB HBM3",)
    assert machine.source == {"nvml": "NVML", "libcuda": "libcuda"}[kind]
    assert machine.driver == ("580.95.05" if kind == "nvml" else None)


def test_every_gpu_counts(driver):
    machine = driver("nvml", cuda="12080", gpus="NVIDIA RTX 5090:12.0,NVIDIA GTX 1080:6.1")
    assert machine.capabilities == ((12, 0), (6, 1))
    assert "6.1 and 12.0" in machine.described() or "12.0 and 6.1" in machine.described()


def test_hidden_devices_are_seen(driver, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert driver("libcuda", cuda="12040", gpus=H100).cuda == (12, 4)


def test_a_library_that_does_not_start_leaves_the_question_to_the_next(driver, tmp_path):
    fake_smi(
        tmp_path, 'case "$*" in *query*) echo "NVIDIA A100, 535.104.05, 8.0";; *) echo "CUDA Version: 12.2";; esac'
    )
    machine = driver("nvml", cuda="12020", gpus=H100, fail="init")
    assert machine.source == "nvidia-smi"
    assert any("NVML does not start" in line for line in machine.seen)


def test_a_library_that_crashes_takes_only_the_child_with_it(driver):
    machine = driver("nvml", cuda="12020", gpus=H100, fail="crash")
    assert machine == Machine(machine.system, machine.machine, seen=machine.seen)
    assert "failed" in machine.seen[0]


def test_a_library_that_hangs_is_given_up(libraries, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", str(libraries["nvml"]))
    monkeypatch.setenv("FAKE_FAIL", "hang")
    started = time.monotonic()
    machine = ask_machine(sys.executable, timeout=1.0)
    assert time.monotonic() - started < 10
    assert not machine.has_accelerator


def test_nvidia_smi_with_several_gpus(driver, tmp_path):
    fake_smi(
        tmp_path,
        'case "$*" in\n*query*) printf "NVIDIA GeForce RTX 3090, 550.54.14, 8.6\\n'
        'NVIDIA GeForce GTX 1080, 550.54.14, 6.1\\n";;\n'
        '*) echo "| NVIDIA-SMI 550.54.14   Driver Version: 550.54.14   CUDA Version: 12.4 |";;\nesac',
    )
    machine = driver(None)
    assert (machine.cuda, machine.capabilities) == ((12, 4), ((8, 6), (6, 1)))
    assert machine.source == "nvidia-smi"


@pytest.mark.parametrize(
    "script",
    [
        'echo "NVIDIA-SMI has failed because it could not communicate with the driver."; exit 9',
        "echo garbage",
        "exit 0",
    ],
)
def test_an_nvidia_smi_that_says_nothing_counts_as_none(driver, tmp_path, script):
    fake_smi(tmp_path, script)
    assert not driver(None).has_nvidia


def test_wsl_takes_cuda_from_the_driver_not_from_its_number(driver, tmp_path):
    write(tmp_path, "/proc/version", "Linux version 5.15 (Microsoft@WSL2)")
    machine = driver("nvml", cuda="12040", gpus="NVIDIA RTX 4090:8.9", driver="551.61")
    assert machine.cuda == (12, 4), "551.61 is the driver of Windows"


def test_kernel_files_count_only_with_the_device(driver, tmp_path):
    write(tmp_path, "/sys/module/nvidia/version", "535.104.05\n")
    assert not driver(None).has_nvidia, "a container without access sees the host's /sys"
    write(tmp_path, "/dev/nvidiactl")
    machine = driver(None)
    assert (machine.source, machine.driver, machine.cuda) == ("kernel files", "535.104.05", (12, 0))


def test_the_driver_file_in_proc(driver, tmp_path):
    write(tmp_path, "/dev/nvidiactl")
    text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n"
    write(tmp_path, "/proc/driver/nvidia/version", text)
    assert driver(None).driver == "580.65.06"


@pytest.mark.parametrize(
    ("number", "name"),
    [(90402, "gfx942"), (90010, "gfx90a"), (110000, "gfx1100"), (120001, "gfx1201"), (90600, "gfx960")],
)
def test_amd(driver, tmp_path, number, name):
    write(tmp_path, "/dev/kfd")
    write(tmp_path, "/sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 64\ngfx_target_version 0\n")
    write(tmp_path, "/sys/class/kfd/kfd/topology/nodes/1/properties", f"simd_count 304\ngfx_target_version {number}\n")
    machine = driver(None)
    assert machine.amd == (name,)
    assert not machine.has_nvidia


def test_amd_without_the_device_counts_as_none(driver, tmp_path):
    write(tmp_path, "/sys/class/kfd/kfd/topology/nodes/1/properties", "gfx_target_version 90402\n")
    assert driver(None).amd == ()


def test_a_jetson(driver, tmp_path):
    write(tmp_path, "/etc/nv_tegra_release", "# R36 (release), REVISION: 4.0")
    assert driver(None).tegra


def test_nothing(driver):
    machine = driver(None)
    assert not machine.has_accelerator
    assert "no GPU" in machine.described()


@pytest.mark.parametrize(
    ("number", "system", "cuda"),
    [
        ("580.65.06", "Linux", (13, 0)),
        ("579.99", "Linux", (12, 0)),
        ("525.60.13", "Linux", (12, 0)),
        ("525.60.12", "Linux", (11, 0)),
        ("450.80.01", "Linux", None),
        ("528.33", "Windows", (12, 0)),
        (None, "Linux", None),
    ],
)
def test_what_a_number_alone_promises(number, system, cuda):
    assert cuda_of_driver(number, system) == cuda


GPU = Machine(cuda=(12, 4), capabilities=((8, 6),), names=("RTX 3090",), source="NVML")
NOTHING = Machine(seen=("NVML: no NVML library",))


@pytest.fixture
def answers(monkeypatch):
    """What the child answers, one machine a question."""
    queue: list[Machine] = []
    monkeypatch.setattr("isolated_environment.torch_index.machine.ask_machine", lambda _: queue.pop(0))
    return queue


def test_the_machine_is_asked_once_a_day(answers, tmp_path):
    answers += [GPU]
    cache = tmp_path / "machine.json"
    assert see_machine("python", cache, now=1000.0) == GPU
    assert see_machine("python", cache, now=1000.0 + FRESH / 2) == GPU
    assert answers == []


def test_a_probe_that_flaps_changes_nothing(answers, tmp_path):
    answers += [GPU, NOTHING, NOTHING]
    cache = tmp_path / "machine.json"
    see_machine("python", cache, now=1000.0)
    seen = see_machine("python", cache, now=1000.0 + 2 * FRESH)
    assert seen.capabilities == GPU.capabilities
    assert "kept" in seen.seen[-1]
    assert see_machine("python", cache, now=1000.0 + 40 * FRESH) == NOTHING, "a month is long enough"


def test_who_asks_anew_gets_the_answer(answers, tmp_path):
    answers += [GPU, NOTHING]
    cache = tmp_path / "machine.json"
    see_machine("python", cache, now=1000.0)
    assert see_machine("python", cache, now=1001.0, refresh=True) == NOTHING


def test_a_cache_that_cannot_be_read_or_written_is_no_obstacle(answers, tmp_path):
    answers += [GPU, GPU]
    cache = tmp_path / "machine.json"
    cache.write_text("{")
    assert see_machine("python", cache, now=1.0) == GPU
    (tmp_path / "file").write_text("")
    assert see_machine("python", tmp_path / "file" / "machine.json", now=1.0) == GPU


def test_a_machine_round_trips_through_json():
    import json

    assert Machine.from_json(json.loads(json.dumps(GPU.as_json()))) == GPU
