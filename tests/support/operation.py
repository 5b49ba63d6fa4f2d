"""One operation on one environment with one call of it failing; forked by :mod:`.nursery`.

An order is ``{"path": …, "do": "ensure", "version": "2.0", "fault": [N, WAY]}``.  It says ``calls NAME …`` at the end,
then ``prefix PATH`` or ``error CODE``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import isolated_environment.environment.handle
import isolated_environment.store.store
import isolated_environment.toolchains.uv  # noqa: F401 -- loaded once, before the forks
from isolated_environment import IsolatedEnvironment, IsolatedEnvironmentError
from tests.support.faults import Faults


def ensure(env: IsolatedEnvironment) -> object:
    return env.ensure()


def adopt(env: IsolatedEnvironment) -> object:
    """The same content asked for in other words: only the receipt is written."""
    return IsolatedEnvironment(env.path, owner=None).pip_install("alpha<3").ensure()


def collect(env: IsolatedEnvironment) -> object:
    return env.gc(force=True)


def roll_back(env: IsolatedEnvironment) -> object:
    return IsolatedEnvironment(env.path, owner=None).rollback()


def remove(env: IsolatedEnvironment) -> object:
    return env.remove()


OPERATIONS: dict[str, Callable[[IsolatedEnvironment], object]] = {
    "ensure": ensure,
    "adopt": adopt,
    "collect": collect,
    "roll back": roll_back,
    "remove": remove,
}


def main(order: dict[str, Any]) -> int:
    faults = Faults(order["path"], *order.get("fault") or [])
    env = IsolatedEnvironment(order["path"], [f"alpha=={order['version']}"], toolchain="uv", owner=None)
    if "fault" in order:
        faults.arm()
    code = 0
    try:
        answer = f"prefix {OPERATIONS[order['do']](env)}"
    except IsolatedEnvironmentError as error:
        answer, code = f"error {error.code}", 3
    except Exception as error:  # noqa: BLE001 -- what has no type of ours is what is looked for
        answer, code = f"untyped {error!r}", 5
    del env
    calls = ",".join(faults.calls)
    os.write(1, f"calls {calls}\n{answer}\n".encode())
    return code
