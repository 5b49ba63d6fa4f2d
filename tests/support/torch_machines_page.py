"""The page of what ``TorchIndex.auto().explain()`` says on typical machines.

python -m tests.support.torch_machines_page > docs/reference/torch-machines.md
"""

from __future__ import annotations

from isolated_environment import TorchIndex
from isolated_environment.torch_index.machine import Machine
from isolated_environment.torch_index.pin import TorchPin
from tests.support.machines import APPLE, GTX_1080, H100, MI300, OLD_DRIVER, RTX_5090, TWO

_A100 = "NVIDIA A100, compute capability 8.0, driver 535.54.03 (CUDA 12.2), seen by NVML"
_RECORDED = TorchPin("cu121", None, {"torch": "2.5.1+cu121"}, (), _A100)
_MACHINES: tuple[tuple[str, Machine, TorchPin | None], ...] = (
    ("An H100 with driver 580", H100, None),
    ("A GTX 1080 with driver 560", GTX_1080, None),
    ("An RTX 5090 with driver 570", RTX_5090, None),
    ("Two different GPUs", TWO, None),
    ("A driver that is too old", OLD_DRIVER, None),
    ("No GPU", Machine(), None),
    ("A login node, for an environment that was built on a node with a GPU", Machine(), _RECORDED),
    ("AMD MI300", MI300, None),
    ("Apple silicon", APPLE, None),
)
_HEAD = """# Which PyTorch on which machine

What `TorchIndex.auto().explain()` says on typical machines, for the newest torch; `explain("==2.6.0")` says it for a
release. By the tables, without asking an index: what a channel's page has counts when something is built.

`chosen` is taken when its page has a wheel for the Python that is asked for, else the next after `else`.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for title, machine, recorded in _MACHINES:
        parts.append(f"## {title}\n\n```text\n{TorchIndex.auto().explain(machine=machine, recorded=recorded)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
