"""An array that both sides see: what it takes, and that it, and every view of it, travels as memory."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from isolated_environment.bridge.shared import SharedArray
from isolated_environment.child import pickling, sharing
from tests.support.passing import line, open_descriptors

np = pytest.importorskip("numpy")


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = open_descriptors()
    yield
    assert open_descriptors() == before
    assert sharing.live == {}


def empty(shape: Any, dtype: str = "float64") -> Any:
    """NumPy's array on shared memory."""
    return SharedArray(shape, dtype).array


def crossed(value: Any) -> Any:
    """*value* as it arrives."""
    with line() as passed:
        buffers: list[Any] = []
        data = pickling.dumps(value, 5, buffers)
        views = passed.pass_(*buffers)
        assert passed.rows("lease", "copy", "inline") == []
        return pickling.loads(data, views)


@pytest.mark.parametrize(
    ("asked", "said", "octets"),
    [
        ("float64", "<f8", 48),
        ("float32", "<f4", 24),
        ("float16", "<f2", 12),
        ("int8", "|i1", 6),
        ("uint16", "<u2", 12),
        ("bool", "|b1", 6),
        ("complex64", "<c8", 48),
        ("complex128", "<c16", 96),
        ("<i8", "<i8", 48),
        (">i4", ">i4", 24),
        ("u1", "|u1", 6),
        ("f8", "<f8", 48),
        (np.dtype("i2"), "<i2", 12),
        (np.float32, "<f4", 24),
    ],
)
def test_a_dtype_is_what_numpy_says(asked: Any, said: str, octets: int) -> None:
    made = SharedArray((2, 3), asked)
    assert (made.dtype, made.nbytes, made.shape) == (said, octets, (2, 3))
    assert made.array.dtype == np.dtype(asked)
    assert made.array.shape == (2, 3)
    assert not made.array.any()


@pytest.mark.parametrize("shape", [-1, (2, -3), 1.5, ("2",), None, "23", (None,)])
def test_what_is_no_shape_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match="is no shape"):
        SharedArray(shape)


@pytest.mark.parametrize("dtype", ["O", "object", "f3", "", "float", "U5", "int65"])
def test_what_cannot_be_shared_is_refused(dtype: str) -> None:
    with pytest.raises(ValueError, match="float32"):
        SharedArray(3, dtype)


def test_it_works_without_numpy_on_this_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    made = SharedArray((2, 3), "float32")
    made.memory[1, 2] = 2.5
    assert made.memory.tolist() == [[0, 0, 0], [0, 0, 2.5]]
    assert SharedArray((), "int64").memory.shape == ()
    assert SharedArray(4, ">i4").memory.nbytes == 16
    assert SharedArray((0, 3)).memory.nbytes == 0
    with pytest.raises(ValueError, match="write it as text"):
        SharedArray(3, float)
    with pytest.raises(ImportError):
        _ = made.array


def test_it_arrives_as_an_array_on_the_same_memory() -> None:
    made = SharedArray((2, 3), "int32")
    arrived = crossed(made)
    assert type(arrived) is np.ndarray
    arrived[1, 2] = 7
    assert made.memory[1, 2] == 7
    made.array[0, 0] = 5
    assert arrived.tolist() == [[5, 0, 0], [0, 0, 7]]


@pytest.mark.parametrize(
    "derived",
    [
        lambda array: array,
        lambda array: array[1:, ::2],
        lambda array: array[::-1],
        lambda array: array.T,
        lambda array: array.reshape(-1)[3:4],
        lambda array: array[0, 0, None].view("u1"),
        lambda array: np.broadcast_to(array[0, :1], (5, 1)),
        lambda array: array[2, 3, ...],
    ],
    ids=["whole", "strided", "backward", "transposed", "one", "view", "repeated", "0-d"],
)
def test_every_view_of_it_arrives_on_the_same_memory(derived: Any) -> None:
    array = empty((3, 4), "int32")
    array[:] = np.arange(12).reshape(3, 4)
    sent = derived(array)
    arrived = crossed(sent)
    assert np.shares_memory(arrived, sent)
    assert (arrived.dtype, arrived.shape, arrived.strides) == (sent.dtype, sent.shape, sent.strides)
    assert arrived.__array_interface__["data"] == (sent.__array_interface__["data"][0], False)
    assert (arrived == sent).all()


def test_what_is_computed_from_it_is_ordinary() -> None:
    array = empty(20_000)
    buffers: list[Any] = []
    arrived = pickling.loads(pickling.dumps([array + 1, array.copy()], 5, buffers), [bytearray(b) for b in buffers])
    assert len(buffers) == 2
    arrived[0][0] = 9
    assert array[0] == 0


def test_several_of_one_memory_arrive_on_one() -> None:
    array = empty((3, 4))
    first, second = crossed([array[0], array[1:]])
    first[0] = 5
    second[0] = 6
    assert array[:2, 0].tolist() == [5, 6]


def test_structured_arrays_are_shared_too() -> None:
    array = empty(36, "uint8").view([("x", "i4"), ("y", "f8")])
    crossed(array)["y"][2] = 4
    assert array["y"][2] == 4


def test_numpy_takes_it_for_an_array() -> None:
    made = SharedArray(3, "int32")
    np.asarray(made)[1] = 4
    assert made.array.tolist() == [0, 4, 0]
    assert np.asarray(made, dtype="f8").dtype == np.dtype("f8")
    copied = np.array(made, copy=True)
    copied[0] = 1
    assert made.array[0] == 0
    assert np.add(made, 1).tolist() == [1, 5, 1]


def test_its_items_can_be_had_and_set() -> None:
    made = SharedArray((2, 3), "int32")
    made[1] = 7
    made[0, 2] = 5
    assert (len(made), made[:, 2].tolist()) == (2, [5, 7])
    assert made.memory.tolist() == [[0, 0, 5], [7, 7, 7]]


def test_its_copy_in_a_pickle_is_refused() -> None:
    made = SharedArray(3)
    with pytest.raises(pickling.Unpicklable, match="not copied"):
        pickling.loads(pickling.dumps(made, 5))
    with pytest.raises(pickling.Unpicklable, match="not copied"):
        pickling.loads(pickling.dumps(empty(3), 5, None))
    with pytest.raises((pickle.PicklingError, TypeError)):
        copy.deepcopy(made)


def test_an_ordinary_pickle_of_the_array_is_a_copy() -> None:
    array = empty(3)
    copied = pickle.loads(pickle.dumps(array))
    copied[0] = 1
    assert array[0] == 0


def test_it_says_what_it_is() -> None:
    assert repr(SharedArray((2, 3), "float32")) == "SharedArray((2, 3), '<f4')"
