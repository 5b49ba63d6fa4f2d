"""Arrays cross as they are, by an encoding that no release of NumPy changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import isolated_environment.child
from isolated_environment.child import arrays, pickling
from tests.support import array_cases

np = pytest.importorskip("numpy")

CASES = array_cases.cases(np)


def crossed(value: Any, *, beside: bool = True) -> Any:
    """*value* as it arrives."""
    buffers: list[Any] = []
    data = pickling.dumps(value, 5, buffers if beside else None)
    return pickling.loads(data, [bytearray(buffer.raw()) for buffer in buffers])


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "in band"])
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_value_crosses_unchanged(name: str, *, beside: bool) -> None:
    value = CASES[name]
    assert array_cases.difference(np, value, crossed(value, beside=beside)) is None


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_pickle_names_nothing_of_numpy(name: str) -> None:
    if name in array_cases.NAMES_NUMPY:
        pytest.skip("left to NumPy")
    assert b"numpy" not in pickling.dumps(CASES[name], 5, [])


def test_a_large_array_is_not_copied_by_either_side() -> None:
    array, buffers = np.arange(100_000.0), []
    data = pickling.dumps(array, 5, buffers)
    assert np.shares_memory(np.frombuffer(buffers[0].raw()), array)
    memory = bytearray(buffers[0].raw())
    arrived = pickling.loads(data, [memory])
    memory[0:8] = np.float64(7).tobytes()
    assert arrived[0] == 7


def test_a_read_only_array_is_not_copied_either() -> None:
    array, buffers = np.arange(100_000.0), []
    array.flags.writeable = False
    data = pickling.dumps(array, 5, buffers)
    assert np.shares_memory(np.frombuffer(buffers[0].raw()), array)
    memory = bytearray(buffers[0].raw())
    del array, buffers
    arrived = pickling.loads(data, [memory])
    assert arrived.flags.writeable
    arrived[0] = 7
    assert memory[:8] == np.float64(7).tobytes()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_the_order_of_the_axes_in_memory_is_kept_without_a_copy(order: tuple[int, ...]) -> None:
    array, buffers = np.arange(30_000.0).reshape(10, 50, 60).transpose(order), []
    data = pickling.dumps(array, 5, buffers)
    assert np.shares_memory(np.frombuffer(buffers[0].raw()), array)
    arrived = pickling.loads(data, [bytearray(buffers[0].raw())])
    assert arrived.strides == array.strides
    assert (arrived == array).all()


def test_one_array_twice_arrives_as_one() -> None:
    array = np.arange(5)
    first, second = crossed([array, array])
    assert first is second


def test_an_array_that_holds_itself_does_again() -> None:
    array = np.empty(2, object)
    array[0], array[1] = array, "x"
    arrived = crossed(array)
    assert arrived[0] is arrived
    assert arrived[1] == "x"


def test_memory_that_is_not_aligned_is_copied() -> None:
    buffers: list[Any] = []
    data = pickling.dumps(np.arange(20_000.0), 5, buffers)
    shifted = bytearray(b"x") + buffers[0].raw()
    arrived = pickling.loads(data, [memoryview(shifted)[1:]])
    assert arrived.flags.aligned
    assert (arrived == np.arange(20_000.0)).all()


def test_a_buffer_that_is_too_small_is_an_error() -> None:
    data = pickling.dumps(np.arange(20_000.0), 5, [])
    with pytest.raises(pickling.Unpicklable, match="too small"):
        pickling.loads(data, [bytearray(80)])


@pytest.mark.parametrize(
    ("value", "there"),
    [
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.float16(-2), -2.0),
        (np.int8(-7), -7),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.array([5], ">i4")[0], 5),
        (np.bool_(True), True),
        (np.complex64(1 + 2j), 1 + 2j),
        (np.complex128(0.1 - 2j), 0.1 - 2j),
        (np.str_("x"), "x"),
        (np.bytes_(b"x"), b"x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_number_is_pythons_own_where_there_is_no_numpy(
    value: Any, there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pickling.dumps(value, 5, [])
    assert type(pickling.loads(data)) is type(value)
    monkeypatch.setitem(sys.modules, "numpy", None)
    arrived = pickling.loads(data)
    assert (type(arrived), arrived) == (type(there), there)


@pytest.mark.parametrize(
    "value",
    [np.arange(3), np.dtype("f4"), np.datetime64("2020-01-01"), np.longdouble(1)],
    ids=lambda value: type(value).__name__,
)
def test_without_numpy_on_the_other_side_the_error_says_so(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickling.dumps(value, 5, [])
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(pickling.Unpicklable, match="NumPy cannot be imported on this side") as raised:
        pickling.loads(data)
    assert raised.value.type_name == "numpy.ndarray"


def test_a_dtype_of_another_library_is_left_to_it() -> None:
    class Foreign:
        """Stands for bfloat16 of ml_dtypes, which calls itself void."""

        subdtype, names, kind, str = None, None, "V", "<V2"
        type = type("bfloat16", (), {"__module__": "ml_dtypes"})

    assert arrays.describe_dtype(np, Foreign) is None


def test_numpy_is_not_imported_for_what_is_no_array() -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from isolated_environment.child import arrays, pickling\n"
        "assert arrays.reduce_array(object()) is NotImplemented\n"
        "pickling.loads(pickling.dumps([{1: 'x'}, 2.5, range(3)], 5, []))\n"
        "sys.stderr.write(' '.join({'numpy', 'torch', 'ctypes', 'mmap', 're', 'threading'} & set(sys.modules)))\n"
    )
    library = Path(isolated_environment.child.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(library)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
