"""Calling functions of the environment: once, and with a warm worker."""

from __future__ import annotations

import os
import sys
import time

import pytest

from isolated_environment import errors
from isolated_environment.environment import calling

HERE = "a global of this module"


@pytest.fixture
def worker(beyond):
    with beyond.worker() as worker:
        yield worker


@pytest.fixture(params=["once", "worker"])
def caller(request, beyond):
    """Both ways to call."""
    return beyond if request.param == "once" else request.getfixturevalue("worker")


def test_a_function_of_a_package_that_the_host_has_not(caller):
    with pytest.raises(ModuleNotFoundError):
        __import__("beyond")
    assert caller.call("beyond:echo", 1, 2.5, ["x"]) == (1, 2.5, ["x"])
    assert caller.call("beyond:echo", a={1, 2}) == {"a": {1, 2}}


def test_it_runs_in_the_interpreter_of_the_environment(beyond, caller):
    assert caller.call(lambda: __import__("sys").prefix) == str(beyond.prefix)
    assert caller.call("os:getpid") != os.getpid()


def test_functions_of_the_host_by_value(caller):
    nested = 3

    def inner(value):
        import beyond

        return beyond.echo(value + nested), HERE, helper()

    assert caller.call(inner, 1) == (4, HERE, "helped")
    assert caller.call(lambda: HERE) == HERE


def helper():
    return "helped"


def test_a_decorated_function_keeps_its_face(beyond):
    @beyond.function
    def both(left: int, right: int = 2) -> int:
        """Adds."""
        import beyond

        return beyond.echo(left + right)

    assert (both(1), both(1, right=5)) == (3, 6)
    assert (both.__name__, both.__doc__) == ("both", "Adds.")
    assert beyond.function("beyond:echo", timeout=30)("x") == "x"


def test_generators_and_coroutines(caller):
    assert list(caller.call("beyond:count", 1000)) == list(range(1000))
    assert caller.call("beyond:later", "value") == "value"
    assert list(caller.call("beyond:alater", 5)) == [0, 1, 2, 3, 4]


def test_bad_targets_cost_nothing(worker):
    for target in ("beyond", "beyond.echo", 3, None, "beyond:no way"):
        with pytest.raises(errors.InvalidTargetError):
            worker.call(target)
    with pytest.raises(ModuleNotFoundError):
        worker.call("nowhere:function")
    with pytest.raises(AttributeError):
        worker.call("beyond:nothing")
    assert worker.call("beyond:echo", 1) == 1


def test_a_worker_is_one_process_and_keeps_its_state(worker):
    assert worker.call("os:getpid") == worker.pid
    worker.call("beyond:settled", "STATE", "kept")
    assert worker.call("beyond:variable", "STATE") == "kept"


def test_objects_that_stay_there(worker):
    model = worker.new("beyond:Model", "big")
    assert model.take("first") == "big"
    assert (len(model), model[0], list(model.items())) == (1, "first", ["first"])
    assert worker.call(getattr, model, "name") == "big"
    assert worker.call("beyond:alive") == 1
    del model
    assert worker.call("beyond:alive") == 0


def test_an_object_of_one_worker_is_no_argument_for_another(beyond, worker):
    model = worker.new("beyond:Model")
    with beyond.worker() as other, pytest.raises(errors.SerializationError):
        other.call("beyond:echo", model)
    assert len(model) == 0


def test_two_environments_in_one_process(beyond, make, worker):
    other = make(["alpha==1.0"])
    assert other.call(lambda: __import__("alpha").__version__) == "1.0"
    with pytest.raises(ModuleNotFoundError):
        other.call("beyond:echo", 1)
    assert worker.call("beyond:echo", 1) == 1


def test_variables_of_a_worker(beyond):
    with beyond.worker(env={"FOR_IT": "alone", "HOME": None}) as worker:
        seen = worker.call("beyond:environment")
    assert seen["FOR_IT"] == "alone"
    assert "HOME" not in seen
    assert "FOR_IT" not in os.environ


def test_setup_comes_first_and_its_failure_is_told(beyond):
    with beyond.worker(setup=("beyond:settled", "READY", "yes")) as worker:
        assert worker.call("beyond:variable", "READY") == "yes"
    with pytest.raises(ValueError, match="in setup"):
        beyond.worker(setup=("beyond:fail", "value", "in setup"))


def test_a_closed_worker_says_so(beyond):
    worker = beyond.worker()
    worker.close()
    worker.close()
    assert not worker.is_alive
    with pytest.raises(errors.WorkerClosedError, match="was closed"):
        worker.call("beyond:echo", 1)


def test_a_large_value_both_ways_at_once(worker):
    big = os.urandom(8 << 20)
    assert worker.call("beyond:echo", big) == big
    assert worker.call("beyond:echo", bytearray(big)) == big


def test_a_worker_that_nobody_refers_to_ends(beyond):
    worker = beyond.worker()
    pid = worker.pid
    del worker
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and os.path.exists(f"/proc/{pid}"):
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{pid}")


def test_the_host_s_modules_stay_the_host_s(worker):
    assert "beyond" not in sys.modules
    assert worker.call(lambda: [name for name in __import__("sys").modules if "pytest" in name]) == []


def test_what_the_base_interpreter_has_is_there_with_system_site_packages(make):
    closed, open_ = make([], name="closed"), make([], name="open", system_site_packages=True)
    if open_.call(lambda: __import__("importlib.util").util.find_spec("pip") is None):
        pytest.skip("the base interpreter has no pip to be seen")
    seen = [calling._peer_of(env._handle.ensure()).has("pip") for env in (closed, open_)]
    assert seen == [False, True]
