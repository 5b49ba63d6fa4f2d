"""Say which accelerators this machine has, as JSON: ``python -I detect_accelerator.py [ROOT [files]]``.

Runs in a process of its own: a broken driver can hang or abort, and ``cuInit`` keeps state that no fork may inherit.
ROOT is what ``/proc``, ``/sys``, ``/dev`` and ``/etc`` are looked for below; tests give their own.  With ``files`` no
driver's library is loaded and no program run: the kernel's files alone are read.

Asked in turn, the first that answers counts: NVML, libcuda, ``nvidia-smi``, the kernel's files; then AMD's KFD.
A library that starts and counts no GPU is believed: a module that is loaded is no GPU.
``cuDriverGetVersion`` and NVML's CUDA version are the key, not the driver's number: WSL reports the one of Windows.
"""

from __future__ import annotations

import ctypes
import glob
import json
import os
import platform
import re
import subprocess
import sys
from typing import Any, Callable, Dict, Optional, Tuple

#: What was found, or why nothing was.
Answer = Tuple[Optional[Dict[str, Any]], Optional[str]]

_WSL = "/usr/lib/wsl/lib"
_SMI_TIMEOUT = 10  # seconds

_NO_GPU = "counts no GPU"

# CUdevice_attribute (cuda.h): compute capability, major and minor
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76
_CUDA_NO_DEVICE = 100


def load(names: list[str]) -> Any:
    """Return the first library that can be loaded, or None."""
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def ask_nvml(names: list[str]) -> Answer:
    """Ask the management library: driver, CUDA version, every GPU with name and capability."""
    library = load(names)
    if library is None:
        return None, "no NVML library"
    code = library.nvmlInit_v2()
    if code != 0:
        return None, "NVML does not start (error {})".format(code)
    try:
        text = ctypes.create_string_buffer(96)
        number = ctypes.c_int()
        count = ctypes.c_uint()
        driver = text.value.decode() if library.nvmlSystemGetDriverVersion(text, 96) == 0 else None
        cuda = number.value if library.nvmlSystemGetCudaDriverVersion(ctypes.byref(number)) == 0 else None
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return None, "NVML does not count the GPUs"
        gpus = [ask_nvml_device(library, index) for index in range(count.value)]
    finally:
        library.nvmlShutdown()
    if not gpus:
        return None, _NO_GPU
    return {"driver": driver, "cuda": split_cuda(cuda), "gpus": gpus}, None


def ask_nvml_device(library: Any, index: int) -> dict[str, Any]:
    """Name and compute capability of one GPU."""
    handle = ctypes.c_void_p()
    name = ctypes.create_string_buffer(96)
    major, minor = ctypes.c_int(), ctypes.c_int()
    if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
        return {"name": None, "capability": None}
    library.nvmlDeviceGetName(handle, name, 96)
    code = library.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor))
    return {
        "name": name.value.decode("utf-8", "replace") or None,
        "capability": [major.value, minor.value] if code == 0 else None,
    }


def ask_libcuda(names: list[str]) -> Answer:
    """Ask the driver itself: containers without the ``utility`` capability have no NVML."""
    library = load(names)
    if library is None:
        return None, "no libcuda"
    number, count = ctypes.c_int(), ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(number)) != 0:
        return None, "libcuda does not tell its version"
    code = library.cuInit(0)
    if code == _CUDA_NO_DEVICE:
        return None, _NO_GPU
    if code != 0:
        return None, "libcuda does not start (error {})".format(code)
    library.cuDeviceGetCount(ctypes.byref(count))
    gpus = []
    for index in range(count.value):
        device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        name = ctypes.create_string_buffer(96)
        code = library.cuDeviceGet(ctypes.byref(device), index)
        library.cuDeviceGetName(name, 96, device)
        code = code or library.cuDeviceGetAttribute(ctypes.byref(major), _CAPABILITY_MAJOR, device)
        code = code or library.cuDeviceGetAttribute(ctypes.byref(minor), _CAPABILITY_MINOR, device)
        capability = [major.value, minor.value] if code == 0 else None
        gpus.append({"name": name.value.decode("utf-8", "replace") or None, "capability": capability})
    if not gpus:
        return None, _NO_GPU
    return {"driver": None, "cuda": split_cuda(number.value), "gpus": gpus}, None


