"""What lies in a prefix is the pinned build, or it is said what it is instead; nothing is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from isolated_environment.torch_index.pin import NO_CHANNEL, TorchPin
from isolated_environment.torch_index.verify import read_version_file, verify_torch

CU121 = TorchPin("cu121", "https://h/whl/cu121", {"torch": "2.1.2+cu121"})


def installed(
    site: Path, version: str, *, name: str = "torch", cuda: str | None = None, inside: str | None = None, **more: str
) -> Path:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: 9\n")
    if name == "torch":
        (site / "torch").mkdir(exist_ok=True)
        lines = [
            "from typing import Optional",
            f"__version__ = {inside or version!r}",
            "debug = False",
            f"cuda: Optional[str] = {cuda!r}",
            *(f"{key}: Optional[str] = {value!r}" for key, value in {"hip": None, **more}.items()),
        ]
        (site / "torch" / "version.py").write_text("\n".join(lines))
    return site


def test_the_pinned_build_is_no_damage(tmp_path):
    assert verify_torch(installed(tmp_path, "2.1.2+cu121", cuda="12.1"), CU121) == []


@pytest.mark.parametrize(
    ("version", "cuda", "line"),
    [
        ("2.5.0", "12.4", "torch is 2.5.0, and 2.1.2+cu121 is pinned"),
        ("2.1.2", "12.1", "torch is 2.1.2, and 2.1.2+cu121 is pinned"),
        ("2.1.2+cpu", None, "torch is 2.1.2+cpu, and 2.1.2+cu121 is pinned"),
        ("2.1.2+cu121", None, "torch/version.py says no cuda, and the channel is cu121"),
        ("2.1.2+cu121", "12.4", "torch/version.py says cuda 12.4, and the channel is cu121"),
    ],
)
def test_another_build(tmp_path, version, cuda, line):
    assert line in verify_torch(installed(tmp_path, version, cuda=cuda), CU121)


def test_a_build_that_says_one_thing_outside_and_another_inside(tmp_path):
    damage = verify_torch(installed(tmp_path, "2.1.2+cu121", inside="2.1.2+cpu", cuda="12.1"), CU121)
    assert damage == ["torch/version.py says 2.1.2+cpu, and 2.1.2+cu121 is pinned"]


def test_a_cuda_build_on_the_cpu_channel(tmp_path):
    pin = TorchPin("cpu", "https://h/whl/cpu", {"torch": "2.1.2+cpu"})
    assert verify_torch(installed(tmp_path, "2.1.2+cpu", cuda="12.1"), pin) == [
        "torch/version.py says cuda 12.1, and the channel is cpu"
    ]
    assert verify_torch(installed(tmp_path / "hip", "2.1.2+cpu", hip="6.4"), pin)
    assert verify_torch(installed(tmp_path / "ok", "2.1.2+cpu"), pin) == []


def test_rocm(tmp_path):
    pin = TorchPin("rocm6.4", "https://h/whl/rocm6.4", {"torch": "2.8.0+rocm6.4"})
    assert verify_torch(installed(tmp_path / "a", "2.8.0+rocm6.4", hip="6.4.43482-0f2d60242"), pin) == []
    (line,) = verify_torch(installed(tmp_path / "b", "2.8.0+rocm6.4"), pin)
    assert "no hip" in line


def test_xpu(tmp_path):
    """The word came with torch 2.6: 2.5 has none."""
    pin = TorchPin("xpu", "https://h/whl/xpu", {"torch": "2.5.1+xpu"})
    assert verify_torch(installed(tmp_path / "old", "2.5.1+xpu"), pin) == []
    new = TorchPin("xpu", "https://h/whl/xpu", {"torch": "2.8.0+xpu"})
    assert verify_torch(installed(tmp_path / "new", "2.8.0+xpu", xpu="20250101"), new) == []
    damaged = installed(tmp_path / "none", "2.8.0+xpu")
    version = damaged / "torch" / "version.py"
    version.write_text(version.read_text() + "\nxpu: Optional[str] = None\n")
    assert verify_torch(damaged, new) == ["torch/version.py says no xpu, and the channel is xpu"]


def test_wheels_without_a_label(tmp_path):
    """Those for macOS and old ones for aarch64; those of the main index have one inside alone."""
    bare = TorchPin("cpu", "https://h/whl/cpu", {"torch": "2.1.2"})
    assert verify_torch(installed(tmp_path / "a", "2.1.2"), bare) == []
    assert verify_torch(installed(tmp_path / "b", "2.1.2", inside="2.1.2+cpu"), bare) == []
    main = TorchPin(NO_CHANNEL, None, {"torch": "2.14.0"})
    assert verify_torch(installed(tmp_path / "c", "2.14.0", inside="2.14.0+cu130", cuda="13.0"), main) == []


def test_a_member_of_the_wrong_channel(tmp_path):
    installed(tmp_path, "2.1.2+cu121", cuda="12.1")
    installed(tmp_path, "0.16.2+cpu", name="torchvision")
    installed(tmp_path, "0.0.28", name="xformers")
    assert verify_torch(tmp_path, CU121) == ["torchvision is 0.16.2+cpu, a build for another channel than cu121"]


def test_the_wrong_partner(tmp_path):
    installed(tmp_path, "2.1.2+cu121", cuda="12.1")
    installed(tmp_path, "2.11.0", name="torchaudio")
    pin = CU121.with_versions({"torchaudio": "2.1.2+cu121"})
    assert verify_torch(tmp_path, pin) == ["torchaudio is 2.11.0, and 2.1.2+cu121 is pinned"]


def test_a_pinned_member_that_is_gone(tmp_path):
    tmp_path.joinpath("other-1.0.dist-info").mkdir()
    assert verify_torch(tmp_path, CU121) == ["torch is not there, and 2.1.2+cu121 is pinned"]


def test_two_of_one_are_a_broken_upgrade(tmp_path):
    installed(tmp_path, "2.5.0", cuda="12.4")
    installed(tmp_path, "2.1.2+cu121", cuda="12.1")
    assert verify_torch(tmp_path, CU121) == ["torch is there 2 times: 2.1.2+cu121 and 2.5.0"]


def test_an_installation_that_was_cut_short(tmp_path):
    installed(tmp_path, "2.1.2+cu121", cuda="12.1")
    (tmp_path / "torch" / "version.py").unlink()
    (line,) = verify_torch(tmp_path, CU121)
    assert "cannot be read" in line
    (tmp_path / "torch-2.1.2+cu121.dist-info" / "METADATA").unlink()
    assert "torch is unknown, and 2.1.2+cu121 is pinned" in verify_torch(tmp_path, CU121)


def test_what_does_not_belong_to_the_family_is_not_even_read(tmp_path):
    installed(tmp_path, "2.1.2+cu121", cuda="12.1")
    (tmp_path / "broken-1.0.dist-info").mkdir()
    assert verify_torch(tmp_path, CU121) == []


def test_the_version_file_is_read_and_not_run(tmp_path):
    path = tmp_path / "version.py"
    path.write_text("raise SystemExit\n__version__ = '1'\na = b = 'c'\nd: str\ne = 1 + 1\nf = 5\ng = None\n")
    assert read_version_file(path) == {"__version__": "1", "a": "c", "b": "c", "g": None}


@pytest.mark.parametrize("content", [b"def (", b"\xff\xfe", b"\x00"])
def test_a_version_file_that_cannot_be_read_is_damage(tmp_path, content):
    installed(tmp_path, "2.1.2+cu121", cuda="12.1")
    (tmp_path / "torch" / "version.py").write_bytes(content)
    (line,) = verify_torch(tmp_path, CU121)
    assert line.startswith("torch/version.py cannot be read")
