"""Reading what installers say when a resolution with a pinned PyTorch fails; their real words."""

from __future__ import annotations

import pytest

from isolated_environment.torch_index.conflicts import conflict_with, members_named
from isolated_environment.torch_index.pin import TorchPin

PIN = TorchPin("cu121", "https://t/whl/cu121", {"torch": "2.1.2+cu121", "torchvision": "0.16.2+cu121"})
UV = """error: No solution found when resolving dependencies
  cause: Because needsnew<=1.0 depends on torch>=2.2 and isolated-environment-request depends on needsnew==1.0, we can
         conclude that isolated-environment-request depends on torch>=2.2.
         And because isolated-environment-request depends on torch==2.1.2+cu121, we can conclude that your requirements
         are unsatisfiable."""
UV_ALL = "Because all versions of top depend on torch>=2.2,<3 and you require top, we can conclude"
PIP = """ERROR: Cannot install -r requirements.txt (line 2) and torch 2.1.2+cu121 (from /p/torch-2.1.2+cu121.whl)
because these package versions have conflicting dependencies.
The conflict is caused by:
    The user requested torch 2.1.2+cu121 (from /p/torch-2.1.2+cu121-py3-none-any.whl)
    fine 1.0 depends on torch>=2
    needsnew 2.0 depends on torch<3 and >=2.3
    The user requested (constraint) torch==2.1.2+cu121"""


@pytest.mark.parametrize(
    ("said", "message", "requirement"),
    [
        (UV, "needsnew needs torch>=2.2, and torch==2.1.2+cu121 is pinned", "torch>=2.2 (from needsnew)"),
        (UV_ALL, "top needs torch>=2.2,<3, and torch==2.1.2+cu121 is pinned", "torch>=2.2,<3 (from top)"),
        (PIP, "needsnew needs torch<3,>=2.3, and torch==2.1.2+cu121 is pinned", "torch<3,>=2.3 (from needsnew)"),
    ],
)
def test_both_sides_are_read(said: str, message: str, requirement: str) -> None:
    error = conflict_with(said, PIN)
    assert error is not None
    assert error.message == message
    assert (error.pin, error.requirement) == ("torch==2.1.2+cu121", requirement)
    assert "pip_install('torch" in str(error.hint)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Because nosuch was not found in the package registry and you require nosuch",
        "whisperlike depends on torch and torch==2.1.2+cu121",
        "a depends on torch>=2,<3 and b depends on c>=9",
        "a depends on torchvision==0.16.2",
        "a depends on torch>=nonsense!",
        "isolated-environment-request depends on torch>=2.2",
        "a depends on torchaudio>=9",
    ],
)
def test_what_does_not_contradict_the_pin_is_no_conflict(said: str) -> None:
    assert conflict_with(said, PIN) is None


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Because torch was not found in the package registry and a depends on torch", {"torch"}),
        ("ERROR: No matching distribution found for torch", {"torch"}),
        ("torchvision 0.20.0 depends on torch==2.5.0", {"torchvision", "torch"}),
        ("all versions of a depend on torchaudio and b depends on numpy", {"torchaudio"}),
        ("a depends on pytorch-triton-rocm==3", set()),
        ("Processing /x/torch-2.1.2.whl", set()),
    ],
)
def test_the_members_that_a_resolution_named(said: str, names: set[str]) -> None:
    assert members_named(said, "cu121") == names


def test_a_channel_s_own_names_count_there() -> None:
    assert members_named("a depends on pytorch-triton-rocm==3", "rocm6.4") == {"pytorch-triton-rocm"}
