"""Arrays that host and environment see at once."""

from __future__ import annotations

import math
import re
import sys
from _pickle import PickleBuffer
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

from ..child import arrays, sharing

if TYPE_CHECKING:
    from collections.abc import Iterable

    Shape = SupportsIndex | Iterable[SupportsIndex]

_ITEM_SIZES = {
    **{f"{kind}{bits}": bits // 8 for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": bits // 8 for bits in (16, 32, 64)},
    **{f"complex{bits}": bits // 8 for bits in (64, 128)},
    "bool": 1,
}
_SHORT = {"int": "i", "uint": "u", "float": "f", "complex": "c"}
#: dtype.str, as NumPy writes it: order of the octets, kind, octets of an item.
_DTYPE = re.compile(r"([<>=|]?)(b1|[iu][1248]|f[248]|c8|c16)$")
_FORMATS = {
    "b1": "?",
    **dict(zip(("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"), "bhiqBHIQ", strict=True)),
    "f4": "f",
    "f8": "d",
}
_NATIVE = "<" if sys.byteorder == "little" else ">"


class SharedArray:
    """An array that both sides see, all zero at first.

    Passed to a worker's call, it arrives as a :class:`numpy.ndarray` on the same memory: nothing is copied, whatever
    the size, and each side sees what the other writes.  So does :attr:`array`, and every view of it; what is computed
    from it is ordinary.  The memory lives as long as either side uses it, and has no name that a process could leave
    behind.

    Items are had with ``[]`` where NumPy is installed on this side, and through :attr:`memory` without.

    Args:
        shape: A number, or one for each axis.
        dtype: As text, such as ``"float32"`` or ``"<i8"``; what NumPy takes for one, where NumPy is imported.

    Raises:
        ValueError: there are no such arrays.
        OSError: there is no memory for it.

    Attributes:
        shape: One number for each axis.
        dtype: As text, as NumPy's ``dtype.str`` has it.
        nbytes: The size in octets.
    """

    shape: tuple[int, ...]
    dtype: str
    nbytes: int

    def __init__(self, shape: Shape, dtype: Any = "float64") -> None:
        self.shape = _checked_shape(shape)
        self.dtype, item = _checked_dtype(dtype)
        self._item = item
        self.nbytes = math.prod(self.shape) * item
        self._owner = sharing.make(self.nbytes)

    def __repr__(self) -> str:
        return f"SharedArray({self.shape}, {self.dtype!r})"

    @property
    def memory(self) -> memoryview:
        """The memory in its shape, or as plain octets where Python has no name for such items."""
        octets = memoryview(self._owner).cast("B")[: self.nbytes]
        item = self.dtype[1:] if self.dtype[0] in {"|", _NATIVE} else ""
        if item not in _FORMATS or not self.nbytes:
            return octets
        return octets.cast(_FORMATS[item], self.shape)  # type: ignore[call-overload,no-any-return]

    @property
    def array(self) -> Any:
        """The memory as a :class:`numpy.ndarray`.

        Raises:
            ImportError: NumPy is not installed on this side.
        """
        import numpy as np

        return np.ndarray(self.shape, self.dtype, memoryview(self._owner))

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, key: Any) -> Any:
        return self.array[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.array[key] = value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:  # noqa: FBT001
        import numpy as np

        array = self.array if dtype is None else self.array.astype(dtype, copy=False)
        return np.array(array) if copy else array

    def __reduce__(self) -> tuple[Any, ...]:
        strides = tuple(math.prod(self.shape[axis + 1 :]) * self._item for axis in range(len(self.shape)))
        return arrays.decode_shared, (self.dtype, self.shape, strides, 0, PickleBuffer(self._owner))


def _checked_shape(shape: Shape) -> tuple[int, ...]:
    try:
        lengths = (index(shape),) if isinstance(shape, SupportsIndex) else tuple(map(index, shape))
    except TypeError as error:
        raise ValueError(f"{shape!r} is no shape: give a number, or one for each axis") from error
    if any(length < 0 for length in lengths):
        raise ValueError(f"{shape!r} is no shape: no axis is shorter than nothing")
    return lengths


def _checked_dtype(dtype: Any) -> tuple[str, int]:
    """Return a dtype as NumPy's ``dtype.str``, and the octets of an item."""
    if not isinstance(dtype, str):
        numpy = sys.modules.get("numpy")
        if numpy is None:
            raise ValueError(f"{dtype!r} is no dtype: write it as text, such as 'float32'")
        dtype = numpy.dtype(dtype).str
    if dtype in _ITEM_SIZES:
        kind, bits = re.fullmatch(r"([a-z]+)(\d*)", dtype).groups()  # type: ignore[union-attr]
        dtype = "|b1" if kind == "bool" else f"{_NATIVE}{_SHORT[kind]}{int(bits) // 8}"
    found = _DTYPE.match(dtype)
    if found is None:
        raise ValueError(f"{dtype!r} is no dtype that can be shared: write one such as 'float32' or '<i8'")
    size = int(found[2][1:])
    order = "|" if size == 1 else found[1].replace("=", "").replace("|", "") or _NATIVE
    return order + found[2], size
