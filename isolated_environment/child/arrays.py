"""NumPy's arrays, scalars and dtypes in an encoding of their own: what NumPy pickles in one release breaks in another.

An array is its dtype as plain data, its shape, the order of its axes in memory, and its octets.  NumPy is imported
only where a value of it is built; here it is looked at when somebody else has imported it.
"""

from __future__ import annotations

import sys
from _pickle import PickleBuffer

from . import sharing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Kinds of dtypes whose octets mean the same in every release; object and variable-width strings are left to NumPy.
_KINDS = frozenset("biufcmMSUV")
_LARGE = 64 << 10
#: The numbers that Python has too, as :mod:`struct` calls them.
_NUMBERS = {"b1": "?", "f2": "e", "f4": "f", "f8": "d", "c8": "2f", "c16": "2d"}
_NUMBERS.update({"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q"})


def reduce_array(value: Any) -> Any:
    """Return what ``__reduce__`` of an array, scalar, dtype or tensor should, or ``NotImplemented``.

    Subclasses are left to themselves, but for arrays of records, and for a memory map, which arrives as an array.

    Raises:
        Unpicklable: a tensor that cannot leave its process.
    """
    if type(value).__module__.startswith("torch"):
        from . import tensors

        return tensors.reduce_tensor(value)
    numpy = sys.modules.get("numpy")
    # while it is being imported it has no classes yet
    return NotImplemented if not hasattr(numpy, "memmap") else _reduce(numpy, value)


def _reduce(numpy: Any, value: Any) -> Any:
    if type(value) in (numpy.ndarray, numpy.memmap):
        return _reduce_ndarray(numpy, value.view(numpy.ndarray))
    if type(value) is numpy.recarray:  # its module has another name in every other release
        return decode_recarray, (value.view(numpy.ndarray),)
    if isinstance(value, numpy.generic):
        return _reduce_scalar(numpy, value)
    if isinstance(value, numpy.dtype):
        described = describe_dtype(numpy, value, "O")
        return NotImplemented if described is None else (decode_dtype, (described,))
    return NotImplemented


def _reduce_ndarray(numpy: Any, array: Any) -> Any:
    described = describe_dtype(numpy, array.dtype)
    if described is None:
        return _reduce_objects(array)
    if sharing.live and array.size:
        # memory is shared as a whole: where the first element lies, there lie all
        found = sharing.around(array.__array_interface__["data"][0], array.itemsize)
        if found is not None:
            owner, offset = found
            return decode_shared, (described, array.shape, array.strides, offset, PickleBuffer(owner))
    dense, order = array, None
    if not array.flags.c_contiguous:
        order = axes_in_memory(array.strides)
        dense = array.transpose(order)
        if not dense.flags.c_contiguous:  # gaps, repeated or backward: no order of the axes makes it one block
            dense, order = numpy.ascontiguousarray(array), None
    octets: Any = dense.reshape(-1).view(numpy.uint8) if dense.nbytes else b""
    if dense.nbytes >= _LARGE and not octets.flags.writeable:
        octets = exported(octets.__array_interface__["data"][0], dense.nbytes, octets)
    return decode_array, (described, array.shape, order, PickleBuffer(octets))


def exported(address: int, size: int, owner: Any) -> Any:
    """Return a buffer of memory of this process that nobody will write to, though it could be.

    A pickle keeps in mind that a buffer is read-only, and the other side would have to copy it to have it otherwise.

    Args:
        address: Where it begins.
        size: Octets.
        owner: What keeps it alive; it lives as long as the buffer.
    """
    import ctypes

    octets = (ctypes.c_ubyte * size).from_address(address)
    octets.owner = owner  # type: ignore[attr-defined]
    return octets


