"""Seeing the accelerators: stub driver libraries, a faked nvidia-smi, faked trees of the kernel's files.

What loads a library runs as it really does, in a child process; what only reads files is asked directly.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isolated_environment.child import detect_accelerator
from isolated_environment.torch_index import machine as machine_module
from isolated_environment.torch_index.machine import Machine, ask_machine, cuda_of_driver, read_answer

HERE = Path(__file__).parent
H100 = "NVIDIA H100 80GB HBM3:9.0"
BUILDS = {
    "nvml": ("libnvidia-ml.so.1", ["-DNVML"]),
    "old nvml": ("libnvidia-ml.so.1", ["-DNVML", "-DOLD"]),
    "libcuda": ("libcuda.so.1", []),
}


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Directories with a stub NVML, an old one, and a stub libcuda."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    found = {}
    for kind, (name, flags) in BUILDS.items():
        found[kind] = tmp_path_factory.mktemp("library")
        command = ["cc", "-shared", "-fPIC", *flags, "-o", str(found[kind] / name), str(HERE / "fake_driver.c")]
        subprocess.run(command, check=True)
    return found


@pytest.fixture
def driver(request, monkeypatch, tmp_path):
    """Install a stub: which library, what it answers."""

    def install(kind: str | None = None, *, timeout: float = 15, **answers: str) -> Machine:
        if kind is not None:
            monkeypatch.setenv("LD_LIBRARY_PATH", str(request.getfixturevalue("libraries")[kind]))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        for name, value in answers.items():
            monkeypatch.setenv(f"FAKE_{name.upper()}", value)
        return ask_machine(sys.executable, root=str(tmp_path), timeout=timeout)

    return install


def write(root: Path, path: str, text: str = "") -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def write_kernel_files(root: Path, driver: str) -> None:
    write(root, "/sys/module/nvidia/version", f"{driver}\n")
    write(root, "/dev/nvidiactl")


@pytest.mark.parametrize("kind", ["nvml", "libcuda"])
def test_a_driver_library_answers(driver, kind, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # hides devices from a run, not from the installation
    machine = driver(kind, cuda="13000", gpus=f"{H100},NVIDIA GTX 1080:6.1", driver="580.95.05")
    assert machine.cuda == (13, 0)
    assert machine.capabilities == ((9, 0), (6, 1)), "every GPU counts"
    assert machine.names == ("NVIDIA H100 80GB HBM3", "NVIDIA GTX 1080")
    assert machine.source == {"nvml": "NVML", "libcuda": "libcuda"}[kind]
    assert machine.driver == ("580.95.05" if kind == "nvml" else None)
    assert "6.1 and 9.0" in machine.described()
    assert machine.complete


@pytest.mark.parametrize("kind", ["nvml", "libcuda"])
def test_a_gpu_that_does_not_tell_its_capability_has_none(driver, kind):
    machine = driver(kind, cuda="12040", gpus=H100, fail="attribute")
    assert (machine.cuda, machine.capabilities) == ((12, 4), ()), "0.0 would be an architecture that nothing serves"
    assert machine.has_nvidia


def test_a_library_that_does_not_start_leaves_the_question_to_the_next(driver, tmp_path):
    fake_smi(tmp_path, "NVIDIA A100, 535.104.05, 8.0", "12.2")
    machine = driver("nvml", cuda="12020", gpus=H100, fail="init")
    assert machine.source == "nvidia-smi"
    assert any("NVML does not start" in line for line in machine.seen)


def test_a_library_that_lacks_a_function_leaves_the_question_to_the_next(driver, tmp_path):
    """That of an old driver: the very one that is to be named as too old."""
    write_kernel_files(tmp_path, "390.157")
    machine = driver("old nvml", cuda="9010", gpus="Quadro K620:5.0")
    assert (machine.source, machine.driver, machine.cuda) == ("kernel files", "390.157", None)
    assert any("NVML: too old" in line for line in machine.seen)


@pytest.mark.parametrize("kind", ["nvml", "libcuda"])
def test_a_library_that_counts_no_gpu_is_believed(driver, tmp_path, kind):
    """A virtual machine with the driver and without the card."""
    write_kernel_files(tmp_path, "535.104.05")
    assert not driver(kind, cuda="12020", gpus="").has_nvidia


def test_what_a_library_prints_is_no_answer(driver):
    assert driver("nvml", cuda="12020", gpus=H100, fail="noise").capabilities == ((9, 0),)


def test_a_library_that_crashes_takes_only_the_child_with_it(driver):
    machine = driver("nvml", cuda="12020", gpus=H100, fail="crash")
    assert machine == Machine(machine.system, machine.machine, seen=machine.seen)
    assert "failed" in machine.seen[0]
    assert not machine.complete


@pytest.mark.parametrize(("fail", "timeout"), [("crash", 15), ("hang", 0.4)])
def test_a_broken_driver_is_no_machine_without_a_gpu(driver, tmp_path, fail, timeout):
    """A CPU build for good would be the price."""
    write_kernel_files(tmp_path, "535.104.05")
    started = time.monotonic()
    machine = driver("nvml", cuda="12020", gpus=H100, fail=fail, timeout=timeout)
    assert time.monotonic() - started < 10
    assert (machine.source, machine.driver, machine.cuda) == ("kernel files", "535.104.05", (12, 0))
    assert "failed" in machine.seen[0]
    assert not machine.complete


def test_a_child_that_no_signal_reaches_is_left_behind(monkeypatch):
    """Inside a broken driver a process cannot be killed: nobody waits for it for ever."""
    waited: list[float | None] = []

    class Stuck(subprocess.Popen):  # type: ignore[type-arg]
        def wait(self, timeout: float | None = None) -> int:
            waited.append(timeout)
            code = super().wait(timeout=5)
            if timeout == machine_module._KILLED_WITHIN:
                raise subprocess.TimeoutExpired("child", timeout)
            return code

    monkeypatch.setattr(subprocess, "Popen", Stuck)
    with pytest.raises(subprocess.TimeoutExpired):
        machine_module._ask(sys.executable, [], 0.0)
    assert waited
    assert None not in waited


def test_an_interpreter_that_cannot_be_run_has_seen_nothing(tmp_path):
    machine = ask_machine(str(tmp_path / "python"))
    assert not machine.has_accelerator
    assert not machine.complete
    assert machine.machine


# nvidia-smi


def fake_smi(tmp_path: Path, rows: str, cuda: str = "12.4", *, code: int = 0) -> None:
    (tmp_path / "bin").mkdir(exist_ok=True)
    smi = tmp_path / "bin" / "nvidia-smi"
    banner = f"| NVIDIA-SMI 550.54.14   Driver Version: 550.54.14   CUDA Version: {cuda} |"
    smi.write_text(f'#!/bin/sh\ncase "$*" in *query*) printf "{rows}\\n";; *) echo "{banner}";; esac\nexit {code}\n')
    smi.chmod(0o755)


def smi_says(monkeypatch, tmp_path: Path) -> Machine:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    answer, _ = detect_accelerator.ask_nvidia_smi()
    nvidia = None if answer is None else {**answer, "source": "nvidia-smi"}
    return read_answer({"system": "Linux", "machine": "x86_64", "nvidia": nvidia})


def test_nvidia_smi_with_several_gpus(monkeypatch, tmp_path):
    rows = r"NVIDIA GeForce RTX 3090, 550.54.14, 8.6\nOdd, with a comma, 550.54.14, 6.1"
    fake_smi(tmp_path, rows)
    machine = smi_says(monkeypatch, tmp_path)
    assert (machine.cuda, machine.capabilities) == ((12, 4), ((8, 6), (6, 1)))
    assert machine.names == ("NVIDIA GeForce RTX 3090", "Odd, with a comma")


def test_an_nvidia_smi_without_a_cuda_version_leaves_the_number(monkeypatch, tmp_path):
    fake_smi(tmp_path, "Tesla T4, 450.80.02, 7.5", "N/A")
    assert smi_says(monkeypatch, tmp_path).cuda == (11, 0)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("NVIDIA-SMI has failed because it could not communicate with the driver.", 9),
        ("garbage", 0),
        ("", 0),
        ("NVIDIA A100, 535.104.05, 8.0", 1),
        ("NVIDIA A100, [N/A], [N/A]", 0),
    ],
)
def test_an_nvidia_smi_that_says_nothing_counts_as_none(monkeypatch, tmp_path, rows, code):
    fake_smi(tmp_path, rows, code=code)
    assert not smi_says(monkeypatch, tmp_path).has_nvidia


def test_an_nvidia_smi_that_hangs_is_given_up(monkeypatch, tmp_path):
    fake_smi(tmp_path, "x")
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nkill -STOP $$\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(detect_accelerator, "_SMI_TIMEOUT", 0.1)
    assert detect_accelerator.ask_nvidia_smi() == (None, "no nvidia-smi (TimeoutExpired)")


def test_wsl_takes_cuda_from_the_driver_not_from_its_number():
    nvidia = {"driver": "551.61", "cuda": [12, 4], "gpus": [], "source": "NVML"}
    assert read_answer({"system": "Linux", "machine": "x86_64", "nvidia": nvidia}).cuda == (12, 4)


# the kernel's files


def test_kernel_files_count_only_with_the_device(driver, tmp_path):
    write(tmp_path, "/sys/module/nvidia/version", "535.104.05\n")
    assert detect_accelerator.ask_kernel(str(tmp_path))[0] is None, "a container without access sees the host's /sys"
    write(tmp_path, "/dev/nvidiactl")
    machine = driver()
    assert (machine.source, machine.driver, machine.cuda) == ("kernel files", "535.104.05", (12, 0))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n", "580.65.06"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  Tue Jul 13 16:14:05 UTC 2021\n", "470.57.02"),
        ("NVRM version: something else\n", None),
    ],
)
def test_the_driver_file_in_proc(tmp_path, text, number):
    write(tmp_path, "/dev/nvidiactl")
    write(tmp_path, "/proc/driver/nvidia/version", text)
    answer, _ = detect_accelerator.ask_kernel(str(tmp_path))
    assert (answer and answer["driver"]) == number


@pytest.mark.parametrize(
    ("number", "name"),
    [(90402, "gfx942"), (90010, "gfx90a"), (110000, "gfx1100"), (120001, "gfx1201"), (100306, "gfx1036")],
)
def test_the_names_of_amd_targets(number, name):
    assert detect_accelerator.name_gfx(number) == name


def test_amd(driver, tmp_path):
    nodes = "/sys/class/kfd/kfd/topology/nodes"
    write(tmp_path, f"{nodes}/0/properties", "cpu_cores_count 64\ngfx_target_version 0\n")
    write(tmp_path, f"{nodes}/1/properties", "simd_count 304\ngfx_target_version 90402\n")
    write(tmp_path, f"{nodes}/2/properties", "gfx_target_version nonsense\n")
    assert detect_accelerator.ask_kfd(str(tmp_path)) == [], "without the device"
    write(tmp_path, "/dev/kfd")
    machine = driver()
    assert (machine.amd, machine.has_nvidia) == (("gfx942",), False)
    assert machine.described() == "AMD gfx942"


def test_a_jetson(driver, tmp_path):
    write(tmp_path, "/etc/nv_tegra_release", "# R36 (release), REVISION: 4.0")
    assert driver().tegra


def test_nothing(driver):
    machine = driver()
    assert not machine.has_accelerator
    assert "no GPU" in machine.described()
    assert machine.complete


@pytest.mark.parametrize(
    ("number", "system", "cuda"),
    [
        ("580.65.06", "Linux", (13, 0)),
        ("579.99", "Linux", (12, 0)),
        ("525.60.13", "Linux", (12, 0)),
        ("525.60.12", "Linux", (11, 0)),
        ("450.80.01", "Linux", None),
        ("528.33", "Windows", (12, 0)),
        ("528.32", "Windows", (11, 0)),
        ("580.88", "Windows", (13, 0)),
        (None, "Linux", None),
    ],
)
def test_what_a_number_alone_promises(number, system, cuda):
    assert cuda_of_driver(number, system) == cuda
