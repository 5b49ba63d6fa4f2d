"""PyTorch's tensors: dense ones in the processor's memory cross as dtype, shape, order of the axes, and octets.

A gradient cannot cross: a tensor that was computed arrives detached, a leaf keeps its ``requires_grad``.  Tensors that
share memory arrive as tensors of their own.
"""

from __future__ import annotations

import sys
from _pickle import PickleBuffer

from . import arrays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def reduce_tensor(value: Any) -> Any:
    """Return what ``__reduce__`` of a tensor should, or ``NotImplemented`` for what PyTorch does well itself.

    Raises:
        Unpicklable: it is in the memory of a device, or has none.
    """
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "Tensor"):
        return NotImplemented
    is_parameter = type(value) is torch.nn.Parameter
    if type(value) is not torch.Tensor and not is_parameter:
        return NotImplemented
    if value.layout is not torch.strided or value.is_quantized or value.is_nested:
        return NotImplemented
    if value.device.type != "cpu":
        raise arrays.refusal(
            "torch.Tensor",
            "it is on the device %s, and only the processor's memory can travel: send its .cpu()" % value.device,
        )
    requires_grad = bool(value.requires_grad and value.is_leaf)
    tensor = value.detach().resolve_conj().resolve_neg()
    axes, dense = tuple(range(tensor.dim())), tensor
    if not tensor.is_contiguous():
        ordered = arrays.axes_in_memory(tensor.stride())
        dense = tensor.permute(ordered)
        if dense.is_contiguous():
            axes = ordered
        else:
            dense = tensor.contiguous()
    told = (str(tensor.dtype), tuple(tensor.shape), axes, requires_grad, is_parameter)
    return decode_tensor, (*told, PickleBuffer(_octets(dense)))


def _octets(tensor: Any) -> Any:
    """Return a buffer of a contiguous tensor's memory; tensors export none, and NumPy need not be there."""
    size = tensor.numel() * tensor.element_size()
    return arrays.exported(tensor.data_ptr(), size, tensor) if size else b""


def decode_tensor(
    dtype: str,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    requires_grad: bool,  # noqa: FBT001
    is_parameter: bool,  # noqa: FBT001
    octets: Any,
) -> Any:
    """Return a tensor, on *octets* where those can be written to.

    Raises:
        Unpicklable: there is no PyTorch here, or one without this dtype.
    """
    torch = _torch()
    kind = _dtype_named(torch, dtype)
    view = memoryview(octets)
    ordered = [shape[axis] for axis in axes]
    if view.nbytes:
        writable = bytearray(view) if view.readonly else view
        tensor = torch.frombuffer(writable, dtype=kind).reshape(ordered)
    else:
        tensor = torch.empty(ordered, dtype=kind)
    tensor = tensor.permute(sorted(range(len(axes)), key=axes.__getitem__))
    if is_parameter:
        return torch.nn.Parameter(tensor, requires_grad=requires_grad)
    return tensor.requires_grad_() if requires_grad else tensor


def _dtype_named(torch: Any, name: str) -> Any:
    try:
        return getattr(torch, name.partition(".")[2])
    except AttributeError:
        raise arrays.refusal("torch.Tensor", "PyTorch %s on this side has no %s" % (torch.__version__, name)) from None


def _torch() -> Any:
    try:
        return __import__("torch")
    except ImportError as error:
        raise arrays.refusal("torch.Tensor", "PyTorch cannot be imported on this side: %s" % error) from error
