"""Whatever writes, reads or fails beside a call: frames stay whole, text arrives, nothing is held up."""

from __future__ import annotations

import hashlib
import logging
import os
import time

import pytest

from isolated_environment import IsolatedEnvironment, errors
from isolated_environment.testing.wheels import make_wheel
from tests.support.programs import CALLS, answer, program

NOISE = """
import atexit, ctypes, os, subprocess, sys
WHO = {who!r}
def speak(when):
    print("print of", WHO, when)
    os.write(1, ("write of %s %s\\n" % (WHO, when)).encode())
    ctypes.CDLL(None).puts(("puts of %s %s" % (WHO, when)).encode())
    ctypes.CDLL(None).fflush(None)
    subprocess.run(["/bin/sh", "-c", "echo shell of %s %s" % (WHO, when)])
    sys.stdout.flush()
if "NOISE" in os.environ:  # an installer that compiles what it installs wants silence
    speak("at the start")
    atexit.register(speak, "at the end")
"""


@pytest.fixture(scope="module")
def noisy(tmp_path_factory) -> IsolatedEnvironment:
    """An environment whose ``.pth`` file, ``sitecustomize`` and modules print whatever they can, and read stdin."""
    directory = tmp_path_factory.mktemp("noisy")
    files = {
        "noise_of_pth.py": NOISE.format(who="pth"),
        "sitecustomize.py": NOISE.format(who="sitecustomize"),
        "noisy.py": NOISE.format(who="module") + "\ndef value(item):\n    speak('in the call')\n    return item\n",
        "noisy.pth": "import noise_of_pth\n",
    }
    wheel = make_wheel(directory, "noisy", "1.0", files=files)
    env = IsolatedEnvironment(directory / "env", [str(wheel)])
    env.ensure()
    return env


def spoken(who: str, when: str) -> set[str]:
    return {f"{how} of {who} {when}" for how in ("print", "write", "puts", "shell")}


def test_row_52_everything_that_prints_disturbs_no_frame_and_is_heard(noisy):
    lines = []
    with noisy.worker(on_output=lines.append, env={"NOISE": "1"}) as worker:
        assert worker.call("noisy:value", {"x": 1}) == {"x": 1}
        assert worker.call("noisy:value", 2) == 2
    expected = [spoken(who, "at the start") for who in ("pth", "sitecustomize", "module")]
    expected += [spoken(who, "at the end") for who in ("pth", "sitecustomize", "module")]
    assert set(lines) == set().union(*expected, spoken("module", "in the call"))
    assert lines.count("print of module in the call") == 2


def test_one_call_is_no_different(noisy, capsys, monkeypatch):
    monkeypatch.setenv("NOISE", "1")
    assert noisy.call("noisy:value", 3) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "print of pth at the start" in shown.err.splitlines()


def test_code_that_runs_at_the_start_and_reads_stdin_takes_no_frame(tmp_path):
    files = {
        "reads.py": "import os, sys\nif 'READS' in os.environ:\n    seen = sys.stdin.read()\n",
        "reads.pth": "import reads\n",
    }
    wheel = make_wheel(tmp_path, "reads", "1.0", files=files)
    env = IsolatedEnvironment(tmp_path / "env", [str(wheel)])
    with env.worker(timeout=10, env={"READS": "1"}) as worker:
        assert worker.call(lambda: __import__("reads").seen) == ""


@pytest.fixture
def worker(beyond):
    with beyond.worker(on_output=len) as worker:
        yield worker


# floods


def test_a_grandchild_that_never_stops_printing_holds_nothing_up(worker):
    def start():
        import subprocess

        for _ in range(3):
            subprocess.Popen(["yes"])

    worker.call(start)
    time.sleep(0.2)
    started = time.monotonic()
    for number in range(20):
        assert worker.call("beyond:echo", number) == number
    with pytest.raises(errors.CallTimeoutError):
        worker.function("time:sleep", timeout=0.2)(60)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("size", [8 << 20, pytest.param(200 << 20, marks=pytest.mark.slow)])
