"""What comes back is not what the child program says: a typed error, in bounded time and memory, and nothing left."""

from __future__ import annotations

import gc
import pickle
import random
import time
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.bridge import connection
from isolated_environment.bridge.burst import Burst
from isolated_environment.bridge.reach import Peer
from isolated_environment.bridge.spawn import SpawnedProcess
from isolated_environment.bridge.worker import Worker
from isolated_environment.child import wire
from tests.support.processes import await_end
from tests.support.programs import descriptors
from tests.support.stub_workers import make_stub

HELLO = wire.encode(wire.HELLO, 0, b"3.11.7 1 5")
PLAIN = pickle.dumps("value")
RESULT = wire.encode(wire.RESULT, 1, PLAIN)
LOG = wire.encode(wire.LOG, 0, pickle.dumps({"name": "stub", "levelno": 10, "msg": "x"}))


def header(kind=wire.RESULT, call=1, length=0, version=wire.VERSION, flags=0, magic=wire.MAGIC) -> bytes:
    return wire.HEADER.pack(magic, version, kind, flags, 0, call, length)


@pytest.fixture(autouse=True)
def nothing_left():
    """Whatever the stub did, nothing of it is left."""
    gc.collect()  # what the tracebacks of earlier tests held
    before = descriptors()
    yield
    assert descriptors().keys() == before.keys()


def ask(prefix: Path, *orders, timeout: float | None = 5.0):
    """Call a stub that hears the first frames and follows *orders*; return the value or the error."""
    worker = Worker(
        SpawnedProcess(make_stub(prefix, ("hear", 1), *orders), {}),
        Peer("3.11", 5, ()),
        timeout=timeout,
        on_output=lambda _: None,
    )
    try:
        return worker.call("beyond:echo", 1)
    except errors.CallError as error:
        return error
    finally:
        worker.close()
        assert await_end([worker.pid], 5) == []


def test_the_stub_can_be_a_good_worker(tmp_path):
    """The negative control: what follows fails for its own reasons."""
    assert ask(tmp_path, ("send", HELLO + RESULT)) == "value"
    assert ask(tmp_path, ("send", HELLO + LOG * 3 + RESULT)) == "value"


def test_row_54_one_octet_at_a_time(tmp_path):
    assert ask(tmp_path, ("trickle", HELLO + LOG + RESULT)) == "value"


@pytest.mark.parametrize("cut", [1, len(HELLO), len(HELLO) + 1, len(HELLO) + wire.HEADER_SIZE, -1])
def test_row_54_a_frame_cut_short_by_the_end(tmp_path, cut):
    error = ask(tmp_path, ("send", (HELLO + RESULT)[:cut]), ("exit", 3))
    assert type(error) is (errors.WorkerStartError if cut == 1 else errors.WorkerDied)
    assert "exit code 3" in str(error)


def test_row_54_a_frame_whose_rest_never_comes(tmp_path):
    error = ask(tmp_path, ("send", (HELLO + RESULT)[:-1]), timeout=0.3)
    assert type(error) is errors.CallTimeoutError


GARBAGE = {
    "text": b"Traceback (most recent call last):\n",
    "zeros": bytes(100),
    "one octet": b"x",
    "an old version": header(version=0),
    "a new version": header(version=99) + bytes(50),
    "an unknown kind": header(kind=255),
    "another magic": header(magic=b"\xf1\xe6"),
    "too much": header(length=(1 << 40) + 1),
    "too much of a control frame": header(kind=wire.END, length=(1 << 20) + 1),
    "more than there is memory for": header(length=1 << 40),
    "buffers without lengths": header(flags=wire.BUFFERS, length=2) + b"xx",
    "buffers longer than the frame": header(flags=wire.BUFFERS, length=8) + b"\xff" * 8,
    "a second greeting": HELLO,
    "an answer to no call": wire.encode(wire.RESULT, 99, PLAIN),
    "an error of no call": wire.encode(wire.ERROR, 99, PLAIN),
    "an answer twice": RESULT + RESULT,
    "an answer after an end": wire.encode(wire.STREAM, 1) + wire.encode(wire.END, 1) + RESULT,
    "items of no stream": wire.encode(wire.ITEMS, 1, PLAIN),
    "an error that is none": wire.encode(wire.ERROR, 1, b"garbage"),
    "an error without its parts": wire.encode(wire.ERROR, 1, pickle.dumps({})),
    "an error of another shape": wire.encode(wire.ERROR, 1, pickle.dumps([1])),
    "a record that is none": wire.encode(wire.LOG, 0, b"garbage"),
    "a release that is none": wire.encode(wire.RELEASE, 0, b"garbage") + RESULT,
}


@pytest.mark.parametrize("what", GARBAGE)
def test_row_49_54_garbage_is_told_as_such(tmp_path, what):
    before = memory()
    started = time.monotonic()
    error = ask(tmp_path, ("send", HELLO + GARBAGE[what]))
    assert time.monotonic() - started < 5
    assert memory() - before < 100 << 20
    if what == "a release that is none":  # there is nothing to be released: nobody looks at it
        assert error == "value"
        return
    assert type(error) is errors.ProtocolError, error
    if what == "text":
        assert "Traceback (most" in error.received


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_result_that_cannot_be_built_is_no_end(tmp_path):
    more = wire.encode(wire.RESULT, 2, PLAIN)
    prefix = make_stub(
        tmp_path, ("hear", 1), ("send", HELLO + wire.encode(wire.RESULT, 1, b"garbage")), ("sleep", 0.2), ("send", more)
    )
    with Worker(SpawnedProcess(str(prefix), {}), Peer("3.11", 5, ()), on_output=lambda _: None, timeout=5) as worker:
        with pytest.raises(errors.SerializationError) as caught:
            worker.call("beyond:echo", 1)
        assert caught.value.side == "host"
        assert worker.call("beyond:echo", 2) == "value"


