"""Binding an order: what is asked, what comes along, what it must agree with, and who may see the credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from isolated_environment.ask_input import AskInput
from isolated_environment.errors import TorchConflictError
from isolated_environment.index import Index
from isolated_environment.settings import Settings
from isolated_environment.testing.wheels import make_wheel
from isolated_environment.torch_index import binding
from isolated_environment.torch_index.binding import Binder
from isolated_environment.torch_index.pin import TorchPin
from isolated_environment.torch_source import TorchSource
from tests.support.machines import H100
from tests.support.orders import locked, order

CHANNELS = {"cu118": ("2.0.1", "2.1.2"), "cu121": ("2.1.2", "2.5.1"), "cu130": ("2.15.0",), "cpu": ("2.1.2",)}
PAIRS = {"2.0.1": ("0.15.2", "2.0.2"), "2.1.2": ("0.16.2", "2.1.2"), "2.5.1": ("0.20.1", "2.5.1")}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the layout of the index."""
    directory = tmp_path_factory.mktemp("whl")
    for channel, versions in CHANNELS.items():
        for torch in versions:
            make_wheel(directory / channel / "torch", "torch", f"{torch}+{channel}")
            for name, version in zip(("torchvision", "torchaudio"), PAIRS.get(torch, ()), strict=False):
                make_wheel(directory / channel / name, name, f"{version}+{channel}")
    rocm = directory / "rocm6.4"
    make_wheel(
        rocm / "torch",
        "torch",
        "2.8.0+rocm6.4",
        requires=["pytorch-triton-rocm", "rocm-gone ; sys_platform == 'win32'", "rocm-more ; extra == 'more'", "numpy"],
    )
    make_wheel(rocm / "pytorch-triton-rocm", "pytorch-triton-rocm", "3.4.0", requires=["rocm-sdk"])
    make_wheel(rocm / "rocm-sdk", "rocm-sdk", "7.0", requires=["pytorch-triton-rocm", "torch"])
    return directory


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    monkeypatch.setattr(binding, "see_machine", lambda *_: H100)


def binder(mirror: Path, channel: str, *requirements: str, recorded: TorchPin | None = None, **changes) -> Binder:
    changes = {"settings": Settings(torch_url=str(mirror)), **changes}
    return Binder(order(AskInput(list(requirements)), **changes), TorchSource(channel), recorded)


def pinned(found: Binder) -> dict[str, str]:
    assert found.pin is not None
    return dict(found.pin.versions)


def test_who_asks_for_nothing_of_the_family_is_not_bound(mirror):
    found = binder(mirror, "cu121", "numpy")
    assert found.bind() is found.bind()
    assert found.pin is None
    assert found.extend(locked("numpy")) is None
    assert found.settled(locked("numpy")) is None


def test_what_is_asked_is_pinned_and_bound_to_the_channel_alone(mirror):
    found = binder(mirror, "cu121", "torch==2.1.2", "numpy")
    bound = found.bind()
    assert pinned(found) == {"torch": "2.1.2+cu121"}
    (index,) = bound.content.explicit_indexes
    assert (index.url, index.projects) == ((mirror / "cu121").as_uri(), ("torch",))
    assert [item.text for item in bound.content.all_constraints] == ["torch==2.1.2+cu121"]
    assert bound.widened == ()


def test_torch_comes_with_its_partners_pair(mirror):
    found = binder(mirror, "cu121", "torchaudio")
    assert pinned_after(found) == {"torch": "2.5.1+cu121", "torchaudio": "2.5.1+cu121"}
    assert found.bind().widened == ("torch",)


def pinned_after(found: Binder) -> dict[str, str]:
    found.bind()
    return pinned(found)


def test_a_partner_decides_which_torch_and_which_channel(mirror):
    assert pinned_after(binder(mirror, "cu121", "torchvision==0.16.2"))["torch"] == "2.1.2+cu121"
    assert pinned_after(binder(mirror, "auto", "torchvision==0.16.2"))["torch"] == "2.1.2+cu121"
    assert pinned_after(binder(mirror, "auto", "torchaudio<2.1"))["torch"] == "2.0.1+cu118"


def test_constraints_count_also_for_what_nobody_asked_by_name(mirror):
    found = binder(mirror, "cu121", "app", constraints=["torch<2.2"])
    assert found.bind() is not None
    bound = found.extend(locked("app", "torch"))
    assert bound is not None
    assert pinned(found) == {"torch": "2.1.2+cu121"}


def test_requirements_and_constraints_of_another_platform_do_not_count(mirror):
    asked = ["torch==9 ; sys_platform == 'none'", "torch==2.1.2"]
    found = binder(mirror, "cu121", *asked, constraints=["torch==8 ; sys_platform == 'none'"])
    assert pinned_after(found) == {"torch": "2.1.2+cu121"}
    assert binder(mirror, "cu121", "torch ; sys_platform == 'none'").bind().content.explicit_indexes == ()


