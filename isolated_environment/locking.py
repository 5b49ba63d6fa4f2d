"""The file lock of a root, and who holds it.

filelock does the locking; what is added: one lock per root and process, so that handles and threads share it and the
holding thread re-enters; the holder's name beside the lock; a proof that the locked file is still the one at the path.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import LockLostError, LockTimeoutError, NotOurDirectoryError
from .holder import clear_holder, describe_holder, note_holder
from .layout import Layout
from .leases import NO_LOCKS
from .reporter import warn

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
            f"{path} was held for {timeout:.0f} s by another process",
            hint="wait for it or end it, then try again",
            path=str(path),
            waited=timeout,
            holder="another process",
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
        self._phase = ""
        self._pid = os.getpid()
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
            NotOurDirectoryError: the lock file is a link or a directory.
            OSError: the lock file cannot be opened.
        """
        wait = _Wait(self._layout, timeout, on_wait)
        while not self._mutex.acquire(timeout=-1 if timeout is None and on_wait is None else wait.left()):
            wait.report(f"another thread of this process, {describe_holder(self._layout)}")
        try:
            if self._depth == 0:
                self._acquire(wait)
            outer = self._phase
            self._depth += 1
            try:
                self.enter_phase(phase)
                yield
            finally:
                self._leave(outer)
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
        self._phase = phase
        note_holder(self._layout, phase)

    def assert_held(self) -> None:
        """Check that the file that is locked still is the one at the path.

        Raises:
            LockLostError: it was deleted or replaced: another process may hold the new one.
        """
        if self._fd >= 0 and not self._is_current(self._fd):
            raise LockLostError(
                f"{self._layout.lock} was replaced while it was held, so nothing was published",
                hint="find out what deletes files in the environment's directory, then try again",
                path=self._layout.lock,
            )

    def _acquire(self, wait: _Wait) -> None:
        from filelock import Timeout

        lock = self._lock = self._lock or _native(Path(self._layout.lock), self._remember)
        while True:
            try:
                lock.acquire(timeout=wait.left(), poll_interval=_POLL)
            except Timeout:
                wait.report(describe_holder(self._layout))
                continue
            except OSError as error:
                if error.errno in NO_LOCKS:
                    self._go_without()
                    return
                raise _in_the_way(error, self._layout.lock) from error
            if self._is_current(self._fd):
                return
            lock.release()

    def _leave(self, outer: str) -> None:
        """Go back to what the lock was held for before, or give it back; a forked child has nothing to give back."""
        self._depth -= 1
        if self._pid != os.getpid():
            return
        if self._depth:
            self.enter_phase(outer)
            return
        self._phase, self._fd = "", -1
        clear_holder(self._layout)
        if self._lock is not None and self._lock.is_locked:
            self._lock.release()

    def _remember(self, fd: int) -> None:
        self._fd = fd

    def _is_current(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), os.lstat(self._layout.lock))
        except OSError:
            return False

    def _go_without(self) -> None:
        if self.effective:
            self.effective = False
            warn(
                f"the file system of {self._layout.root} has no working locks: two processes may build at once "
                "(no damage, double work), and nothing is collected automatically"
            )


class _Wait:
    """One wait for the lock: how long to sleep, whom to tell, when to give up."""

    def __init__(self, layout: Layout, timeout: float | None, on_wait: Callable[[str, float], None] | None) -> None:
        self._layout = layout
        self._timeout = timeout
        self._on_wait = on_wait
        self._started = time.monotonic()

    def left(self) -> float:
        """Seconds until something is to be said."""
        if self._timeout is None:
            return PATIENCE
        return max(min(PATIENCE, self._timeout - (time.monotonic() - self._started)), 0.0)

    def report(self, holder: str) -> None:
        """Say who holds it, or give up."""
        waited = time.monotonic() - self._started
        if self._timeout is not None and waited >= self._timeout:
            raise LockTimeoutError(
                f"{self._layout.root} is being used by somebody else: {holder}; waited {waited:.1f} s",
                hint="wait for it, end it, or raise lock_timeout",
                path=self._layout.lock,
                waited=waited,
                holder=holder,
            )
        if self._on_wait is not None:
            self._on_wait(holder, waited)


_locks: dict[str, RootLock] = {}
_registry = threading.Lock()


def lock_for(root: str) -> RootLock:
    """Return this process's lock of *root*."""
    with _registry:
        return _locks.setdefault(root, RootLock(root))


def _in_the_way(error: OSError, path: str) -> OSError:
    if error.errno not in {errno.ELOOP, errno.EISDIR, errno.ENXIO}:
        return error
    return NotOurDirectoryError(
        f"{path} is not a file of this library, so it cannot be locked: {error.strerror}",
        hint="move it away",
        path=path,
    )


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
