"""As much of PyTorch as tensors need to travel, with NumPy's arrays for memory, named as its documentation has it.

A dtype is ``torch.NAME``; bfloat16 is two octets that mean nothing here.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


class DType:
    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class Tensor:
    """A dense tensor."""

    __module__ = "torch"

    layout = "strided"
    is_quantized = False
    is_nested = False

    def __init__(self, array: Any, dtype: DType, **said: Any) -> None:
        self.array = array
        self.dtype = dtype
        self.requires_grad = said.get("requires_grad", False)
        self.is_leaf = said.get("is_leaf", True)
        self.device = SimpleNamespace(type=said.get("device", "cpu"))
        self.conjugated = said.get("conjugated", False)

    shape = property(lambda self: self.array.shape)

    def _of(self, array: Any) -> Tensor:
        return Tensor(array, self.dtype, conjugated=self.conjugated)

    def dim(self) -> int:
        return self.array.ndim

    def numel(self) -> int:
        return self.array.size

    def element_size(self) -> int:
        return self.array.itemsize

    def stride(self) -> tuple[int, ...]:
        return tuple(stride // self.array.itemsize for stride in self.array.strides)

    def data_ptr(self) -> int:
        return self.array.__array_interface__["data"][0]

    def is_contiguous(self) -> bool:
        return self.array.flags.c_contiguous

    def contiguous(self) -> Tensor:
        return self._of(np.ascontiguousarray(self.array))

    def detach(self) -> Tensor:
        return self._of(self.array)

    def resolve_conj(self) -> Tensor:
        return Tensor(self.array.conj().copy(), self.dtype) if self.conjugated else self

    def resolve_neg(self) -> Tensor:
        return self

    def permute(self, axes: Any) -> Tensor:
        return self._of(self.array.transpose(axes))

    def reshape(self, shape: Any) -> Tensor:
        return self._of(self.array.reshape(shape))

    def requires_grad_(self) -> Tensor:
        self.requires_grad = True
        return self


class Parameter(Tensor):
    __module__ = "torch.nn.parameter"

    def __init__(self, tensor: Tensor, *, requires_grad: bool) -> None:
        super().__init__(tensor.array, tensor.dtype, requires_grad=requires_grad)


def module(*, lacks: tuple[str, ...] = ()) -> ModuleType:
    """A module to stand for ``torch``, without the dtypes that it *lacks*."""
    torch = ModuleType("torch")
    kinds = {"float32": "f4", "float64": "f8", "int64": "i8", "bfloat16": "V2", "complex64": "c8", "bool": "?"}
    dtypes = {name: DType(name, kind) for name, kind in kinds.items() if name not in lacks}

    def frombuffer(buffer: Any, *, dtype: DType) -> Tensor:
        view = memoryview(buffer)
        assert not view.readonly, "PyTorch warns of a buffer that cannot be written to"
        return Tensor(np.frombuffer(view, dtype.kind), dtype)

    def empty(shape: Any, *, dtype: DType) -> Tensor:
        return Tensor(np.empty(shape, dtype.kind), dtype)

    said = {"Tensor": Tensor, "strided": "strided", "frombuffer": frombuffer, "empty": empty, "__version__": "9.9"}
    vars(torch).update(said, nn=SimpleNamespace(Parameter=Parameter), **dtypes)
    return torch
