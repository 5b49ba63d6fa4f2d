"""``TorchIndex``: what an application says about PyTorch."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..settings import read_settings
from ..torch_source import TorchSource
from .explain import explain
from .machine import Machine, see_machine
from .pin import TorchPin


class TorchIndex(TorchSource):
    """A channel of the PyTorch index, or the one that fits the machine.

    The family (torch, torchvision, torchaudio and what is built with them) then comes from that channel, with the
    exact build pinned; everything else comes from the main index.

    Args:
        channel: ``"cu121"``, ``"cpu"``, ``"rocm6.4"``, ``"xpu"`` …; :meth:`auto` for what fits.
        base_url: The index's base, or a directory with the same layout ``<base>/<channel>/<project>/``; by default
            ``ISOLATED_ENVIRONMENT_TORCH_URL``, else the public one.
        on_unusable_gpu: With ``auto``: ``"raise"`` when there is a GPU that no build serves, or take ``"cpu"``.

    Raises:
        InvalidIndexError: the channel is not one, or the base is neither a URL nor a directory.

    Example:
        >>> TorchIndex("cu126").channel
        'cu126'
    """

    def __init__(
        self, channel: str, *, base_url: str | os.PathLike[str] | None = None, on_unusable_gpu: str = "raise"
    ) -> None:
        super().__init__(channel, None if base_url is None else os.fspath(base_url), on_unusable_gpu)

    @classmethod
    def auto(cls, *, base_url: str | os.PathLike[str] | None = None, on_unusable_gpu: str = "raise") -> TorchIndex:
        """Return the request for whatever fits the machine; it is looked at when something is built."""
        return cls("auto", base_url=base_url, on_unusable_gpu=on_unusable_gpu)

    def explain(
        self,
        torch: str = "",
        *,
        machine: Machine | None = None,
        recorded: TorchPin | None = None,
        refresh: bool = False,
    ) -> str:
        """Say what was seen, what is chosen, why, and what would change it; no index is asked.

        Args:
            torch: What is asked of torch, such as ``"==2.6.0"``.
            machine: The machine to explain for; this one by default.
            recorded: The pin of an environment that is there.
            refresh: Look at the machine now, whatever is remembered.
        """
        settings = read_settings()
        needed = self.channel == "auto" and machine is None
        seen = see_machine(sys.executable, machine_cache(), refresh=refresh) if needed else machine
        return explain(
            self.channel,
            seen,
            torch=torch,
            recorded=recorded,
            override=settings.torch_backend,
            on_unusable_gpu=self.on_unusable_gpu,
        )


def machine_cache() -> Path:
    """Return the file that remembers the machine, in the user's cache directory."""
    return read_settings().cache_directory() / "machine.json"
