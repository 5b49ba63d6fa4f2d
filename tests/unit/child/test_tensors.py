"""Tensors in the processor's memory cross; a stand-in has the members of PyTorch that this takes."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from isolated_environment.child import pickling

np = pytest.importorskip("numpy")

from tests.support import fake_torch  # noqa: E402 - needs numpy


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = fake_torch.module()
    monkeypatch.setitem(sys.modules, "torch", made)
    return made


def crossed(value: Any) -> Any:
    """*value* as it arrives, its large buffers beside the pickle."""
    buffers: list[Any] = []
    data = pickling.dumps(value, 5, buffers)
    return pickling.loads(data, [bytearray(buffer.raw()) for buffer in buffers])


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("float32", np.arange(6, dtype="f4").reshape(2, 3)),
        ("float64", np.array(2.5)),
        ("int64", np.empty((0, 3), "i8")),
        ("bool", np.array([True, False])),
        ("bfloat16", np.arange(4, dtype="u2").view("V2").reshape(2, 2)),
        ("float64", np.arange(30_000.0).reshape(100, 300)),
        ("float32", np.arange(24, dtype="f4").reshape(2, 3, 4).transpose(0, 2, 1)),
        ("float32", np.arange(24, dtype="f4").reshape(4, 6)[::2, ::3]),
        ("float32", np.arange(24, dtype="f4")[::2]),
    ],
    ids=["matrix", "scalar", "empty", "bool", "bfloat16", "large", "channels last", "gaps", "strided"],
)
def test_a_tensor_crosses(torch: ModuleType, name: str, array: Any) -> None:
    arrived = crossed(torch.Tensor(array, getattr(torch, name)))
    assert type(arrived) is torch.Tensor
    assert arrived.dtype is getattr(torch, name)
    assert arrived.array.shape == array.shape
    assert arrived.array.tobytes() == array.tobytes()
    assert not arrived.requires_grad


def test_the_order_of_its_axes_in_memory_is_kept(torch: ModuleType) -> None:
    array = np.arange(24, dtype="f4").reshape(2, 3, 4).transpose(2, 0, 1)
    assert crossed(torch.Tensor(array, torch.float32)).array.strides == array.strides


@pytest.mark.parametrize(("is_leaf", "arrives"), [(True, True), (False, False)])
def test_a_leaf_keeps_requires_grad_and_what_was_computed_arrives_detached(
    torch: ModuleType, *, is_leaf: bool, arrives: bool
) -> None:
    tensor = torch.Tensor(np.ones(3), torch.float64, requires_grad=True, is_leaf=is_leaf)
    assert crossed(tensor).requires_grad is arrives


def test_a_parameter_arrives_as_one(torch: ModuleType) -> None:
    parameter = torch.nn.Parameter(torch.Tensor(np.ones(3), torch.float64), requires_grad=False)
    arrived = crossed({"weight": parameter, "same": parameter})
    assert type(arrived["weight"]) is torch.nn.Parameter
    assert arrived["weight"].requires_grad is False
    assert arrived["same"] is arrived["weight"]


def test_a_conjugate_that_is_not_computed_yet_arrives_computed(torch: ModuleType) -> None:
    arrived = crossed(torch.Tensor(np.array([1 + 2j], "c8"), torch.complex64, conjugated=True))
    assert arrived.array.tolist() == [1 - 2j]


def test_its_memory_lives_until_it_is_sent(torch: ModuleType) -> None:
    buffers: list[Any] = []
    pickling.dumps(torch.Tensor(np.ones(30_000), torch.float64), 5, buffers)
    np.zeros(30_000)
    assert bytes(buffers[0].raw()) == np.ones(30_000).tobytes()


def test_octets_that_cannot_be_written_to_are_copied(torch: ModuleType) -> None:
    buffers: list[Any] = []
    data = pickling.dumps(torch.Tensor(np.ones(30_000), torch.float64), 5, buffers)
    assert pickling.loads(data, [bytes(buffers[0].raw())]).array.flags.writeable


def test_what_lies_on_a_device_is_refused(torch: ModuleType) -> None:
    with pytest.raises(pickling.Unpicklable, match=r"cuda.*\.cpu\(\)") as raised:
        pickling.dumps([torch.Tensor(np.ones(3), torch.float64, device="cuda")], 5, [])
    assert raised.value.type_name == "torch.Tensor"


@pytest.mark.parametrize(("name", "said"), [("layout", "sparse_coo"), ("is_quantized", True), ("is_nested", True)])
def test_what_is_not_dense_is_left_to_torch(torch: ModuleType, name: str, said: Any) -> None:
    from isolated_environment.child import arrays

    tensor = torch.Tensor(np.ones(3), torch.float64)
    setattr(tensor, name, said)
    assert arrays.reduce_array(tensor) is NotImplemented


def test_without_torch_on_the_other_side_the_error_says_so(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickling.dumps(torch.Tensor(np.ones(3), torch.float64), 5, [])
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(pickling.Unpicklable, match="PyTorch cannot be imported on this side") as raised:
        pickling.loads(data)
    assert raised.value.type_name == "torch.Tensor"


def test_a_dtype_that_the_other_side_lacks_is_named(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickling.dumps(torch.Tensor(np.zeros(3, "V2"), torch.bfloat16), 5, [])
    monkeypatch.setitem(sys.modules, "torch", fake_torch.module(lacks=("bfloat16",)))
    with pytest.raises(pickling.Unpicklable, match=r"9\.9 on this side has no torch\.bfloat16"):
        pickling.loads(data)