def test_row_53_text_both_ways_at_once_with_noise(worker, size):
    """Text travels in the stream, not in memory beside it: both directions are full."""

    def back(text):
        import os

        os.write(2, b"x" * 150_000 + b"\n")
        return text[::-1]

    text = os.urandom(size // 2).hex()
    assert hashed(worker.call(back, text)) == hashed(text[::-1])


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_row_53_many_large_calls_at_once_in_both_directions(beyond):
    with beyond.worker(on_output=len) as worker:
        texts = [os.urandom(1 << 19).hex() for _ in range(12)]
        futures = [worker.submit("beyond:echo", text) for text in texts]
        assert [future.result(60) for future in futures] == texts


def test_lines_of_every_kind_arrive(beyond):
    def write():
        import os

        os.write(1, b"good\n\xff\xfe bad\r\n\ntwo\nparts")
        os.write(2, "é".encode()[:1])
        os.write(2, "é".encode()[1:] + b" end\n" + b"x" * (3 << 20) + b"\n")
        os.write(1, b"no end")

    lines = []
    with beyond.worker(on_output=lines.append) as worker:
        worker.call(write)
    assert lines[:5] == ["good", "\ufffd\ufffd bad", "", "two", "partsé end"]
    assert "".join(lines[5:-1]) == "x" * (3 << 20)
    assert lines[-1] == "no end"


def test_a_line_without_end_takes_no_memory(beyond):
    def write():
        import os

        for _ in range(400):
            os.write(1, b"progress\r" * 7000)

    longest = []
    started = time.monotonic()
    with beyond.worker(on_output=lambda line: longest.append(len(line))) as worker:
        worker.call(write)
    assert sum(longest) in range(400 * 9 * 7000 - 100, 400 * 9 * 7000 + 1), "but for an end of a line"
    assert max(longest) <= 2 << 20
    assert time.monotonic() - started < 20


# handlers that fail


def test_a_handler_of_lines_that_raises_ends_nothing(beyond, caplog):
    def bad(line):
        raise LookupError("the handler's own")

    with beyond.worker(on_output=bad) as worker:
        assert worker.call("beyond:write", 3) == 3
        assert worker.call("beyond:echo", 1) == 1
    assert [record.name for record in caplog.records] == ["isolated_environment"] * 3
    assert "the handler's own" in caplog.text


def test_a_logging_filter_that_raises_ends_nothing(worker, caplog):
    def bad(record):
        raise LookupError("the filter's own")

    logger = logging.getLogger("beyond.logger")
    logger.addFilter(bad)
    try:
        worker.call(lambda: __import__("logging").getLogger("beyond.logger").warning("hear me"))
    finally:
        logger.removeFilter(bad)
    assert worker.call("beyond:echo", 1) == 1
    assert "the filter's own" in caplog.text


def test_a_handler_that_calls_the_same_worker(beyond):
    answers = []

    def ask(line):
        if len(answers) < 3:
            answers.append(worker.call("beyond:echo", line))

    with beyond.worker(on_output=ask) as worker:
        assert worker.call("beyond:write", 3) == 3
        assert worker.call("beyond:echo", 1) == 1
    assert answers == ["line 0", "line 1", "line 2"]


def test_a_handler_that_closes_the_worker(beyond):
    with beyond.worker(on_output=lambda _: worker.close()) as worker:
        with pytest.raises(errors.WorkerClosedError):
            worker.call("beyond:write", 3)
        assert not worker.is_alive


def test_a_handler_that_is_interrupted_interrupts(beyond):
    def interrupted(line):
        raise KeyboardInterrupt

    with beyond.worker(on_output=interrupted) as worker:
        with pytest.raises(KeyboardInterrupt):
            worker.call("beyond:write", 3)
        assert not worker.is_alive


def test_a_host_without_stderr(beyond):
    with program(CALLS + "sys.stderr = None\nsay(env.call('beyond:write', 3))", beyond.path) as host:
        assert answer(host) == [3]
        assert host.wait(10) == 0
