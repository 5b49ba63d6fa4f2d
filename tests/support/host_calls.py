"""How every public name is exercised, and a program that does so in a host and watches the host's packages.

Run by the host's interpreter: ``python -m tests.support.host_calls DIRECTORY TOOLCHAIN``; prints one JSON object, the
name of each call to what it changed in the host.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import isolated_environment as library
from isolated_environment import IsolatedEnvironment, errors
from tests.support.listing import listing

Call = Callable[[IsolatedEnvironment], object]


def failing(call: Call, error: type[BaseException] = errors.IsolatedEnvironmentError) -> Call:
    """A call that must fail, with an error of ours."""

    def failed(env: IsolatedEnvironment) -> object:
        try:
            call(env)
        except error as caught:
            return caught
        raise AssertionError("it did not fail")

    return failed


def other(env: IsolatedEnvironment, **declared: object) -> IsolatedEnvironment:
    """Another environment beside *env*."""
    return IsolatedEnvironment(env.path.with_name("other"), **declared)  # type: ignore[arg-type]


def called(caller: Any) -> None:
    with caller:
        assert caller.call("operator:add", 1, 2) == 3


def held(env: IsolatedEnvironment) -> None:
    with env.lock():
        env.ensure()


#: The public names of IsolatedEnvironment.  The order is a life.
METHODS: dict[str, Call] = {
    "installed": lambda env: env.installed(),
    "state": lambda env: env.state(),
    "plan": lambda env: str(env.plan()),
    "path": lambda env: env.path,
    "root": lambda env: env.root,
    "pip_install": lambda env: env.pip_install("alpha<2"),
    "install_environment": lambda env: env.install_environment(),
    "ensure": lambda env: env.ensure(),
    "ensure_installed": lambda env: env.ensure_installed(["delta"]),
    "prefix": lambda env: env.prefix,
    "python": lambda env: env.python,
    "bin": lambda env: env.bin,
    "pip_list": lambda env: env.pip_list(),
    "call": lambda env: env.call("alpha:main"),
    "acall": lambda env: asyncio.run(env.acall("os:getpid")),
    "submit": lambda env: env.submit("os:getpid").result(),
    "function": lambda env: env.function(lambda: __import__("alpha").__version__)(),
    "empty": lambda env: env.empty(3).nbytes,
    "worker": lambda env: called(env.worker()),
    "workers": lambda env: called(env.workers(1)),
    "pip_has": lambda env: env.pip_has(["alpha", "delta"]),
    "installed_requirements": lambda env: env.installed_requirements(),
    "freeze": lambda env: env.freeze(),
    "export_lock": lambda env: env.export_lock(env.path.with_name("pylock.toml")),
    "bundle": lambda env: env.bundle(env.path.with_name("bundle")),
    "size": lambda env: env.size(),
    "doctor": lambda env: str(env.doctor(deep=True)),
    "environment": lambda env: env.environment(),
    "which": lambda env: env.which("alpha"),
    "activation": lambda env: env.activation(),
    "run": lambda env: env.run(["alpha"], check=True, capture_output=True),
    "popen": lambda env: env.popen(["python", "-c", "pass"]).wait(),
    "open_proc": lambda env: env.open_proc(["python", "-c", "pass"]).wait(),
    "lock": held,
    "upgrade": lambda env: env.upgrade(),
    "rollback": lambda env: env.rollback(),
    "gc": lambda env: env.gc(force=True),
    "clean": lambda env: env.clean(),
    "remove": lambda env: env.install_environment().remove(),
}

#: The public names of the root.
ROOT: dict[str, Call] = {
    "IsolatedEnvironment": lambda env: IsolatedEnvironment(env.path),
    "isolated_environment": lambda env: library.isolated_environment(env.path, ["alpha"]),
    "isolated_environment_run": lambda env: library.isolated_environment_run(
        env.path, ["alpha"], ["alpha"], check=True, capture_output=True
    ),
    "Index": lambda _: library.Index("https://host.example/simple", ["alpha"]),
    "Plan": lambda env: library.Plan(str(env.root), None, "path", "uv", "3.11", ()),
    "Report": lambda env: library.Report(env.state(), (), {}),
    "Size": lambda _: library.Size(0, 0, {}),
    "State": lambda env: library.State("absent", None, "path", "", env.root, None, None),
    "Event": lambda env: library.Event(str(env.root)),
    "SharedArray": lambda _: library.SharedArray((2, 3), "int16"),
    "TorchIndex": lambda _: library.TorchIndex("cpu"),
    "host_function": lambda env: env.call(lambda function: function(2), library.host_function(abs)),
    "IsolatedEnvironmentError": lambda _: pickle.loads(pickle.dumps(library.IsolatedEnvironmentError("x"))),
    "IsolatedEnvironmentWarning": lambda _: library.IsolatedEnvironmentWarning("x"),
    "errors": lambda _: [getattr(library.errors, name) for name in library.errors.__all__],
}

#: Calls that fail, and commands that would love to change the host.
HOSTILE: dict[str, Call] = {
    "pip_install before anything else": lambda env: other(env).pip_install("alpha"),
    "pip_install of nothing known": failing(lambda env: env.pip_install("no-such-project"), errors.ResolutionError),
    "pip_install with an option": failing(lambda env: env.pip_install("--target=/x alpha"), errors.RequestError),
    "pip_install for --user": failing(lambda env: env.pip_install("alpha", options=["--user"]), errors.RequestError),
    "ensure with no such Python": failing(lambda env: other(env, python="3.7.1").ensure(), errors.HostError),
    "run of nothing known": failing(lambda env: env.run(["no-such-command"]), errors.CommandNotFoundError),
    "rollback of nothing": failing(lambda env: other(env).rollback()),
    "remove of a foreign directory": failing(lambda _: IsolatedEnvironment(Path(sys.prefix, "lib")).remove()),
    "an empty environment": lambda env: other(env, requirements=[]).run(["python", "-c", "pass"], check=True),
    "a bare pip install": lambda env: env.run(["pip", "install", "--no-index", "alpha"], capture_output=True),
    "python -m pip install": lambda env: env.run(["python", "-m", "pip", "install", "alpha"], capture_output=True),
    "a bare pip by a shell": lambda env: env.run("pip install alpha", shell=True, capture_output=True),
    "a bare uv pip install": lambda env: env.run(["uv", "pip", "install", "delta"], capture_output=True),
}

CALLS: dict[str, Call] = {**METHODS, **HOSTILE, **ROOT}


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The paths that came, went or changed."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def watch(call: Call, env: IsolatedEnvironment) -> list[str]:
    """What *call* changed in this interpreter's prefix; and the error, where it failed and should not have."""
    prefix = Path(sys.prefix)
    before = listing(prefix)
    told = []
    try:
        with contextlib.redirect_stdout(sys.stderr):
            call(env)
    except Exception as error:  # noqa: BLE001 -- told to the test, which fails with it
        told = [f"it failed: {type(error).__name__}: {error}"]
    return differences(before, listing(prefix)) + told


def main() -> None:
    """Make every call, in order, and tell what each changed."""
    directory, toolchain = Path(sys.argv[1]), sys.argv[2]
    env = IsolatedEnvironment(directory / "env", toolchain=toolchain)
    print(json.dumps({name: watch(call, env) for name, call in CALLS.items()}))


if __name__ == "__main__":
    main()
