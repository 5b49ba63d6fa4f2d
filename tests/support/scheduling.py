"""Which tests run in the same worker."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from xdist.scheduler.loadscope import LoadScopeScheduling

from .house import CHECKOUT


class GroupedModules(LoadScopeScheduling):
    """Tests of a module with an ``xdist_group`` go to one worker, which builds what they share once.

    xdist's own ``loadgroup`` writes the group into the node id, which pytest 9.2 does not let it do any more: it is
    silently without effect there.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if _is_grouped(module) else nodeid


@cache
def _is_grouped(module: str) -> bool:
    path = Path(CHECKOUT, module)
    return path.is_file() and "\npytestmark = pytest.mark.xdist_group(" in path.read_text("utf-8")
