"""Two releases of NumPy on the two sides of a call: every value arrives, or an error says why not."""

from __future__ import annotations

import pytest

from isolated_environment import IsolatedEnvironment, SharedArray, errors
from isolated_environment.errors import InterpreterNotFoundError
from isolated_environment.host import find_interpreter
from tests.support import array_cases
from tests.support.passing import open_descriptors

np = pytest.importorskip("numpy")

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.xdist_group("numpy")]

CASES = array_cases.cases(np)
SIDES = {"1.24": "3.8", "1.26": "3.11", "2.0": "3.9", "2.4": "3.13"}


def seen(value):
    """Describe a value over there, and send it back."""
    import numpy as np

    flags = getattr(value, "flags", None)
    can_be_written = flags.writeable if isinstance(value, np.ndarray) else None
    return np.__version__, type(value).__name__, can_be_written, value


@pytest.fixture(scope="session", params=sorted(SIDES))
def environment(request, tmp_path_factory):
    """An environment with one release of NumPy."""
    try:
        find_interpreter(SIDES[request.param])
    except InterpreterNotFoundError as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("numpy") / "env"
    return IsolatedEnvironment(path, [f"numpy=={request.param}.*"], python=SIDES[request.param])


@pytest.fixture
def worker(environment):
    before = open_descriptors()
    with environment.worker() as worker:
        yield worker
    assert open_descriptors() == before


def test_row_55_every_value_arrives_there_and_back(worker, request):
    release = request.node.callspec.params["environment"]
    wrong = []
    for name, value in CASES.items():
        version, kind, can_be_written, back = worker.call(seen, value)
        assert version.startswith(release + ".")
        # classes of dtypes, and of truth, have other names in other releases
        if isinstance(value, np.ndarray) and kind != type(value).__name__:
            wrong.append(f"{name}: a {kind} arrived there")
        if can_be_written is False:
            wrong.append(f"{name}: it cannot be written to there")
        difference = array_cases.difference(np, value, back)
        if difference is not None:
            wrong.append(f"{name}: {difference}")
        del back
    assert wrong == []


def test_row_55_what_the_other_release_does_not_have_is_a_typed_error(worker):
    if not hasattr(np, "dtypes") or not hasattr(np.dtypes, "StringDType"):
        pytest.skip("this NumPy has no such strings")
    value = np.array(["a", "bb"], dtype=np.dtypes.StringDType())
    if worker.call(seen, 1)[0].startswith("1."):
        with pytest.raises(errors.SerializationError, match="numpy"):
            worker.call(seen, value)
    else:
        assert worker.call(seen, value)[3].tolist() == ["a", "bb"]
    assert worker.call(seen, 1)[3] == 1


@pytest.mark.parametrize("size", [100, 100_000, 3_000_000])
def test_a_result_is_an_ordinary_array(worker, size):
    def made(count):
        import numpy as np

        return np.arange(count, dtype="f4"), np.float32(count)

    array, scalar = worker.call(made, size)
    assert type(array) is np.ndarray
    assert type(scalar) is np.float32
    array += 1
    assert array[-1] == size
    kept = array[5:8].copy()
    del array
    assert worker.call(made, size)[0][0] == 0
    assert kept.tolist() == [6, 7, 8]


def test_both_sides_see_what_either_writes(worker):
    def doubled(array):
        array *= 2
        return array[1:, ::2]

    shared = SharedArray((300, 400), "int32")
    shared[:] = 1
    part = worker.call(doubled, shared)
    assert shared.array.min() == shared.array.max() == 2
    assert np.shares_memory(part, shared.array)
    shared[1, 0] = 9
    assert worker.call(lambda array: int(array[0, 0]), part) == 9
    assert worker.call(lambda array: int(array.sum()), shared.array[1:2, :1]) == 9
    del part, shared