def ask_nvidia_smi() -> Answer:
    """Ask the command: its exit code and content count, never that it exists; every line is a GPU."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            query, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_SMI_TIMEOUT
        )
        banner = subprocess.run(
            query[:1], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_SMI_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, "no nvidia-smi ({})".format(type(error).__name__)
    if answer.returncode != 0:
        return None, "nvidia-smi ends with {}".format(answer.returncode)
    gpus, driver = [], None
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        match = re.match(r"^(.*),\s*(\d+[\d.]*)\s*,\s*(\d+)\.(\d+)\s*$", line)
        if match:
            driver = match[2]
            gpus.append({"name": match[1].strip(), "capability": [int(match[3]), int(match[4])]})
    if not gpus:
        return None, "nvidia-smi says nothing that can be read"
    cuda = re.search(rb"CUDA Version:\s*(\d+)\.(\d+)", banner.stdout)
    return {"driver": driver, "cuda": [int(cuda[1]), int(cuda[2])] if cuda else None, "gpus": gpus}, None


def ask_kernel(root: str) -> Answer:
    """Read the kernel's files: the driver's number only, and only together with the control device.

    ``/sys`` is the host's: a container without access to a GPU sees the module too.
    """
    if not os.path.exists(root + "/dev/nvidiactl"):
        return None, "no NVIDIA device file"
    for path, pattern in (
        ("/sys/module/nvidia/version", r"^(\d+[\d.]*)"),
        ("/proc/driver/nvidia/version", r"Module\s+(?:for \S+\s+)?(\d+\.[\d.]+)"),
    ):
        match = re.search(pattern, read(root + path))
        if match:
            return {"driver": match[1], "cuda": None, "gpus": []}, None
    return None, "no NVIDIA kernel module"


def ask_kfd(root: str) -> list[str]:
    """Read AMD's topology: the gfx target of every GPU, without any ROCm package."""
    if not os.path.exists(root + "/dev/kfd"):
        return []
    targets = []
    for path in sorted(glob.glob(root + "/sys/class/kfd/kfd/topology/nodes/*/properties")):
        match = re.search(r"^gfx_target_version\s+(\d+)$", read(path), re.MULTILINE)
        if match and int(match[1]):
            targets.append(name_gfx(int(match[1])))
    return targets


def name_gfx(number: int) -> str:
    """Return the target's name: 110000 is gfx1100, 90010 is gfx90a."""
    major, minor, step = number // 10000, number // 100 % 100, number % 100
    return "gfx{}{}{:x}".format(major, minor, step)


def find_intel(names: list[str]) -> bool:
    """Return whether Level Zero can be loaded; a PCI display of vendor 8086 is in most laptops and says nothing."""
    return load(names) is not None


def split_cuda(number: int | None) -> list[int] | None:
    """Return [major, minor] of the number that the driver API uses: 12040 is 12.4."""
    return None if not number else [number // 1000, number % 1000 // 10]


def read(path: str) -> str:
    """Return a small file's text, or nothing."""
    try:
        with open(path) as file:
            return file.read(1 << 16)
    except (OSError, UnicodeDecodeError):
        return ""


def libraries() -> tuple[list[str], list[str], list[str]]:
    """Return the names of NVML, libcuda and Level Zero on this platform, in the order of trying."""
    if sys.platform == "win32":
        system = os.environ.get("SYSTEMROOT", "C:\\Windows") + "\\System32\\"
        return [system + "nvml.dll"], [system + "nvcuda.dll"], ["ze_loader.dll"]
    return (
        ["libnvidia-ml.so.1", _WSL + "/libnvidia-ml.so.1"],
        ["libcuda.so.1", _WSL + "/libcuda.so.1"],
        ["libze_loader.so.1"],
    )


def ask_nvidia(root: str, *, only_files: bool) -> tuple[Optional[Dict[str, Any]], list[str]]:
    """Ask everybody who knows about NVIDIA's GPUs in turn; also return what each said."""
    nvml, libcuda, _ = libraries()
    questions: list[tuple[str, Callable[[], Answer]]] = [
        ("NVML", lambda: ask_nvml(nvml)),
        ("libcuda", lambda: ask_libcuda(libcuda)),
        ("nvidia-smi", ask_nvidia_smi),
        ("kernel files", lambda: ask_kernel(root)),
    ]
    seen, believed = [], False
    for source, ask in questions[3:] if only_files else questions:
        if believed and source == "kernel files":
            continue
        try:
            answer, why_not = ask()
        except AttributeError as error:  # an old driver's library lacks a function
            answer, why_not = None, "too old ({})".format(error)
        seen.append("{}: {}".format(source, why_not or "answers"))
        believed = believed or why_not == _NO_GPU
        if answer is not None:
            return dict(answer, source=source), seen
    return None, seen


def main() -> None:
    """Ask everything in turn and print what was found."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    root = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else ""
    only_files = "files" in sys.argv[2:]
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)  # hides devices from a run, not from the installation
    found: dict[str, Any] = {"system": platform.system(), "machine": platform.machine(), "nvidia": None, "seen": []}
    if sys.platform != "darwin":
        found["nvidia"], found["seen"] = ask_nvidia(root, only_files=only_files)
        found["amd"] = ask_kfd(root)
        found["intel"] = not only_files and find_intel(libraries()[2])
    found["tegra"] = bool(read(root + "/etc/nv_tegra_release"))
    found["wsl"] = "microsoft" in read(root + "/proc/version").lower()
    with answers:
        json.dump(found, answers)


if __name__ == "__main__":
    main()
