"""Ask two releases of NumPy the same question, and let the answer of one go through the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from isolated_environment import IsolatedEnvironment

HERE = Path(__file__).parent
OLD = IsolatedEnvironment(HERE / "old_env", ["numpy==1.26.4"], python=">=3.10,<3.13")
NEW = IsolatedEnvironment(HERE / "new_env", ["numpy>=2.2"])


def describe(count: int) -> tuple[str, Any]:
    """Run in an environment: the release that answers, and an array that it made."""
    import numpy as np

    return np.__version__, (np.arange(count) ** 2).tolist()


def total(values: list[int]) -> float:
    """Run in an environment."""
    import numpy as np

    return float(np.asarray(values).sum())


def main(say: Callable[[str], object] = print) -> int:
    """The command."""
    with OLD.worker() as old, NEW.worker() as new:
        release, squares = old.call(describe, 5)
        say(f"NumPy {release} made {squares}")
        release, _ = new.call(describe, 1)
        say(f"NumPy {release} summed them to {new.call(total, squares):g}")
    return 0
