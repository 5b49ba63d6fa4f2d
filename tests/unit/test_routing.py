"""Named projects come from the index that they are bound to, and from nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.errors import ResolutionError
from isolated_environment.plan import DirectFile
from isolated_environment.routing import unrouted, with_direct_files, with_pages
from isolated_environment.testing.wheels import make_wheel
from tests.support.orders import locked, order


def test_projects_that_came_up_and_belong_to_an_explicit_index() -> None:
    of = order(AskInput(["torch", "other"]), indexes=[Index("https://t", ["torch", "nvidia", "triton"])])
    assert unrouted(of, locked("torch", "other", "nvidia")) == ("nvidia",)
    widened = of.with_widened(("nvidia",))
    assert unrouted(widened, locked("torch", "nvidia", "triton")) == ("triton",)
    assert widened.with_widened(("a",)).widened == ("a", "nvidia")
    assert unrouted(order(AskInput("a")), locked("a", "b")) == ()


@pytest.fixture
def private(tmp_path: Path) -> Index:
    directory = tmp_path / "simple" / "torch"
    for version in ("1.0", "2.0", "3.0rc1"):
        make_wheel(directory, "torch", version)
    return Index(tmp_path / "simple", ["torch", "nvidia"])


def direct(private: Index, *asks: AskInput, **changes: Any) -> dict[str, str]:
    found = with_direct_files(order(*asks, indexes=[private], **changes)).direct
    return {name: item.reference(item.url) for name, item in found.items()}


def test_an_explicit_index_is_resolved_to_one_file(private: Index) -> None:
    found = direct(private, AskInput(["torch[b,a] ; os_name == 'posix'", "other"]))["torch"]
    assert found.startswith("torch[a,b] @ file:///")
    assert found.endswith('/torch/torch-2.0-py3-none-any.whl ; os_name == "posix"'), found
    assert "torch-1.0-" in direct(private, AskInput("torch<2"))["torch"]
    assert "torch-1.0-" in direct(private, AskInput("torch", constraints=["torch!=2.0"]))["torch"]
    assert "torch-3.0rc1-" in direct(private, AskInput("torch", options=["--pre"]))["torch"]
    assert "torch" in direct(private, AskInput("other"), widened=("torch",))
    assert direct(private, AskInput("torch @ https://h/torch.zip")) == {}
    kept = DirectFile("torch", "9", "torch-9.whl", "https://h/torch-9.whl", None)
    assert direct(private, AskInput("torch"), direct={"torch": kept}) == {"torch": "torch @ https://h/torch-9.whl"}


def test_what_only_a_dependency_may_name_is_looked_up_where_it_is_bound_to(private: Index) -> None:
    found = with_direct_files(order(AskInput("other", constraints=["torch<2"]), indexes=[private]))
    assert {name: item.version for name, item in found.direct.items()} == {"torch": "1.0"}
    assert found.unbound == ("nvidia",), "the index does not have it, and no other one is asked"
    assert with_direct_files(order(AskInput("nvidia @ https://h/n.zip"), indexes=[private])).unbound == ()
    assert with_pages(order(AskInput("torch"), indexes=[private])).unbound == ("nvidia",)


def test_what_was_there_is_kept_while_nothing_excludes_it(private: Index) -> None:
    def version(*asks: AskInput, **changes: Any) -> str:
        found = with_direct_files(order(*asks, indexes=[private], preferences=locked("torch"), **changes))
        return found.direct["torch"].version

    assert version(AskInput("torch")) == version(AskInput("other")) == "1.0"
    assert version(AskInput("torch>1")) == version(AskInput("torch", constraints=["torch!=1.0"])) == "2.0"
    assert version(AskInput("torch"), upgrade=frozenset({"torch"})) == version(AskInput("torch"), upgrade=None) == "2.0"


def test_what_is_said_for_another_platform_says_nothing(private: Index) -> None:
    here, there = "sys_platform != 'none'", "sys_platform == 'none'"
    both = AskInput([f"torch==1.0 ; {there}", f"torch==2.0 ; {here}"], constraints=[f"torch<1 ; {there}"])
    assert "torch-2.0-" in direct(private, both)["torch"]
    assert "torch-2.0-" in direct(private, AskInput(f"torch==1.0 ; {there}"))["torch"]


def test_an_explicit_index_without_a_file_that_serves(private: Index) -> None:
    with pytest.raises(ResolutionError, match=r"has no file of torch>=9 for Python"):
        direct(private, AskInput("torch>=9"))
    with pytest.raises(ResolutionError, match="does not have nvidia"):
        direct(private, AskInput("nvidia"))
