"""Streams, callbacks, log records and text: in order, nothing lost, nothing held up."""

from __future__ import annotations

import logging
import os
import threading
import time

import pytest

from isolated_environment import host_function


@pytest.fixture
def worker(beyond):
    with beyond.worker() as worker:
        yield worker


# streams


def test_items_come_in_order_and_none_is_lost(worker):
    assert list(worker.call("beyond:count", 100_000)) == list(range(100_000))


def test_a_slow_generator_s_items_come_one_by_one(worker):
    came = [(item, time.monotonic()) for item in worker.call("beyond:tick", 0.1, 3)]
    assert came[1][1] - came[0][1] > 0.05
    assert [item for item, _ in came] == [0, 1, 2]


def test_a_generator_runs_no_further_ahead_than_a_window(worker):
    def counted():
        import builtins

        builtins.made = 0
        for item in range(1_000_000):
            builtins.made = item
            yield item

    stream = worker.call(counted)
    assert next(stream) == 0
    time.sleep(0.2)
    assert worker.call(lambda: __import__("builtins").made) < 10_000
    stream.close()


def test_other_calls_are_answered_between_two_items(worker):
    stream = worker.call("beyond:tick", 0.05, 40)
    assert next(stream) == 0
    started = time.monotonic()
    assert worker.call("beyond:echo", "between") == "between"
    assert time.monotonic() - started < 1
    assert list(stream) == list(range(1, 40))


def test_a_stream_that_fails_gives_what_came_before(worker):
    stream = worker.call("beyond:count_then_fail", 5)
    came = []
    with pytest.raises(ValueError, match="after 5"):
        came.extend(stream)
    came2 = list(stream)
    assert (came, came2) == ([0, 1, 2, 3, 4], [])


def test_a_stream_that_is_closed_runs_its_finally(worker):
    def guarded():
        import builtins

        try:
            while True:
                yield 1
        finally:
            builtins.cleaned = True

    with worker.call(guarded) as stream:
        assert next(stream) == 1
    assert worker.call(lambda: __import__("builtins").cleaned) is True
    stream = worker.call("beyond:count", 10)
    del stream
    assert worker.call("beyond:echo", 1) == 1


def test_two_streams_side_by_side(worker):
    left, right = worker.call("beyond:count", 3000), worker.call("beyond:count", 3000)
    assert list(zip(left, right, strict=True)) == [(item, item) for item in range(3000)]


def test_a_stream_of_one_call_ends_its_process(beyond):
    stream = beyond.call("beyond:count", 3)
    assert list(stream) == [0, 1, 2]
    stream = beyond.call("beyond:count", 10**9)
    next(stream)
    stream.close()
    assert threading.active_count() < 10


# callbacks


def test_a_function_of_the_host_is_called_in_the_host(worker):
    seen = []

    def take(item):
        seen.append((item, os.getpid()))
        return item * 2

    assert worker.call("beyond:apply", host_function(take), 21) == 42
    assert seen == [(21, os.getpid())]


def test_twenty_deep_and_back(worker):
    def descend(depth):
        return worker.call("beyond:descend", host_function(descend), depth)

    assert descend(20) == 0


def test_what_a_function_of_the_host_raises_is_raised_over_there_and_comes_back(worker):
    def refuse(_):
        raise LookupError("not here")

    with pytest.raises(LookupError, match="not here"):
        worker.call("beyond:apply", host_function(refuse), 1)

    def tolerant(function):
        try:
            function(1)
        except LookupError as error:
            return f"caught {error}"

    assert worker.call(tolerant, host_function(refuse)) == "caught not here"


def test_a_thread_of_the_worker_may_call_back(worker):
    assert worker.call("beyond:apply_in_a_thread", host_function(lambda item: item + 1), 1) == 2


def test_a_value_of_a_callback_that_cannot_travel_is_told(worker):
    with pytest.raises(TypeError, match="lock"):
        worker.call("beyond:apply", host_function(threading.Lock))
    assert worker.call("beyond:echo", 1) == 1


def test_functions_of_the_host_are_let_go(worker):
    exports = worker._calls.exports
    for number in range(20):
        worker.call("beyond:apply", host_function(lambda item=number: item))
    worker.call("beyond:echo", 1)
    assert len(exports) <= 1


# records and text


def test_log_records_reach_the_host_under_their_own_names(beyond, caplog):
    with caplog.at_level(logging.INFO, "beyond.logger"), beyond.worker() as worker:
        worker.call("beyond:log", 3)
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("beyond.logger", "record 0"),
        ("beyond.logger", "record 1"),
        ("beyond.logger", "record 2"),
        ("beyond.logger", "with a traceback"),
    ]
    assert "invalid literal for int()" in caplog.text
    assert caplog.records[0].pathname.endswith("beyond.py")


def test_records_below_the_host_s_level_are_not_sent(beyond, caplog):
    with caplog.at_level(logging.ERROR, "beyond.logger"), beyond.worker() as worker:
        worker.call("beyond:log", 3)
    assert [record.getMessage() for record in caplog.records] == ["with a traceback"]


def test_a_hundred_thousand_lines_and_none_is_lost(beyond):
    lines = []
    with beyond.worker(on_output=lines.append) as worker:
        assert worker.call("beyond:write", 100_000) == 100_000
        assert lines == [f"line {number}" for number in range(100_000)]


def test_whatever_writes_disturbs_no_frame_and_stdin_is_empty(beyond):
    lines = []
    with beyond.worker(on_output=lines.append) as worker:
        assert worker.call("beyond:write_everywhere") == ""
    assert set(lines) == {"by print", "by sys.stderr", "by descriptor 1", "by puts", "by a child"}


def test_text_goes_to_stderr_by_default_and_stdout_stays_the_application_s(beyond, capsys):
    beyond.call("beyond:write", 2)
    assert capsys.readouterr() == ("", "line 0\nline 1\n")


def test_a_flood_on_stderr_holds_nothing_up(beyond):
    with beyond.worker(on_output=str) as worker:
        assert worker.call("beyond:write", 50_000, "stderr") == 50_000
