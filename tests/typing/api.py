"""The public types, checked by mypy and never run."""

from concurrent.futures import Executor, Future
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from typing_extensions import assert_type

from isolated_environment import Event, Index, IsolatedEnvironment, Plan, Report, State, isolated_environment


def on_event(event: Event) -> None:
    print(event.root)


def use(path: Path) -> None:
    env = IsolatedEnvironment(path / "env", ["numpy<2", Path("x.whl")], python="3.11", on_event=on_event)
    chained: IsolatedEnvironment = env.pip_install("six").pip_install(["a", "b"], index=Index("https://h", ["a"]))
    prefix: Path = chained.ensure()
    mapping: dict[str, str] = env.environment(base={}, HOME=None, LANG="C")
    done: CompletedProcess[Any] = env.run(["python", prefix], check=True)
    plan: Plan = env.plan()
    state: State = env.state()
    report: Report = env.doctor(deep=True)
    names: list[str] = [item.name for item in env.pip_list()]
    found: Path | None = env.which("python")
    also: dict[str, str] = isolated_environment("env", "six", python="3.11")
    with env.lock():
        print(mapping, done, plan, state, report, names, found, also)


async def call(env: IsolatedEnvironment) -> None:
    @env.function
    def spread(values: list[float], *, deep: bool = False) -> float:
        return max(values) - min(values) if deep else 0.0

    assert_type(spread([1.0], deep=True), float)
    assert_type(await spread.acall([1.0]), float)
    spread("no list")  # type: ignore[arg-type]
    spread([1.0], depth=1)  # type: ignore[call-arg]
    with env.workers(2) as pool, env.worker(timeout=3.0) as worker:
        executor: Executor = pool
        future: Future[Any] = pool.submit("math:sqrt", 4.0)
        print(executor, future, worker.call("math:sqrt", 4.0), await worker.acall(spread, [1.0]))
