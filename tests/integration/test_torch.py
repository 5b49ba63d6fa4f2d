"""The PyTorch family from its channel, pinned: the miniature index beside a main index with newer builds."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from isolated_environment import Index, TorchIndex, errors
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.torch_pages import TorchPages
from tests.support.torch_world import (  # noqa: F401 -- fixtures
    PIP_SLOWLY,
    main_directory,
    main_index,
    pages,
    pages_directory,
    torch_of,
    versions_of,
)


def spoil_receipt(env) -> None:
    """Make the next use rebuild."""
    receipt = env.root / "isolated-environment.json"
    receipt.write_text(receipt.read_text().replace('"size": ', '"size": 1'))


def test_the_seed_program_keeps_its_build_throughout(make, toolchain, pages, main_index):  # noqa: F811
    env = make(toolchain=toolchain)
    env.pip_install("torch==2.1.2", pages.channel_url("cu121"))
    assert torch_of(env) == "2.1.2+cu121 12.1"
    env.pip_install("whisperlike")
    assert torch_of(env) == "2.1.2+cu121 12.1"
    assert versions_of(env)["tinydep"] == "2.0", "ordinary projects come from the main index"
    env.upgrade()
    assert torch_of(env) == "2.1.2+cu121 12.1"
    spoil_receipt(env)
    again = make(toolchain=toolchain)
    assert torch_of(again) == "2.1.2+cu121 12.1"
    mapping = again.environment(PIP_INDEX_URL=main_index.url, UV_DEFAULT_INDEX=main_index.url)
    for command in (["pip", "install", "torch"], ["uv", "pip", "install", "-U", "torch"]):
        subprocess.run(command, env=mapping, check=False, capture_output=True)
        assert torch_of(again) == "2.1.2+cu121 12.1", command
    assert pages.pages_asked() == {"torch"}
    receipt = json.loads((again.root / "isolated-environment.json").read_text())
    assert receipt["torch"]["versions"] == {"torch": "2.1.2+cu121"}
    assert "2.1.2+cu121" in (again.root / "pylock.toml").read_text()


@PIP_SLOWLY
def test_an_unpinned_torch_is_the_channel_s_newest_and_partners_go_with_it(make, toolchain, pages, main_index):  # noqa: F811
    env = make(["torch", "torchvision"], torch=TorchIndex("cu121"), toolchain=toolchain)
    assert versions_of(env)["torch"] == "2.5.1+cu121"
    assert versions_of(env)["torchvision"] == "0.20.1+cu121"


@PIP_SLOWLY
def test_members_that_only_come_along_are_bound_too(make, toolchain, pages, main_index):  # noqa: F811
    env = make(["whisperlike", "speech", "visionary"], torch="cu121", toolchain=toolchain)
    found = versions_of(env)
    assert found["torch"] == "2.5.1+cu121"
    assert found["torchaudio"] == "2.5.1+cu121", "by the table: torchaudio 2.11.0 names no torch"
    assert found["torchvision"] == "0.20.1+cu121"


@PIP_SLOWLY
def test_a_partner_decides_which_torch(make, toolchain, pages, main_index):  # noqa: F811
    env = make(["torchvision==0.16.2"], torch="cu121", toolchain=toolchain)
    assert versions_of(env)["torch"] == "2.1.2+cu121"


@PIP_SLOWLY
def test_a_later_requirement_that_contradicts_fails_with_both_sides(make, toolchain, pages, main_index):  # noqa: F811
    env = make(toolchain=toolchain).pip_install("torch==2.1.2", pages.channel_url("cu121"))
    del pages.requests[:]
    with pytest.raises(errors.TorchConflictError) as caught:
        env.pip_install("needsnew")
    assert "needsnew" in str(caught.value)
    assert "2.1.2" in str(caught.value)
    assert torch_of(env) == "2.1.2+cu121 12.1"
    assert pages.wheels_fetched() == []


@PIP_SLOWLY
def test_a_partner_that_comes_later_goes_with_the_pin(make, toolchain, pages, main_index):  # noqa: F811
    """The main index has only one that goes with another torch."""
    env = make(toolchain=toolchain).pip_install("torch==2.1.2", pages.channel_url("cu121"))
    env.pip_install("visionary")
    assert versions_of(env)["torchvision"] == "0.16.2+cu121"
    assert torch_of(env) == "2.1.2+cu121 12.1"


@PIP_SLOWLY
def test_a_main_index_without_pytorch(make, toolchain, pages, main_directory, tmp_path, monkeypatch):  # noqa: F811
    names = ("whisperlike", "speech", "tinydep", "triton")
    shutil.copytree(
        main_directory, tmp_path / "main", ignore=lambda _, found: [f for f in found if not f.startswith(names)]
    )
    with PackageIndex(tmp_path / "main").running() as running:
        monkeypatch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", running.url)
        env = make(["whisperlike", "speech"], torch="cu121", toolchain=toolchain)
        assert torch_of(env) == "2.5.1+cu121 12.1"
        assert versions_of(env)["torchaudio"] == "2.5.1+cu121"


@PIP_SLOWLY
def test_asking_for_another_torch_keeps_the_channel(make, toolchain, pages, main_index):  # noqa: F811
    env = make(toolchain=toolchain).pip_install("torch==2.1.2", pages.channel_url("cu121"))
    env.pip_install("torch>=2.2")
    assert torch_of(env) == "2.5.1+cu121 12.1"
    env.pip_install("torch==2.1.2", TorchIndex("cpu"))
    assert torch_of(env) == "2.1.2+cpu None"


@pytest.mark.slow
def test_the_same_lock_with_both_toolchains(make, pages, main_index):  # noqa: F811
    digests = set()
    for name in ("uv", "pip"):
        env = make(["torch==2.1.2", "speech"], torch="cu121", name=name, toolchain=name)
        env.ensure()
        receipt = json.loads((env.root / "isolated-environment.json").read_text())
        digests.add((receipt["lock"], receipt["digest"], json.dumps(receipt["torch"], sort_keys=True)))
    assert len(digests) == 1


@pytest.mark.parametrize("ways", [{"sidecars": False}, {"sidecars": False, "hashes": False}])
@PIP_SLOWLY
def test_pages_without_sidecars_or_hashes(make, toolchain, pages_directory, main_index, ways):  # noqa: F811
    with TorchPages(pages_directory, **ways).running() as plain:
        env = make(["torch==2.1.2"], torch=TorchIndex("cu121", base_url=plain.base_url), toolchain=toolchain)
        assert torch_of(env) == "2.1.2+cu121 12.1"


@PIP_SLOWLY
def test_a_directory_of_the_same_layout_is_a_mirror(make, toolchain, pages_directory, main_index, monkeypatch):  # noqa: F811
    env = make(["torch==2.1.2"], torch=TorchIndex("cu121", base_url=pages_directory), toolchain=toolchain)
    assert torch_of(env) == "2.1.2+cu121 12.1"
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_URL", str(pages_directory))
    other = make(["torch==2.1.2"], torch="cu118", name="other", toolchain=toolchain)
    assert torch_of(other) == "2.1.2+cu118 11.8"


@PIP_SLOWLY
def test_other_accelerators_bring_their_own_family(make, toolchain, pages, main_index):  # noqa: F811
    env = make(["torch"], torch="rocm6.4", toolchain=toolchain)
    assert versions_of(env) == {"torch": "2.8.0+rocm6.4", "pytorch-triton-rocm": "3.4.0"}
    assert versions_of(make(["torch"], torch="xpu", name="xpu", toolchain=toolchain)) == {"torch": "2.5.1+xpu"}


@PIP_SLOWLY
def test_the_torch_index_serves_the_family_alone(make, toolchain, pages, main_index):  # noqa: F811
    """Dependency confusion, both ways: a higher version on the torch index, a private name on the main one."""
    env = make(["torch==2.1.2", "tinydep"], torch="cu121", toolchain=toolchain)
    assert versions_of(env)["tinydep"] == "2.0", "99.0 on the torch index is not looked at"
    assert pages.pages_asked() == {"torch"}


@PIP_SLOWLY
def test_a_private_index_beside_the_channel(make, toolchain, pages, main_index, tmp_path):  # noqa: F811
    make_wheel(tmp_path / "private", "secret", "1.0", requires=["torch"])
    with PackageIndex(tmp_path / "private").running() as private:
        env = make(
            ["secret", "torch==2.1.2"], torch="cu121", indexes=[Index(private.url, ["secret"])], toolchain=toolchain
        )
        assert versions_of(env)["secret"] == "1.0"
        assert torch_of(env) == "2.1.2+cu121 12.1"


@pytest.mark.slow
def test_a_bare_pip_and_uv_inside_cannot_replace_it(make, pages, main_index):  # noqa: F811
    env = make(["torch==2.1.2"], torch="cu121")
    mapping = env.environment(PIP_INDEX_URL=main_index.url, UV_DEFAULT_INDEX=main_index.url)
    for command in (
        ["pip", "install", "-U", "torch"],
        ["pip", "install", "needsnew"],
        ["pip", "install", "--force-reinstall", "torch"],
        ["uv", "pip", "install", "-U", "torch"],
        ["uv", "pip", "install", "needsnew"],
        ["uv", "pip", "install", "--reinstall", "torch"],
    ):
        subprocess.run(command, env=mapping, check=False, capture_output=True)
        assert torch_of(env) == "2.1.2+cu121 12.1", command
    plain = subprocess.run(
        [env.bin / "pip", "install", "--index-url", main_index.url, "needsnew"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert plain.returncode != 0, "pip.conf of the environment counts without our mapping too"
    assert torch_of(env) == "2.1.2+cu121 12.1"
    done = subprocess.run(["pip", "install", "whisperlike"], env=mapping, check=True, capture_output=True, text=True)
    assert done.returncode == 0, "what fits can be installed"


@PIP_SLOWLY
def test_a_build_that_is_not_the_pinned_one_is_an_install_error(make, toolchain, pages_directory, main_index, tmp_path):  # noqa: F811
    """A mirror whose wheel says one thing in its name and another inside."""
    lying = tmp_path / "lying"
    shutil.copytree(pages_directory / "cpu" / "torch", lying / "cu121" / "torch")
    for wheel in list((lying / "cu121" / "torch").iterdir()):
        wheel.rename(wheel.with_name(wheel.name.replace("+cpu", "+cu121")))
    with TorchPages(lying).running() as running:
        env = make(["torch==2.1.2"], torch=TorchIndex("cu121", base_url=running.base_url), toolchain=toolchain)
        with pytest.raises(errors.BuildError):
            env.ensure()
    assert not env.installed()


@PIP_SLOWLY
def test_a_cpu_build_under_the_label_of_a_cuda_one_is_an_install_error(make, toolchain, main_index, tmp_path):  # noqa: F811
    """Name and metadata are right; what torch would say of itself is not."""
    files = {"torch/__init__.py": "", "torch/version.py": "__version__ = '2.1.2+cpu'\ncuda = None\n"}
    make_wheel(tmp_path / "mirror" / "cu121" / "torch", "torch", "2.1.2+cu121", files=files)
    env = make(["torch==2.1.2"], torch=TorchIndex("cu121", base_url=tmp_path / "mirror"), toolchain=toolchain)
    with pytest.raises(errors.VerificationError) as caught:
        env.ensure()
    assert any("2.1.2+cpu" in line and "2.1.2+cu121" in line for line in caught.value.damage)
    assert not env.installed()