def test_what_comes_along_is_bound_too_until_nothing_new_comes(mirror):
    found = binder(mirror, "cu121", "app")
    found.bind()
    bound = found.extend(locked("app", "torchaudio"))
    assert bound is not None
    assert pinned(found) == {"torch": "2.5.1+cu121", "torchaudio": "2.5.1+cu121"}
    assert bound.widened == ("torch", "torchaudio")
    assert found.extend(locked("app", "torch", "torchaudio")) is None


def test_a_direct_reference_says_itself_where_it_comes_from(mirror):
    found = binder(mirror, "cu121", "torch @ https://h/torch-9-py3-none-any.whl")
    found.bind()
    assert found.pin is None
    assert found.extend(locked("torch")) is None
    beside = binder(mirror, "cu121", "torch==2.1.2", "torchaudio @ https://h/torchaudio-9-py3-none-any.whl")
    assert pinned_after(beside) == {"torch": "2.1.2+cu121"}
    assert beside.extend(locked("torch", "torchaudio")) is None


def test_members_that_only_the_channel_has_are_bound_before_anything_is_resolved(mirror):
    """The markers are those of this platform, and what needs each other is no endless loop."""
    found = binder(mirror, "rocm6.4", "torch")
    bound = found.bind()
    assert bound.content.explicit_indexes[0].projects == ("pytorch-triton-rocm", "rocm-sdk", "torch")
    assert pinned(found) == {"torch": "2.8.0+rocm6.4"}


def test_the_recorded_pin_is_kept_except_for_what_is_upgraded(mirror):
    recorded = TorchPin("cu121", "https://before/cu121", {"torch": "2.1.2+cu121"}, ("cu121: fits",), "seen")
    assert pinned_after(binder(mirror, "cu121", "torch", recorded=recorded)) == {"torch": "2.1.2+cu121"}
    one = binder(mirror, "cu121", "torch", recorded=recorded, upgrade=frozenset({"torch"}))
    assert pinned_after(one) == {"torch": "2.5.1+cu121"}
    every = binder(mirror, "cu121", "torch", recorded=recorded, upgrade=None)
    assert pinned_after(every) == {"torch": "2.5.1+cu121"}
    auto = binder(mirror, "auto", "torch", recorded=recorded)
    auto.bind()
    assert auto.pin is not None
    assert (auto.pin.channel, auto.pin.reasons, auto.pin.machine) == ("cu121", ("cu121: fits",), "seen")


def test_what_was_resolved_is_what_is_recorded(mirror):
    found = binder(mirror, "cu121", "torch==2.1.2")
    found.bind()
    with pytest.raises(TorchConflictError) as caught:
        found.settled(locked("torch"))
    assert (caught.value.pin, caught.value.requirement) == ("torch==2.1.2+cu121", "torch==1.0")
    settled = found.settled(locked("xformers", "numpy"))
    assert settled is not None
    assert settled.versions == {"torch": "2.1.2+cu121", "xformers": "1.0"}


def test_a_channel_that_a_directory_does_not_have_is_passed_over(mirror, tmp_path):
    (tmp_path / "whl").mkdir()
    (tmp_path / "whl" / "cu121").symlink_to(mirror / "cu121")
    found = binder(tmp_path / "whl", "auto", "torch")
    assert pinned_after(found) == {"torch": "2.5.1+cu121"}


# credentials


@pytest.fixture
def reads(monkeypatch):
    """What is asked of an index, and with which credentials."""
    asked: list[Index] = []

    def read(index, project, settings):
        asked.append(index)
        return []

    monkeypatch.setattr(binding, "read_project", read)
    return asked


def secret_of(index: Index) -> str | None:
    return None if index.credentials is None else index.credentials.password


def test_the_credentials_of_the_user_s_mirror_reach_it_and_nothing_else(reads):
    """``ISOLATED_ENVIRONMENT_TORCH_URL`` may hold them."""
    settings = Settings(torch_url="https://user:s3cret@mirror.example/whl/")
    found = binder(Path(), "cu121", "torch", settings=settings)
    with pytest.raises(LookupError) as caught:
        found.bind()
    assert "s3cret" not in str(caught.value)
    (index,) = reads
    assert (index.url, secret_of(index)) == ("https://mirror.example/whl/cu121", "s3cret")


def test_no_credentials_in_what_is_recorded(mirror, monkeypatch):
    from isolated_environment.repository import read_project

    def read(index, project, settings):
        assert secret_of(index) == "s3cret"
        return read_project(Index(mirror / "cu121", default=True), project, settings)

    monkeypatch.setattr(binding, "read_project", read)
    settings = Settings(torch_url="https://user:s3cret@mirror.example/whl")
    found = binder(mirror, "cu121", "torch==2.1.2", settings=settings)
    bound = found.bind()
    assert found.pin is not None
    assert "s3cret" not in str(found.pin.as_json())
    assert secret_of(bound.content.explicit_indexes[0]) == "s3cret", "the installer needs them"


def test_the_application_s_base_comes_before_the_user_s(reads):
    source = TorchSource("cu121", "https://app:own@app.example/whl")
    found = Binder(order(AskInput(["torch"]), settings=Settings(torch_url="https://mirror.example")), source, None)
    with pytest.raises(LookupError):
        found.bind()
    assert [(index.url, secret_of(index)) for index in reads] == [("https://app.example/whl/cu121", "own")]
