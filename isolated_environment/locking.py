"""The file lock of a root, and who holds it.

filelock does the locking; what is added: one lock per root and process, so that handles and threads share it and the
holding thread re-enters; the holder's name beside the lock; a proof that the locked file is still the one at the path.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import IsolatedEnvironmentWarning, LockLostError, LockTimeoutError
from .layout import Layout
from .leases import NO_LOCKS

if TYPE_CHECKING:
    from filelock import BaseFileLock

#: Seconds after which a waiter says whom it waits for, and says so again.
PATIENCE = 1.0

_POLL = 0.02  # seconds


@contextlib.contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold a plain file lock at *path* for a short edit.

    Args:
        path: The lock file, created once, never unlinked.
        timeout: Seconds to wait.

    Raises:
        LockTimeoutError: another process held it for that long.
        OSError: the file cannot be opened.
    """
    from filelock import Timeout

    lock = _native(path)
    try:
        lock.acquire(timeout=timeout, poll_interval=_POLL)
    except Timeout:
        raise LockTimeoutError(
            f"{path} was held for {timeout:.0f} s", path=str(path), waited=timeout, holder="another process"
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        if lock.is_locked:
            lock.release()


class RootLock:
    """The file lock of one root, shared by this process's handles and threads; made by :func:`lock_for`."""

    def __init__(self, root: str) -> None:
        self._layout = Layout(root)
        self._mutex = threading.RLock()
        self._depth = 0
        self._fd = -1
        self._lock: BaseFileLock | None = None
        self._builder: int | None = None
        #: False where the file system has no working locks.
        self.effective = True

    @contextlib.contextmanager
    def held(
        self, timeout: float | None, phase: str, on_wait: Callable[[str, float], None] | None = None
    ) -> Iterator[None]:
        """Hold the lock.

        Args:
            timeout: Seconds to wait; ``None``: for ever.
            phase: What it is held for, in words, shown to those who wait.
            on_wait: Called after each second of waiting with the holder and the seconds waited.

        Raises:
            LockTimeoutError: it was held by somebody else for that long; the error names them.
            OSError: the lock file cannot be opened.
        """
        started = time.monotonic()
        if not self._mutex.acquire(timeout=-1 if timeout is None else timeout):
            raise self._timed_out(timeout or 0.0, "another thread of this process")
        try:
            if self._depth == 0:
                self._acquire(timeout, started, on_wait)
            self._depth += 1
            try:
                self.enter_phase(phase)
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._release()
        finally:
            self._mutex.release()

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Note that this thread builds: asking for another build inside is an error, not a deadlock."""
        self._builder = threading.get_ident()
        try:
            yield
        finally:
            self._builder = None

    def building_here(self) -> bool:
        """Return whether this thread is inside a build of this root."""
        return self._builder == threading.get_ident()

    def enter_phase(self, phase: str) -> None:
        """Tell those who wait what is being done now."""
        host = socket.gethostname()
        program = os.path.basename(sys.argv[0] or "python") if sys.argv else "python"
        owner = {"pid": os.getpid(), "host": host, "command": program, "since": time.time(), "phase": phase}
        with contextlib.suppress(OSError):
            Path(self._layout.lock_owner).write_text(json.dumps(owner), "utf-8")

    def assert_held(self) -> None:
        """Check that the file that is locked still is the one at the path.

        Raises:
            LockLostError: it was deleted or replaced: another process may hold the new one.
        """
        if self._fd >= 0 and not self._is_current(self._fd):
            raise LockLostError(
                f"{self._layout.lock} was replaced while it was held",
                hint="do not delete files in the environment's directory; try again",
                path=self._layout.lock,
            )

    def _acquire(self, timeout: float | None, started: float, on_wait: Callable[[str, float], None] | None) -> None:
        from filelock import Timeout

        lock = self._lock = self._lock or _native(Path(self._layout.lock), self._remember)
        while True:
            waited = time.monotonic() - started
            left = PATIENCE if timeout is None else max(min(PATIENCE, timeout - waited), 0.0)
            try:
                lock.acquire(timeout=left, poll_interval=_POLL)
            except Timeout:
                waited = time.monotonic() - started
                holder = describe_holder(self._layout)
                if timeout is not None and waited >= timeout:
                    raise self._timed_out(waited, holder) from None
                if on_wait is not None:
                    on_wait(holder, waited)
                continue
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                self._go_without()
                return
            if self._is_current(self._fd):
                return
            lock.release()

    def _release(self) -> None:
        self._fd = -1
        with contextlib.suppress(OSError):
            Path(self._layout.lock_owner).write_text("", "utf-8")
        if self._lock is not None and self._lock.is_locked:
            self._lock.release()

    def _remember(self, fd: int) -> None:
        self._fd = fd

    def _is_current(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), os.stat(self._layout.lock))
        except OSError:
            return False

    def _go_without(self) -> None:
        if self.effective:
            self.effective = False
            warnings.warn(
                f"the file system of {self._layout.root} has no working locks: two processes may build at once "
                "(no damage, double work), and nothing is collected automatically",
                IsolatedEnvironmentWarning,
                stacklevel=2,
            )

    def _timed_out(self, waited: float, holder: str) -> LockTimeoutError:
        return LockTimeoutError(
            f"{self._layout.root} is being built by somebody else: {holder}; waited {waited:.0f} s",
            hint="wait for it, end it, or raise lock_timeout",
            path=self._layout.lock,
            waited=waited,
            holder=holder,
        )


_locks: dict[str, RootLock] = {}
_registry = threading.Lock()


def lock_for(root: str) -> RootLock:
    """Return this process's lock of *root*."""
    with _registry:
        return _locks.setdefault(root, RootLock(root))


def describe_holder(layout: Layout) -> str:
    """Return who holds the file lock, as they wrote it themselves: pid, command, age, phase."""
    try:
        owner = json.loads(Path(layout.lock_owner).read_text("utf-8"))
        age = max(time.time() - float(owner["since"]), 0.0)
        return f"pid {owner['pid']} ({owner['command']}), {owner['phase']} for {age:.0f} s"
    except (OSError, ValueError, KeyError, TypeError):
        return "an unknown process"


def _native(path: Path, on_acquired: Callable[[int], None] | None = None) -> BaseFileLock:
    from filelock import FileLock

    return FileLock(
        path,
        thread_local=False,
        fallback_to_soft=False,
        preserve_lock_file=True,
        on_acquired=on_acquired,
    )


def _forget_after_fork() -> None:
    """A forked child holds nothing, whatever its parent held."""
    global _registry  # noqa: PLW0603
    _locks.clear()
    _registry = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
