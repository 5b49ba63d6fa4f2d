"""Calling into an environment: once, or with warm workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from ..bridge.callables import Callables

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from ..bridge.future import CallFuture
    from ..bridge.pool import WorkerPool
    from ..bridge.reach import Peer
    from ..bridge.shared import Shape, SharedArray
    from ..bridge.worker import Worker
    from ..store.warm import Held
    from .handle import Handle

    Overlay = Mapping[str, str | None]


class CallingMethods(Callables):
    """The part of :class:`~isolated_environment.IsolatedEnvironment` that calls functions."""

    _handle: Handle

    def worker(
        self,
        *,
        timeout: float | None = None,
        setup: object = None,
        env: Overlay | None = None,
        on_output: Callable[[str], object] | None = None,
    ) -> Worker:
        """Start a worker: a process of the environment that answers calls, one after the other.

        Args:
            timeout: Seconds that each call may take; ``None``: any.
            setup: What to call in it before anything else: a target, or a tuple of a target and its arguments.
            env: Variables of its process; ``None`` removes one.
            on_output: Takes each line that it writes to stdout or stderr; by default lines go to ``sys.stderr``.

        Returns:
            The worker, to be closed by ``with`` or ``close()``.

        Raises:
            WorkerStartError: its interpreter does not come up.
            Exception: what *setup* raised.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        return self._worker(env, timeout=timeout, setup=setup, on_output=on_output)

    def workers(
        self,
        count: int,
        *,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        setup: object = None,
        env: Overlay | Callable[[int], Overlay] | None = None,
        on_output: Callable[[str], object] | None = None,
        preload: Sequence[str] = (),
        fork: bool = False,
    ) -> WorkerPool:
        """Return a :class:`concurrent.futures.Executor` of workers; each starts with the first call that it gets.

        With ``fork=True`` each call has a process of its own, forked from one that has loaded *preload* and run
        *setup*: it takes a millisecond or two, and nothing of a call is left for the next (POSIX).  What cannot be
        forked must not be loaded there: no threads, no CUDA.  Forks begin alike, also in the state of NumPy's global
        random numbers.

        Args:
            count: How many.
            timeout: Seconds that each call may take; ``None``: any.
            idle_timeout: Seconds without a call after which a worker ends, until there is a call again.
            setup: What to call in each before anything else: a target, or a tuple of a target and its arguments.  With
                *fork* it is called once, in the process that the others are forked from.
            env: Variables of their processes, or a function from a worker's number, from 0, to its variables:
                ``lambda number: {"CUDA_VISIBLE_DEVICES": str(number)}``.
            on_output: Takes each line that they write; by default lines go to ``sys.stderr``.
            preload: Modules to import before *setup*.
            fork: Whether each call has a process of its own.

        Raises:
            ValueError: *count* is less than 1; *fork* where there is none, or with variables for each number.
            IsolatedEnvironmentError: as :meth:`ensure`.
        """
        from ..bridge.pool import WorkerPool

        if count < 1:
            raise ValueError(f"a pool has at least one worker, not {count}")
        if fork and callable(env):
            raise ValueError("forks have the variables of the process that they are forked from: give one mapping")
        held = self._handle.ensure()

        def make(number: int, forks: socket.socket | None = None) -> Worker:
            own = env(number) if callable(env) else env
            return self._worker(own, forks=forks, timeout=timeout, preload=preload, setup=setup, on_output=on_output)

        if not fork:
            return WorkerPool(make, count, timeout=timeout, idle_timeout=idle_timeout)
        from ..bridge.fork_server import fork_pool

        limits = {"timeout": timeout, "idle_timeout": idle_timeout}
        return fork_pool(lambda forks: make(0, forks), held.prefix, count, **limits, on_output=on_output)

    def empty(self, shape: Shape, dtype: str = "float64") -> SharedArray:
        """Return an array that this process and workers see at once; passing it to a call copies nothing.

        Args:
            shape: A number, or one for each axis.
            dtype: As text, such as ``"float32"``; what NumPy takes for one, where NumPy is imported.

        Returns:
            The array, its items zero; ``numpy.asarray`` makes an ordinary one on the same memory.

        Raises:
            ValueError: there are no such arrays.
            OSError: there is no memory for it.
        """
        from ..bridge.shared import SharedArray

        return SharedArray(shape, dtype)

    def _worker(self, env: Overlay | None, forks: socket.socket | None = None, **options: Any) -> Worker:
        from ..bridge.spawn import SpawnedProcess
        from ..bridge.worker import Worker
        from ..environ import make_mapping

        held = self._handle.ensure()
        process = SpawnedProcess(held.prefix, make_mapping(held.prefix, self._handle.choices.base(), env or {}), forks)
        return Worker(process, _peer_of(held), held=held.lease, **options)

    def _call(self, timeout: float | None, target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """As :meth:`call`, with a time-out of its own, in seconds."""
        worker = self._worker(None, is_for_one_call=True)
        try:
            value = worker.function(target, timeout=timeout)(*args, **kwargs)
        except BaseException:
            worker.close()
            raise
        from ..bridge.stream import Stream

        if not isinstance(value, Stream):
            worker.close()
        return value

    def _submit(
        self, timeout: float | None, target: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> CallFuture:
        """As :meth:`submit`, with a time-out of its own, in seconds."""
        import threading

        from ..bridge.future import CallFuture

        call = CallFuture(target, args, kwargs, timeout)
        threading.Thread(target=self._run_once, args=(call,), name="isolated_environment call", daemon=True).start()
        return call

    def _run_once(self, call: CallFuture) -> None:
        if not call.begin():
            return
        try:
            worker = self._worker(None, is_for_one_call=True)
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits for the call
            call.settle(returned=False, value=error)
            return
        for left in worker.run([call], lambda _: []):
            left.settle(returned=False, value=RuntimeError("the worker did not take the call"))
        if not worker.has_streams:
            worker.close()


def _peer_of(held: Held) -> Peer:
    from ..bridge.reach import Peer
    from ..layout import site_packages_of

    base = held.receipt.base
    version: str = base["version"]
    prefixes = [held.prefix]
    if held.receipt.content["system_site_packages"]:
        prefixes.append(os.path.dirname(os.path.dirname(os.path.realpath(base["executable"]))))
    directories = tuple(site_packages_of(prefix, version) for prefix in prefixes)
    return Peer(".".join(version.split(".")[:2]) + ("t" if version.endswith("t") else ""), 5, directories)
