"""Streams that cannot go on: what came before arrives, the reason is told once, and the worker goes on."""

from __future__ import annotations

import time

import pytest

from isolated_environment import errors, host_function


@pytest.fixture
def lines():
    return []


@pytest.fixture
def worker(beyond, lines):
    with beyond.worker(on_output=lines.append) as worker:
        yield worker


def read(stream):
    """What came, and the error that came after it."""
    came = []
    try:
        for item in stream:
            came.append(item)  # noqa: PERF402 - what came before the error counts
    except Exception as error:  # noqa: BLE001 - that is what is looked at
        return came, error
    return came, None


def test_an_item_that_cannot_travel_comes_after_those_before_it(worker):
    def items():
        import threading

        yield from range(5)
        yield threading.Lock()
        yield 6

    stream = worker.call(items)
    came, error = read(stream)
    assert came == [0, 1, 2, 3, 4]
    assert isinstance(error, errors.SerializationError)
    assert "lock" in error.type_name
    assert read(stream) == ([], None)
    assert worker.call("beyond:echo", 1) == 1


def test_an_exception_that_cannot_travel_is_told(worker):
    def items():
        import beyond

        yield 1
        raise beyond.LockedError

    came, error = read(worker.call(items))
    assert came == [1]
    assert isinstance(error, errors.RemoteError)
    assert error.type_name == "beyond.LockedError"
    assert worker.call("beyond:echo", 1) == 1


def test_an_item_that_cannot_be_built_here_ends_the_stream_alone(worker):
    def items():
        import beyond

        yield 1
        yield beyond.Model()
        yield 3

    stream = worker.call(items)
    _, error = read(stream)
    assert isinstance(error, errors.SerializationError)
    assert worker.call("beyond:echo", 1) == 1


def guarded(how):
    import builtins

    builtins.finished = []
    try:
        while True:
            yield 1
    finally:
        builtins.finished.append(how)
        print("finally", flush=True)
        if how == "fails":
            raise LookupError("in finally")
        if how == "goes on":
            yield 2


def finished():
    import builtins

    return builtins.finished


@pytest.mark.parametrize("how", ["well", "fails", "goes on"])
def test_whatever_the_end_of_a_generator_does_the_worker_goes_on(worker, lines, how):
    with worker.call(guarded, how) as stream:
        assert next(stream) == 1
    assert worker.call(finished) == [how]
    assert worker.call("beyond:echo", 1) == 1
    if how == "fails":
        assert any("in finally" in line for line in lines), "it is nobody's but whoever reads what it writes"


def test_a_worker_closes_at_once_with_streams_open_and_their_ends_run(worker, lines):
    streams = [worker.call(guarded, "well") for _ in range(3)]
    assert [next(stream) for stream in streams] == [1, 1, 1]
    started = time.monotonic()
    worker.close()
    assert time.monotonic() - started < 1.5
    assert lines == ["finally"] * 3
    for stream in streams:
        assert isinstance(read(stream)[1], errors.WorkerClosedError)
        stream.close()


def test_a_stream_that_is_closed_by_what_it_calls(worker):
    def items(function):
        for number in range(10**6):
            function(number)
            yield number

    def stop(number):
        if number == 3:
            stream.close()

    stream = worker.call(items, host_function(stop))
    came, error = read(stream)
    assert (came, error) == (list(range(len(came))), None)
    assert len(came) <= 4
    assert worker.call("beyond:echo", 1) == 1


def test_a_stream_that_calls_back_and_is_called_into(worker):
    def items(function):
        for number in range(200):
            yield function(number)

    assert list(worker.call(items, host_function(lambda number: worker.call("beyond:echo", number) * 2))) == [
        2 * number for number in range(200)
    ]


def test_streams_are_dropped_by_the_dozen(worker):
    for _ in range(50):
        assert next(worker.call("beyond:count", 10**6)) == 0
    assert worker.call("beyond:echo", 1) == 1
    assert not worker.has_streams
