"""What a terminal shows of a first, a second, a failing and a waiting run: ``python -m tests.support.recordings``.

It types into a real terminal (tmux) and writes what was seen into docs/explanation/first-run.md.  It needs tmux and the
package registry; what it shows is a real package of more than 50 MB, downloaded anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "explanation" / "first-run.md"
PACKAGE = "opencv-python-headless"
COMMAND = f"isolated-environment run ./vision_env --with {PACKAGE} -- python -c 'import cv2; print(cv2.__version__)'"
PROMPT = "$ "
#: Seconds that a command may take.
LIMIT = 120


class Terminal:
    """A terminal of a hundred columns with a shell in it.

    Args:
        name: Of the session, and of tmux's server.
        directory: Where the shell is.
        variables: The shell's environment.
    """

    def __init__(self, name: str, directory: Path, variables: dict[str, str]) -> None:
        self._name = name
        self._env = {**variables, "TERM": "xterm-256color"}
        shell = ("env", f"PS1={PROMPT}", "bash", "--norc", "--noprofile")
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", "100", "-y", "30", "-c", str(directory), *shell)
        self._wait(lambda screen: screen.endswith(PROMPT.strip()))

    def type(self, command: str) -> None:
        """Type a command on an empty screen."""
        self._tmux("send-keys", "clear", "Enter")
        self._wait(lambda screen: screen == PROMPT.strip())
        self._tmux("send-keys", command, "Enter")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._tmux("send-keys", "C-c")

    def watch(self, until: Callable[[str], bool] | None = None) -> list[tuple[float, str]]:
        """Return every screen that was seen, with the seconds since the first, until the prompt is back."""
        seen: list[tuple[float, str]] = []

        def look(screen: str) -> bool:
            if not seen or seen[-1][1] != screen:
                seen.append((time.monotonic() - started, screen))
            done = screen.endswith(f"\n{PROMPT.strip()}")
            return done if until is None else done or until(screen)

        started = time.monotonic()
        self._wait(look)
        return seen

    def close(self) -> None:
        """End the shell."""
        self._tmux("kill-server")

    def _wait(self, done: Callable[[str], bool]) -> None:
        end = time.monotonic() + LIMIT
        while not done(self._tmux("capture-pane", "-p").strip()):
            if time.monotonic() > end:
                raise TimeoutError(self._tmux("capture-pane", "-p"))
            time.sleep(0.03)

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-L", f"recordings-{os.getpid()}-{self._name}", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=self._env).stdout


def shown(screen: str, directory: Path) -> str:
    """A screen as a block of the page."""
    text = screen.replace(str(directory), "/srv/app").removesuffix("\n$")
    text = re.sub(r"\bpid \d+", "pid 4711", re.sub(r" +$", "", text, flags=re.MULTILINE))
    return f"```text\n{text}\n```\n"


def record(directory: Path, variables: dict[str, str]) -> str:
    """Play the runs; return the page."""
    one, two = Terminal("one", directory, variables), Terminal("two", directory, variables)
    try:
        one.type(COMMAND)
        first = one.watch()
        downloading = [seen for seen in first if "iB/" in seen[1]]
        half = downloading[len(downloading) // 2]
        one.type(COMMAND)
        second = one.watch()
        one.type(f"isolated-environment run ./vision_env --with '{PACKAGE}<1' -- python -V")
        failing = one.watch()
        fresh = COMMAND.replace("vision_env", "other_env").replace(PACKAGE, f"{PACKAGE}==4.11.0.86 --with scikit-learn")
        one.type(fresh)
        one.watch(lambda screen: "resolving" in screen)
        two.type(fresh)
        waiting = two.watch(lambda screen: "waiting" in screen)
        waited = two.watch()
        one.type(f"isolated-environment run ./third_env --with {PACKAGE}==4.10.0.84 -- python -V")
        one.watch(lambda screen: "iB/" in screen)
        one.interrupt()
        interrupted = one.watch()
        one.type("isolated-environment show ./third_env")
        after = one.watch()
    finally:
        one.close()
        two.close()
    return TEXT.format(
        half=shown(half[1], directory),
        half_after=half[0],
        first=shown(first[-1][1], directory),
        first_after=first[-1][0],
        second=shown(second[-1][1], directory),
        second_after=second[-1][0],
        failing=shown(failing[-1][1], directory),
        waiting=shown(waiting[-1][1], directory),
        waited=shown(waited[-1][1], directory),
        interrupted=shown(interrupted[-1][1], directory),
        after=shown(after[-1][1], directory),
        package=PACKAGE,
        python=".".join(map(str, sys.version_info[:2])),
    )


TEXT = """# What a first run looks like

What a terminal showed, read off it while it ran (`python -m tests.support.recordings`, tmux, 100 columns, Python
{python}, a fast index nearby, nothing in any cache). The package is a real one, `{package}`; with what it
needs it is about 75 MB. All of it is on stderr; stdout is the application's.

## The first run

After {half_after:.1f} seconds. What will be downloaded was said before the first byte; the bars are the installer's:

{half}
At the end, after {first_after:.1f} seconds:

{first}
## The second run

After {second_after:.1f} seconds, most of them Python's own start and the package's import. Nothing is said, because
nothing is done:

{second}
## A run that fails

What was asked for, why it cannot be had, where the whole log is, what to do. The environment of before is still there,
and goes on working:

{failing}
## A run that waits

Somebody else is building the same environment. Who it is, and that one waits, is said after a second, and then
every ten:

{waiting}
When the other one is done, there is nothing left to do:

{waited}
## Ctrl-C in the middle of a download

{interrupted}
Nothing half-made is left, and the next run builds it:

{after}"""


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary, "app")
        directory.mkdir()
        caches = {name: f"{temporary}/{name}" for name in ("UV_CACHE_DIR", "ISOLATED_ENVIRONMENT_CACHE_DIR")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        PAGE.write_text(record(directory, {**os.environ, **caches, "PATH": path}), "utf-8")


if __name__ == "__main__":
    main()
