"""An environment that records what is asked of it, and builds nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bridge.future import CallFuture
from ..environ import host_environment, overlay
from ..environment import IsolatedEnvironment
from ..layout import bin_of, python_of

if TYPE_CHECKING:
    from ..bridge.pool import WorkerPool
    from ..bridge.worker import Worker


@dataclass(frozen=True)
class Asked:
    """One call of a method of a fake."""

    #: ``run``, ``call``, ``pip_install`` …
    method: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class FakeEnvironment(IsolatedEnvironment):
    """An :class:`~isolated_environment.IsolatedEnvironment` for tests: nothing is built, started or asked.

    Commands end well and print nothing, unless :attr:`answers` says otherwise; functions are called in this process.
    What a fake has no answer for is an ``AssertionError``: a test does not pass because of what it did not think of.

    Args:
        path: As of the real one; nothing is made there.
        requirements: As of the real one.
        options: As of the real one.

    Attributes:
        asked: Every call, in order.
        answers: What :meth:`run` answers, by the first word of the command: an exit code, the output, or a function of
            the words that returns one of these.
    """

    def __init__(self, path: str | os.PathLike[str], requirements: Any = None, **options: Any) -> None:
        super().__init__(path, requirements, **{"owner": None, **options})
        self.asked: list[Asked] = []
        self.answers: dict[str, int | str | Callable[[list[str]], int | str]] = {}

    def asked_for(self, method: str) -> list[Asked]:
        """Return the calls of one method."""
        return [each for each in self.asked if each.method == method]

    def _note(self, method: str, *args: Any, **kwargs: Any) -> None:
        self.asked.append(Asked(method, args, kwargs))

    # content

    def ensure(self) -> Path:
        """Note it; return where the prefix would be."""
        self._note("ensure")
        return self.path / "g1"

    def pip_install(self, requirements: Any, index: Any = None, **options: Any) -> FakeEnvironment:
        """Note it."""
        self._note("pip_install", requirements, index, **options)
        return self

    def install_environment(self) -> FakeEnvironment:
        """Note it."""
        self._note("install_environment")
        return self

    def installed(self) -> bool:
        """Return whether anything was asked that installs."""
        return any(each.method in {"ensure", "pip_install", "install_environment", "run"} for each in self.asked)

    def ensure_installed(self, requirements: Any = ()) -> dict[str, str]:
        """Note it; return the mapping."""
        self._note("ensure_installed", requirements)
        return self._mapping(None, {})

    def upgrade(self) -> FakeEnvironment:
        """Note it."""
        self._note("upgrade")
        return self

    def rollback(self) -> FakeEnvironment:
        """Note it."""
        self._note("rollback")
        return self

    def clean(self) -> None:
        """Note it."""
        self._note("clean")

    def gc(self, *, force: bool = False) -> list[str]:
        """Note it; nothing is collected."""
        self._note("gc", force=force)
        return []

    def remove(self) -> None:
        """Note it."""
        self._note("remove")

    # shipping

    def export_lock(self, path: str | os.PathLike[str], *, universal: bool = False) -> Path:
        """Note it; nothing is written."""
        self._note("export_lock", path, universal=universal)
        return Path(path).absolute()

    def bundle(self, directory: str | os.PathLike[str]) -> Path:
        """Note it; nothing is written."""
        self._note("bundle", directory)
        return Path(directory).absolute() / "pylock.toml"

    # running

    def environment(self, base: Mapping[str, str] | None = None, **changes: Any) -> dict[str, str]:
        """Return a mapping as the real one's, of a prefix that is not there."""
        self._note("environment", base, **changes)
        return self._mapping(base, changes)

    def _mapping(self, base: Mapping[str, str] | None, changes: Mapping[str, Any]) -> dict[str, str]:
        prefix = str(self.path / "g1")
        made = dict(host_environment() if base is None else base)
        made.update(VIRTUAL_ENV=prefix, PATH=f"{bin_of(prefix)}{os.pathsep}{made.get('PATH', os.defpath)}")
        return overlay(made, changes)

    def which(self, name: str) -> Path | None:
        """Return where a command would be, if there is an answer for it."""
        self._note("which", name)
        return Path(bin_of(str(self.path / "g1")), name) if name in self.answers else None

    def run(self, args: Any, **options: Any) -> subprocess.CompletedProcess[Any]:
        """Note it; answer as :attr:`answers` says.

        Raises:
            subprocess.CalledProcessError: the answer is an exit code, and ``check=True``.
        """
        self._note("run", args, **options)
        words = [os.fspath(word) for word in ([args] if isinstance(args, (str, os.PathLike)) else args)]
        answer = self.answers.get(Path(words[0]).name, 0)
        answer = answer(words) if callable(answer) else answer
        code, text = (answer, "") if isinstance(answer, int) else (0, answer)
        is_text = any(options.get(name) for name in ("text", "universal_newlines", "encoding", "errors"))
        captured = options.get("capture_output") or options.get("stdout") == subprocess.PIPE
        output = (text if is_text else text.encode()) if captured else None
        done = subprocess.CompletedProcess(args, code, output, None if output is None else output[:0])
        if options.get("check"):
            done.check_returncode()
        return done

    def popen(self, args: Any, **options: Any) -> subprocess.Popen[Any]:
        """Refuse: what a process does as it runs, a fake cannot say.

        Raises:
            AssertionError: always.
        """
        self._note("popen", args, **options)
        raise AssertionError("a fake starts no process: replace popen in the test")

    open_proc = popen

    # calling

    def _call(self, timeout: float | None, target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Note it; call a function in this process, which *timeout* cannot stop.

        Raises:
            AssertionError: the target is a name, and this process cannot import it.
        """
        del timeout
        self._note("call", target, *args, **kwargs)
        return _function(target)(*args, **kwargs)

    def _submit(
        self, timeout: float | None, target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> CallFuture:
        """As :meth:`call`; the future is done when this returns."""
        future = CallFuture(target, args, kwargs, timeout)
        future.begin()
        try:
            future.settle(returned=True, value=self._call(timeout, target, args, kwargs))
        except Exception as error:  # noqa: BLE001 - it belongs to who waits for the call
            future.fail(error)
        return future

    def worker(self, **options: Any) -> Worker:
        """Refuse: a worker keeps what a fake cannot.

        Raises:
            AssertionError: always.
        """
        self._note("worker", **options)
        raise AssertionError("a fake starts no worker: replace worker in the test")

    def workers(self, count: int, **options: Any) -> WorkerPool:
        """Refuse, as :meth:`worker`.

        Raises:
            AssertionError: always.
        """
        self._note("workers", count, **options)
        raise AssertionError("a fake starts no worker: replace workers in the test")

    @property
    def prefix(self) -> Path:
        """Where the prefix would be."""
        return self.path / "g1"

    @property
    def python(self) -> Path:
        """Where the interpreter would be."""
        return Path(python_of(str(self.prefix)))


def _function(target: Any) -> Callable[..., Any]:
    if not isinstance(target, str):
        found: Callable[..., Any] = getattr(target, "__wrapped__", target)
        return found
    module, _, name = target.partition(":")
    from importlib import import_module

    try:
        value: Any = import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError) as error:
        raise AssertionError(
            f"a fake calls in this process, which has no {target}: replace call in the test"
        ) from error
    return value  # type: ignore[no-any-return]
