"""A step's output on the user's terminal: as it comes there, in plain lines for the log and for errors."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import Callable, Iterator

import pytest

from isolated_environment import errors, events
from isolated_environment.plan import Stage, Step
from isolated_environment.reporter import Reporter
from isolated_environment.store.runner import Runner
from isolated_environment.store.screen import Screen, plain

#: Asks whether this is a terminal and how wide, draws a bar, and lists what it did.
INSTALLER = r"""
import os, sys
print("terminal", sys.stderr.isatty(), os.get_terminal_size(2).columns, os.environ.get("SILENT"))
sys.stderr.write("\x1b[37m\u280b\x1b[0m Preparing... (0/1)\rnumpy ------------ 5.0 MiB/16.1 MiB\r\x1b[2K")
sys.stderr.write("\x1b[2mInstalled \x1b[1m1 package\x1b[0m\n \x1b[32m+\x1b[39m numpy==2.0\n")
sys.stderr.flush()
try:
    os.open("/dev/tty", os.O_RDWR)
    print("it could ask")
except OSError:
    print("it cannot ask")
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Makes this process's stderr a terminal of 101 columns, in the test (pytest puts its own there), and returns its
    other end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 101, 0, 0))
    with os.fdopen(theirs, "w", buffering=1) as stream:

        def make() -> int:
            monkeypatch.setattr(sys, "stderr", stream)
            os.set_blocking(ours, False)
            return ours

        yield make
    os.close(ours)


def run(tmp_path, *, code=0, **options):
    """Run the installer; return its lines."""
    (tmp_path / "work").mkdir()
    told: list[events.Event] = []
    reporter = Reporter("/r", **options)
    keep, reporter.report = reporter.report, lambda event: (told.append(event), keep(event))[1]
    silencing = frozenset({"SILENT"})
    step = Step("install", "installing", (sys.executable, "-I", "-c", INSTALLER, str(code)), {"SILENT": "1"}, silencing)
    Runner(tmp_path / "work", tmp_path / "log", reporter, ("s3cret",)).run(Stage((step,)))
    return [event.line for event in told if isinstance(event, events.StepOutput)]


def test_on_a_terminal_it_is_shown_as_it_comes_and_kept_as_plain_lines(tmp_path, terminal):
    there = terminal()
    lines = run(tmp_path)
    assert sorted(lines) == sorted(
        ["terminal True 101 None", "Installed 1 package", " + numpy==2.0", "it cannot ask"]
    ), "no bar, no colour"
    screen = os.read(there, 1 << 16).decode()
    assert "5.0 MiB/16.1 MiB\r" in screen
    assert "\x1b[1m1 package" in screen
    assert "numpy==2.0" not in screen, "a list that nobody asked for"
    assert "  installing\r\n" in screen
    assert "\x1b" not in (tmp_path / "log").read_text()


def test_what_fails_there_says_why_in_the_error(tmp_path, terminal):
    terminal()
    with pytest.raises(errors.BuildError) as caught:
        run(tmp_path, code=3)
    assert "Installed 1 package" in caught.value.tail
    assert caught.value.returncode == 3


def test_a_bar_that_is_drawn_for_long_is_no_line(tmp_path):
    """Many times what a line may have, without an end of line."""
    (tmp_path / "work").mkdir()
    script = (
        "import sys\n"
        "for n in range(3000): sys.stderr.write(f'numpy -------------- {n} MiB/9 MiB\\r\\x1b[2K')\n"
        "sys.stderr.write('Installed 1 package\\n')"
    )
    step = Step("install", "i", (sys.executable, "-I", "-c", script), {}, frozenset("x"))
    Runner(tmp_path / "work", tmp_path / "log", Reporter("/r", repr), ()).run(Stage((step,)))
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[-2] == "Installed 1 package"
    assert "\n".join(lines).count("MiB/9 MiB") == 1, "in its command line, and nothing of the bar"


