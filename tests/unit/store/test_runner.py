"""Running a step: its output by lines, its log, its end, and nothing of it left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from isolated_environment import errors, events
from isolated_environment.plan import Stage, Step
from isolated_environment.reporter import Reporter
from isolated_environment.store import ending
from isolated_environment.store.ending import chunks, end, finish, has_ended
from isolated_environment.store.runner import Runner
from tests.support.processes import await_end, children_of, group_of

QUICK = 10.0


@pytest.fixture
def told() -> list[events.Event]:
    return []


@pytest.fixture
def runner(tmp_path, told):
    (tmp_path / "work").mkdir()
    reporter = Reporter(str(tmp_path), told.append)
    return Runner(tmp_path / "work", tmp_path / "g1.log", reporter, ("s3cret",))


def step(script: str, *words: str, **env: str) -> Stage:
    return Stage((Step("try", "trying", (sys.executable, "-I", "-c", script, *words), env),))


def lines(told) -> list[str]:
    return [event.line for event in told if isinstance(event, events.StepOutput)]


def start(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-c", script], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True
    )


def test_output_comes_by_lines_without_secrets_and_is_kept(runner, told, tmp_path):
    script = "import sys; print('one\\rtwo\\n\\nthe s3cret'); print('bad \\udcff', end='', file=sys.stderr)"
    runner.run(step("import sys; sys.stderr.reconfigure(errors='surrogateescape');" + script, "s3cret"))
    assert sorted(lines(told)) == ["bad \ufffd", "one", "the ****", "two"]
    log = (tmp_path / "g1.log").read_text()
    assert "s3cret" not in log
    assert log.startswith(f"$ {sys.executable} -I -c")
    assert "exit 0 after " in log
    kinds = [type(event).__name__ for event in told if not isinstance(event, events.StepOutput)]
    assert kinds == ["StepStarted", "StepFinished"]
    assert not any("s3cret" in repr(event) for event in told)


def test_a_step_runs_in_the_working_directory_with_its_files_and_variables(runner, told, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    script = "import os; print(os.getcwd()); print(open('file').read())"
    stage = step(f"{script}; print(os.environ.get('PYTHONPATH'), os.environ['A'])", A="b")
    runner.run(Stage(stage.steps, {"file": "text"}))
    assert lines(told) == [str(tmp_path / "work"), "text", "None b"]
    assert (tmp_path / "work" / "file").stat().st_mode & 0o777 == 0o600


def test_a_step_has_no_input_and_a_session_of_its_own(runner, told):
    runner.run(step("import os, sys; print(repr(sys.stdin.read()), os.getsid(0) == os.getpid())"))
    assert lines(told) == ["'' True"]


def test_a_step_that_fails_ends_the_stage(runner, told, tmp_path):
    bad, never = step("print('why'); raise SystemExit(3)").steps[0], step("open('never', 'w')").steps[0]
    with pytest.raises(errors.BuildError, match="try: failed with exit code 3") as caught:
        runner.run(Stage((bad, never)))
    assert caught.value.tail == ("why",)
    assert not (tmp_path / "work" / "never").exists()


def test_the_tail_has_the_last_fifty_lines(runner):
    with pytest.raises(errors.BuildError) as caught:
        runner.run(step("[print(n) for n in range(200)]; print('x' * 9000); raise SystemExit(1)"))
    assert caught.value.tail[:2] == ("151", "152")
    assert len(caught.value.tail) == 50
    assert len(caught.value.tail[-1]) == 2000


def test_an_error_of_the_listener_ends_the_step(runner, told, tmp_path):
    def stumble(event: events.Event) -> None:
        told.append(event)
        if isinstance(event, events.StepOutput):
            raise ZeroDivisionError

    runner._reporter = Reporter(str(tmp_path), stumble)
    started = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        runner.run(step("import os, time; print(os.getpid(), flush=True); time.sleep(600)"))
    assert time.monotonic() - started < QUICK
    assert await_end([int(lines(told)[0])], 1) == []


def test_a_stopped_step_ends_too(runner, told, tmp_path):
    def stop(event: events.Event) -> None:
        told.append(event)
        if isinstance(event, events.StepOutput):
            os.kill(int(event.line), signal.SIGSTOP)
            raise ZeroDivisionError

    runner._reporter = Reporter(str(tmp_path), stop)
    with pytest.raises(ZeroDivisionError):
        runner.run(step("import os, time; print(os.getpid(), flush=True); time.sleep(600)"))
    assert await_end([int(lines(told)[0])], 1) == []


def test_what_is_done_meanwhile_is_done_once_while_the_first_step_runs(runner, told, tmp_path):
    """The step waits for what is done meanwhile, so it would never end if that came afterwards."""
    script = "import os, time\nwhile not os.path.exists('done'): time.sleep(0.01)"
    stage = Stage((*step(script).steps, *step("print('second')").steps))
    calls = []

    def meanwhile() -> None:
        calls.append(lines(told))
        (tmp_path / "work" / "done").write_text("")

    runner.run(stage, meanwhile)
    assert calls == [[]]
    assert lines(told) == ["second"]


def test_what_fails_meanwhile_ends_the_step(runner):
    def stumble() -> None:
        children.extend(children_of(os.getpid()))
        raise ZeroDivisionError

    children: list[int] = []
    with pytest.raises(ZeroDivisionError):
        runner.run(step("import time; time.sleep(600)"), stumble)
    assert children
    assert await_end(children, 1) == []


def test_the_end_of_output_is_not_the_end_of_the_process():
    process = start(
        "import os, time; os.write(1, b'x'); os.close(1); os.close(2); time.sleep(0.3); raise SystemExit(5)"
    )
    with process:
        assert b"".join(chunks(process)) == b"x"
        assert finish(process) == 5


def test_a_child_that_goes_on_printing_is_not_listened_to_for_ever(monkeypatch):
    monkeypatch.setattr(ending, "LINGER", 0.1)
    child = "import os, time\nwhile True: os.write(1, b'c' * 1000)"
    with start(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])") as process:
        started = time.monotonic()
        for _ in chunks(process):
            pass
        assert time.monotonic() - started < QUICK
        assert finish(process) == 0
        assert await_end([process.pid], 1) == [], "the child was in its group"


def test_an_ended_process_is_not_reaped_by_looking():
    with start("") as process:
        while not has_ended(process):
            time.sleep(0.005)
        os.kill(process.pid, 0)  # its number is not anybody else's yet
        assert finish(process) == 0
        assert has_ended(process)


def test_asking_comes_before_killing():
    script = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(9)); print(1, flush=True); time.sleep(600)"
    )
    with start(script) as process:
        process.stdout.readline()
        started = time.monotonic()
        end(process)
        assert process.returncode == 9
        assert time.monotonic() - started < ending.GRACE
        assert group_of(process.pid) == []


def test_an_interrupt_while_asking_kills_at_once(monkeypatch):
    with start(
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    ) as process:
        process.stdout.readline()

        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(ending.time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            end(process)
        assert process.returncode == -signal.SIGKILL