def test_row_49_an_answer_that_comes_too_late_is_nobody_s(tmp_path):
    worker = Worker(
        SpawnedProcess(make_stub(tmp_path, ("hear", 1), ("send", HELLO), ("sleep", 0.5), ("send", RESULT)), {}),
        Peer("3.11", 5, ()),
        timeout=0.2,
        on_output=lambda _: None,
    )
    with pytest.raises(errors.CallTimeoutError):
        worker.call("beyond:echo", 1)
    with pytest.raises(errors.WorkerClosedError):
        worker.call("beyond:echo", 2)


def test_row_66_a_function_that_the_worker_was_not_given_is_not_called(tmp_path, monkeypatch):
    """It asks for numbers that mean nothing, and for a name; it is told so each time, and the call goes on."""
    sent, works = [], Burst.add

    def add(self, kind, *args) -> None:
        sent.append(kind)
        works(self, kind, *args)

    monkeypatch.setattr(Burst, "add", add)
    asked = [(1, (), {}), (99, ("x",), {}), ("__init__", (), {})]
    frames = [wire.encode(wire.CALLBACK, n, pickle.dumps(what)) for n, what in enumerate(asked, 1)]
    orders = [order for frame in frames for order in (("send", frame), ("hear", 1 << 16))]
    assert ask(tmp_path, ("send", HELLO), *orders, ("send", RESULT)) == "value"
    assert [kind for kind in sent if kind in {wire.RETURN, wire.RAISE}] == [wire.RAISE] * 3


def test_records_without_end_hold_up_no_deadline(tmp_path):
    before = memory()
    started = time.monotonic()
    error = ask(tmp_path, ("send", HELLO), ("for ever", LOG * 100), timeout=0.3)
    assert type(error) is errors.CallTimeoutError
    assert time.monotonic() - started < 10
    assert memory() - before < 100 << 20


def test_descriptors_that_belong_to_nothing_are_closed(tmp_path):
    error = ask(tmp_path, ("send", HELLO), ("descriptors", 3), timeout=1)
    assert isinstance(error, errors.CallError)


# rounds of chance

WHOLE = HELLO + LOG + wire.encode(wire.STREAM, 1) + wire.encode(wire.ITEMS, 1, pickle.dumps([1, 2])) + RESULT


def mutated(chance: random.Random) -> bytes:
    octets = bytearray(chance.choice([WHOLE, HELLO + RESULT, HELLO + LOG * 3 + RESULT]))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(octets))
        how = chance.randrange(4)
        if how == 0:
            octets[at] = chance.randrange(256)
        elif how == 1:
            del octets[at : at + chance.randint(1, 30)]
        elif how == 2:
            octets[at:at] = chance.randbytes(chance.randint(1, 30))
        else:
            octets[at:at] = octets[: chance.randint(1, 60)]
        if not octets:
            return b""
    return bytes(octets)


def check_rounds(tmp_path: Path, rounds: range) -> None:
    for number in rounds:
        octets = mutated(random.Random(number))
        outcome = ask(tmp_path, ("send", octets), ("exit", 0), timeout=5)
        assert isinstance(outcome, (str, bytes, errors.CallError)) or hasattr(outcome, "close"), (number, outcome)


def test_row_54_mutations_end_in_a_value_or_a_typed_error(tmp_path):
    check_rounds(tmp_path, range(25))


@pytest.mark.slow
def test_row_54_a_thousand_mutations(tmp_path):
    check_rounds(tmp_path, range(25, 1025))


# starts


def starting(prefix: Path, script: str | None, mode: int = 0o755):
    python = prefix / "bin" / "python"
    python.parent.mkdir(parents=True)
    if script is None:
        python.mkdir()
    else:
        python.write_text(script)
        python.chmod(mode)
    with pytest.raises(errors.WorkerStartError) as caught:
        Worker(SpawnedProcess(str(prefix), {}), Peer("3.11", 5, ()), on_output=lambda _: None).call("beyond:echo", 1)
    return caught.value


STARTS = {
    "a library is missing": ("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n", "exit code 127"),
    "it says nothing": ("#!/bin/sh\nexit 0\n", "exit code 0"),
    "it is killed": ("#!/bin/sh\nkill -9 $$\n", "SIGKILL"),
    "another machine's": ("\x7fELF garbage", "cannot be started"),
    "an interpreter that is not there": ("#!/nowhere/python\n", "cannot be started"),
    "a directory": (None, "cannot be started"),
}


@pytest.mark.parametrize("what", STARTS)
def test_row_57_an_interpreter_that_does_not_start_says_why(tmp_path, what):
    script, expected = STARTS[what]
    error = starting(tmp_path, script)
    assert expected in str(error)
    assert error.interpreter == str(tmp_path / "bin" / "python")
    assert error.tail == ("error while loading shared libraries" if what == "a library is missing" else "")


def test_row_57_an_interpreter_that_does_not_get_anywhere_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "START_LIMIT", 0.3)
    started = time.monotonic()
    error = starting(tmp_path, "#!/bin/sh\necho 'still at it' >&2\nexec sleep 60\n")
    assert "nothing was heard of it for 0.3 s" in str(error)
    assert error.tail == "still at it"
    assert time.monotonic() - started < 5


def test_row_57_an_interpreter_that_may_not_be_executed(tmp_path):
    assert "cannot be started" in str(starting(tmp_path, "#!/bin/sh\n", mode=0o644))