def test_quiet_it_is_given_no_terminal(tmp_path, terminal):
    there = terminal()
    (tmp_path / "work").mkdir()
    step = Step("install", "i", (sys.executable, "-c", "import sys; sys.exit(sys.stderr.isatty())"), {}, frozenset("x"))
    Runner(tmp_path / "work", tmp_path / "log", Reporter("/r", quiet=True), ()).run(Stage((step,)))
    with pytest.raises(BlockingIOError):
        os.read(there, 1)


def test_for_a_listener_it_draws_where_nobody_sees_it(tmp_path, terminal):
    there, seen = terminal(), []
    lines = run(tmp_path, on_event=seen.append)
    assert "terminal True 400 None" in lines
    assert [(event.name, event.done) for event in seen if isinstance(event, events.Downloading)] == [
        ("numpy", 5 << 20),
    ]
    with pytest.raises(BlockingIOError):
        os.read(there, 1)


def test_for_a_listener_it_tells_in_lines_where_it_can(tmp_path):
    seen = []
    (tmp_path / "work").mkdir()
    script = "import os, sys; print('Downloading a-1.whl'); print('Progress 1 of', os.environ['RAW']); print('done')"
    step = Step("install", "i", (sys.executable, "-c", script), {"RAW": "0"}, frozenset("x"), {"RAW": "7"})
    Runner(tmp_path / "work", tmp_path / "log", Reporter("/r", seen.append), ()).run(Stage((step,)))
    assert [event for event in seen if isinstance(event, events.Downloading)] == [
        events.Downloading("/r", "install", "a", 1, 7)
    ]
    assert [event.line for event in seen if isinstance(event, events.StepOutput)] == ["Downloading a-1.whl", "done"]
    assert "Progress 1 of 7" not in (tmp_path / "log").read_text()


def test_where_there_is_no_pseudo_terminal_it_has_a_pipe(tmp_path, terminal, monkeypatch):
    def none() -> tuple[int, int]:
        raise OSError(2, "out of pty devices")

    terminal()
    monkeypatch.setattr(pty, "openpty", none)
    (tmp_path / "work").mkdir()
    step = Step("install", "i", (sys.executable, "-c", "import sys; sys.exit(sys.stderr.isatty())"), {}, frozenset("x"))
    Runner(tmp_path / "work", tmp_path / "log", Reporter("/r"), ()).run(Stage((step,)))


def test_a_credential_is_not_shown(tmp_path, terminal):
    there = terminal()
    (tmp_path / "work").mkdir()
    script = "print('https://user:s3cret@h/x and s3cret')"
    step = Step("install", "i", (sys.executable, "-c", script), {}, frozenset("x"))
    Runner(tmp_path / "work", tmp_path / "log", Reporter("/r"), ("s3cret",)).run(Stage((step,)))
    assert "s3cret" not in os.read(there, 1 << 16).decode()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"plain", b"plain"),
        (b"\x1b[31merror\x1b[0m: no\r", b"error: no"),
        ("\u280b Resolving...\r\x1b[2Kdone".encode(), b"done"),
        ("\u2588\u2588\u2591 [1/2] numpy".encode(), b""),
        (b"numpy   ------------------- 5.0 MiB/16.1 MiB", b""),
        ("   \u2501\u2501\u2501\u2578 5.0/16.1 MB".encode(), b""),
        (b"half \xff", b"half \xff"),
    ],
)
def test_a_line_is_what_was_to_be_read_in_the_end(line, text):
    assert plain(line) == text


def test_a_list_is_not_shown_wherever_it_is_cut():
    text = b"\x1b[2mUsing Python 3.11 environment at: g1\x1b[0m\r\nInstalled 2 packages\r\n"
    text += b" \x1b[32m+\x1b[39m numpy==2.0\r\n - six==1.0\r\n  kept\r\nend"
    for cut in range(len(text)):
        screen = Screen()
        assert screen.shown(text[:cut]) + screen.shown(text[cut:]) == "Installed 2 packages\n  kept\nend"
