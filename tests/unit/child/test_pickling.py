"""Values as octets: what costs nothing costs nothing, large buffers stay beside, names fit both sides."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import isolated_environment.child
from isolated_environment.bridge.configuration import cloudpickle_for
from isolated_environment.bridge.pickling import Peer
from isolated_environment.bridge.pickling import dumps as dumps_for
from isolated_environment.bridge.reach import host_minor
from isolated_environment.child import names, pickling, source
from isolated_environment.errors import SerializationError

CHILD = Path(isolated_environment.child.__file__).parent
LARGE = pickling.LARGE


def test_small_buffers_stay_in_the_pickle_and_large_ones_beside_it() -> None:
    value = [pickle.PickleBuffer(bytearray(LARGE - 1)), pickle.PickleBuffer(bytearray(b"x" * LARGE))]
    buffers: list[Any] = []
    data = pickling.dumps(value, 5, buffers)
    assert LARGE <= len(data) < 2 * LARGE
    assert [buffer.raw().nbytes for buffer in buffers] == [LARGE]
    small, large = pickling.loads(data, buffers)
    assert (bytes(small), bytes(large)) == (bytes(LARGE - 1), b"x" * LARGE)
    assert len(pickling.dumps(value, 5)) > 2 * LARGE


def test_buffers_of_a_value_that_cannot_travel_are_not_sent() -> None:
    buffers: list[Any] = []
    with pytest.raises(pickling.Unpicklable, match="lock"):
        pickling.dumps([pickle.PickleBuffer(bytearray(LARGE)), threading.Lock()], 5, buffers)
    assert buffers == []


def test_buffers_are_sent_once_when_functions_come_after_them() -> None:
    buffers: list[Any] = []
    peer = Peer(host_minor(), 5, ())
    data = dumps_for((pickle.PickleBuffer(bytearray(b"y" * LARGE)), lambda: 7), peer, buffers)
    assert len(buffers) == 1
    large, function = pickling.loads(data, buffers)
    assert (bytes(large), function()) == (b"y" * LARGE, 7)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_every_protocol_is_spoken(protocol: int) -> None:
    data = pickling.dumps(({"a": [1]}, b"x"), protocol, [])
    assert data[:2] == bytes([0x80, protocol])
    assert pickling.loads(data) == ({"a": [1]}, b"x")


def test_reducers_are_asked_first() -> None:
    def reduce(value: object) -> Any:
        return (source.same, ("instead",)) if isinstance(value, Path) else NotImplemented

    data = pickling.dumps([Path("x"), Path("y"), 1 + 2j], 5, reducers=[reduce])
    assert pickling.loads(data) == ["instead", "instead", 1 + 2j]
    peer = Peer("3.8", 5, ())
    assert pickling.loads(dumps_for(Path("x"), peer, reducers=[reduce])) == "instead"


def test_our_modules_have_one_name_on_each_side() -> None:
    theirs = pickling.dumps(source.same, 5).replace(b"\x32isolated", b"")
    renamed = pickle.dumps(source.same, 4).replace(
        b"\x21isolated_environment.child.source", b"\x21isolated_environment_child.source"
    )
    assert theirs
    assert pickling.loads(renamed) is source.same
    assert names.here("isolated_environment_child.wire") == "isolated_environment.child.wire"
    assert names.here("isolated_environment_children") == "isolated_environment_children"
    assert names.here("isolated_environment.errors") == "isolated_environment.errors"
    assert names.here("_isolated_environment_cloudpickle") == "cloudpickle.cloudpickle"


@pytest.mark.parametrize("data", [b"", b"\x80", b"garbage", pickle.dumps([1])[:-1], b"\x80\x05."])
def test_what_is_no_pickle_is_a_typed_error(data: bytes) -> None:
    with pytest.raises(pickling.Unpicklable) as caught:
        pickling.loads(data)
    assert caught.value.reason


def test_a_name_that_is_not_here_is_told() -> None:
    for data in (b"cnothing_here\nThing\n.", b"cjson\nThing\n."):
        with pytest.raises(pickling.Unpicklable) as caught:
            pickling.loads(data)
        assert caught.value.type_name in {"nothing_here.Thing", "json.Thing"}


def test_the_error_is_plain_data() -> None:
    error = pickle.loads(pickle.dumps(pickling.Unpicklable("[0]", "lock", "no")))
    assert error.unpicklable == ("[0]", "lock", "no")
    assert str(error) == "[0] (lock): no"


def test_what_does_not_come_from_pickling_passes() -> None:
    class Interrupting:
        def __reduce__(self) -> Any:
            raise KeyboardInterrupt

    class Full:
        def __reduce__(self) -> Any:
            raise MemoryError

    with pytest.raises(KeyboardInterrupt):
        pickling.dumps(Interrupting(), 5)
    with pytest.raises(MemoryError):
        pickling.dumps(Full(), 5)
    with pytest.raises(MemoryError):
        pickling.loads(pickling.dumps(Filling(), 5))
    with pytest.raises(MemoryError):
        dumps_for(Full(), Peer("3.8", 5, ()))


class Filling:
    def __reduce__(self) -> Any:
        return _fill, ()


def _fill() -> None:
    raise MemoryError


def _type_of(_: object) -> type:
    return type


def _keep(_: object, value: object) -> None: ...


class Disguised:
    """As ``list[int]`` of Python 3.9."""

    __class__ = property(_type_of, _keep)  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        return source.same, ("reduced",)


def test_what_says_that_it_is_a_class_is_none_for_that() -> None:
    assert pickling.loads(pickling.dumps(Disguised(), 5)) == "reduced"


@pytest.mark.parametrize("minor", ["3.8", host_minor()])
def test_a_value_nested_too_deeply_is_a_typed_error(minor: str) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(SerializationError, match="nested too deeply") as caught:
        dumps_for(((deep,), {}), Peer(minor, 5, ()), names=("args", "kwargs"))
    assert caught.value.path == "args[0][0][0][0]..."


def test_paths_are_told_from_the_value_where_it_is_no_call() -> None:
    with pytest.raises(SerializationError) as caught:
        dumps_for({"a": threading.Lock()}, Peer("3.8", 5, ()))
    assert caught.value.path == "value['a']"
    with pytest.raises(SerializationError) as caught:
        dumps_for(threading.Lock(), Peer("3.8", 5, ()))
    assert caught.value.path == "the value"


def loaded_after(statements: str) -> set[str]:
    """Modules that a bare interpreter loads for *statements*, with this package made as in a worker."""
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "package = type(sys)('isolated_environment_child')\n"
        f"package.__path__ = [{str(CHILD)!r}]\n"
        "sys.modules[package.__name__] = package\n"
        f"{statements}\n"
        "sys.stdout.write(' '.join(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_a_worker_loads_no_more_than_it_needs_for_plain_values() -> None:
    loaded = loaded_after(
        "from isolated_environment_child import pickling, source\n"
        "assert pickling.loads(pickling.dumps(((1, 'a'), {'b': [b'', 1.5]}), 5, [])) == ((1, 'a'), {'b': [b'', 1.5]})\n"
        "assert source.resolve('name', 'sys:getrecursionlimit', pickling.loads)() > 0"
    )
    ours = {name for name in loaded if name.startswith("isolated_environment_child")}
    assert ours == {f"isolated_environment_child{name}" for name in ("", ".names", ".pickling", ".source")}
    assert loaded - ours <= {"__future__", "_compat_pickle", "_functools", "_pickle", "copyreg"}


def test_functools_is_whole_after_pickle_was_loaded_without_it() -> None:
    loaded = loaded_after(
        "from isolated_environment_child import pickling\n"
        "assert 'functools' not in sys.modules\n"
        "import functools, pickle\n"
        "assert pickling.loads(pickling.dumps(functools.partial(int, base=2), 5))('11') == 3\n"
        "assert functools.wraps and pickle.loads(pickle.dumps(functools.reduce)) is functools.reduce"
    )
    assert "functools" in loaded


def test_plain_values_and_names_need_no_cloudpickle_on_the_host() -> None:
    script = (
        "import sys\n"
        "from isolated_environment.bridge.pickling import Peer, dumps\n"
        "from isolated_environment.bridge.targets import ship\n"
        f"peer = Peer({host_minor()!r}, 5, ())\n"
        "dumps(((1, {'a': [b'', None]}), {}), peer, [])\n"
        "ship('json:dumps', peer), ship(len, peer)\n"
        "costly = {'cloudpickle', 'pickle', 'isolated_environment.bridge.source'}\n"
        "sys.exit(' '.join(costly & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=False, cwd=CHILD.parents[1]
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_cloudpickle_is_the_host_s_copy_and_nothing_is_written(tmp_path: Path) -> None:
    host_s = tmp_path / "host" / "cloudpickle"
    host_s.mkdir(parents=True)
    (host_s / "cloudpickle.py").write_text("Pickler = 'the host copy'\n")
    other = tmp_path / "environment" / "cloudpickle"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    loaded = loaded_after(
        f"sys.path.insert(0, {str(other.parent)!r})\n"
        "sys.dont_write_bytecode = False\n"
        "from isolated_environment_child import names, pickling\n"
        "try:\n    names.cloudpickle()\n"
        "except ImportError as error:\n    assert 'cannot travel by value' in str(error)\n"
        f"pickling.configure({str(host_s)!r})\n"
        "assert names.cloudpickle().Pickler == 'the host copy'\n"
        "assert sys.dont_write_bytecode is False\n"
    )
    assert "cloudpickle" not in loaded
    assert [path.name for path in (tmp_path / "host").rglob("*.pyc")] == []


def test_a_worker_of_another_python_is_told_of_no_cloudpickle() -> None:
    assert cloudpickle_for(Peer("3.8", 5, ())) is None
    found = cloudpickle_for(Peer(host_minor(), 5, ()))
    assert found is not None
    assert (Path(found) / "cloudpickle.py").is_file()
