"""Four usual ways to keep an environment, each with a hole: what the attackers must find (negative controls).

``exists``: a directory that exists is complete.  ``resume``: a marker, and without it the installer goes on in the same
directory.  ``wipe``: a marker, and without it everything is deleted first.  ``inherit``: as ``wipe``, and the installer
inherits the file lock, so that it is waited for when its host was killed.  None of them has leases.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

DESIGNS = ("exists", "resume", "wipe", "inherit")


class Weaker:
    """An environment by one of the designs.

    Args:
        design: Which.
        path: Where; only the prefix and its lock are there.
        requirements: What is wanted.
        say: Is told the phases and the pids of the installers.
        adopts: Whatever is complete will do.
    """

    def __init__(
        self,
        design: str,
        path: str,
        requirements: Sequence[str],
        *,
        say: Callable[[str, object], None] = lambda _word, _text: None,
        adopts: bool = False,
    ) -> None:
        self._design = design
        self._root = Path(path)
        self._prefix = self._root / "env"
        self._marker = self._root / "complete"
        self._wanted = "\n".join(sorted(requirements))
        self._say = say
        self._adopts = adopts

    def ensure(self) -> Path:
        self._root.mkdir(parents=True, exist_ok=True)
        with self._locked() as lock:
            if not self._is_complete():
                self._build(lock)
        return self._prefix

    def _is_complete(self) -> bool:
        if self._design == "exists":
            return self._prefix.exists()
        return self._marker.exists() and (self._adopts or self._marker.read_text() == self._wanted)

    def _build(self, lock: int) -> None:
        self._marker.unlink(missing_ok=True)
        if self._design in {"wipe", "inherit"}:
            shutil.rmtree(self._prefix, ignore_errors=True)
        uv = str(shutil.which("uv"))
        self._say("phase", "create")
        self._run(lock, uv, "venv", "--quiet", "--allow-existing", str(self._prefix))
        self._say("phase", "install")
        python = str(self._prefix / "bin" / "python")
        index = os.environ["ISOLATED_ENVIRONMENT_INDEX_URL"]
        self._run(lock, uv, "pip", "install", "-q", "-p", python, "--default-index", index, *self._wanted.split())
        self._say("phase", "publish")
        self._marker.write_text(self._wanted)

    def _run(self, lock: int, *argv: str) -> None:
        kept = (lock,) if self._design == "inherit" else ()
        with subprocess.Popen(argv, start_new_session=True, pass_fds=kept, stderr=subprocess.DEVNULL) as process:
            self._say("child", process.pid)
        if process.returncode != 0:
            raise ChildProcessError(process.returncode)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        fd = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)