def axes_in_memory(strides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes from the slowest to the fastest; those of equal stride keep their order."""
    return tuple(sorted(range(len(strides)), key=lambda axis: -abs(strides[axis])))


def _reduce_objects(array: Any) -> Any:
    if array.dtype == object and array.dtype.metadata is None:
        # filled after it was made: it may hold itself
        return _empty_objects, (array.shape,), array.ravel().tolist(), None, None, _fill_objects
    return NotImplemented


def _empty_objects(shape: tuple[int, ...]) -> Any:
    return _numpy().empty(shape, object)


def _fill_objects(array: Any, items: list[Any]) -> None:
    flat = array.reshape(-1)
    for place, item in enumerate(items):  # one by one: an item may be a sequence
        flat[place] = item


def _reduce_scalar(numpy: Any, scalar: Any) -> Any:
    if type(scalar) in (numpy.str_, numpy.bytes_):
        return decode_text, (scalar.item(),)
    described = describe_dtype(numpy, scalar.dtype)
    if described is None or scalar.dtype.type is not type(scalar):
        return NotImplemented
    return decode_scalar, (described, scalar.tobytes())


def describe_dtype(numpy: Any, dtype: Any, more: str = "") -> Any:
    """Return *dtype* as plain data, or ``None`` when it cannot be.

    Args:
        numpy: The module.
        dtype: Any dtype.
        more: Kinds that are allowed besides those whose octets can travel.
    """
    if dtype.subdtype is not None:
        base = describe_dtype(numpy, dtype.subdtype[0], more)
        return None if base is None else ("array", base, dtype.subdtype[1])
    if dtype.names is not None:
        return _describe_record(numpy, dtype, more)
    if dtype.kind not in _KINDS and dtype.kind not in more:
        return None
    if not dtype.type.__module__.startswith("numpy"):  # bfloat16 and others of ml_dtypes call themselves void
        return None
    return dtype.str


def _describe_record(numpy: Any, dtype: Any, more: str) -> Any:
    fields = [dtype.fields[name] for name in dtype.names]
    formats = [describe_dtype(numpy, field[0], more) for field in fields]
    if None in formats:
        return None
    return (
        "record",
        {
            "names": list(dtype.names),
            "formats": formats,
            "offsets": [field[1] for field in fields],
            "titles": [field[2] if len(field) > 2 else None for field in fields],  # noqa: PLR2004 - name, offset, title
            "itemsize": dtype.itemsize,
            "aligned": dtype.isalignedstruct,
        },
        dtype.type is numpy.record,
    )


def decode_dtype(described: Any) -> Any:
    """Return the dtype that :func:`describe_dtype` described."""
    numpy = _numpy()
    if isinstance(described, str):
        return numpy.dtype(described)
    if described[0] == "array":
        return numpy.dtype((decode_dtype(described[1]), tuple(described[2])))
    _, fields, is_record = described
    fields = {**fields, "formats": [decode_dtype(each) for each in fields["formats"]]}
    aligned = fields.pop("aligned")
    if not any(fields["titles"]):
        del fields["titles"]
    dtype = numpy.dtype(fields, align=aligned)
    return numpy.dtype((numpy.record, dtype)) if is_record else dtype


def decode_array(described: Any, shape: tuple[int, ...], order: tuple[int, ...] | None, octets: Any) -> Any:
    """Return an array, writable, on *octets* where those can be written to.

    Raises:
        Unpicklable: there is no NumPy here.
    """
    numpy = _numpy()
    dtype = decode_dtype(described)
    view = memoryview(octets)
    if view.readonly:
        view = memoryview(bytearray(view))
    stored = shape if order is None else [shape[axis] for axis in order]
    array = numpy.ndarray(stored, dtype, view) if view.nbytes else numpy.empty(stored, dtype)
    if order is not None:
        array = array.transpose(sorted(range(len(order)), key=order.__getitem__))
    return array if array.flags.aligned else array.copy("K")


def decode_recarray(array: Any) -> Any:
    """Return an array of records whose fields are attributes."""
    return array.view(_numpy().recarray)


def decode_shared(described: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, owner: Any) -> Any:
    """Return an array in shared memory.

    Raises:
        Unpicklable: there is no NumPy here, or a copy of the memory came instead of the memory.
    """
    if not isinstance(owner, memoryview) or sharing.holding(owner) is None:
        raise refusal("numpy.ndarray", "shared memory can only be passed to a worker, not copied")
    return _numpy().ndarray(shape, decode_dtype(described), owner, offset, strides)


def decode_scalar(described: Any, octets: bytes) -> Any:
    """Return a scalar; Python's own number where there is no NumPy.

    Raises:
        Unpicklable: there is no NumPy here, and Python has no such number.
    """
    is_number = isinstance(described, str) and described[1:] in _NUMBERS
    if is_number and not _has_numpy():
        return _number(described, octets)
    numpy = _numpy()
    return numpy.ndarray((), decode_dtype(described), bytearray(octets))[()]


def _number(described: str, octets: bytes) -> Any:
    import struct

    order = ">" if described[0] == ">" else "<"
    parts = struct.unpack(order + _NUMBERS[described[1:]], octets)
    return complex(*parts) if described[1] == "c" else parts[0]


def decode_text(text: Any) -> Any:
    """Return a ``numpy.str_`` or ``numpy.bytes_``; *text* itself where there is no NumPy."""
    if not _has_numpy():
        return text
    numpy = _numpy()
    return numpy.str_(text) if isinstance(text, str) else numpy.bytes_(text)


def _has_numpy() -> bool:
    try:
        __import__("numpy")
    except ImportError:
        return False
    return True


def _numpy() -> Any:
    try:
        return __import__("numpy")
    except ImportError as error:
        raise refusal("numpy.ndarray", "NumPy cannot be imported on this side: %s" % error) from error


def refusal(type_name: str, reason: str) -> Exception:
    """Return the error that says that a value of a class cannot travel."""
    from . import pickling

    made: Exception = pickling.Unpicklable("", type_name, reason)  # type: ignore[no-untyped-call,unused-ignore]
    return made
