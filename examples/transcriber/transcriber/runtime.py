"""Where the model runs: with the build of PyTorch that fits this machine, and that nothing replaces."""

from __future__ import annotations

from pathlib import Path

from isolated_environment import IsolatedEnvironment, TorchIndex

whisper = IsolatedEnvironment(
    Path(__file__).parent / "whisper_env",
    ["openai-whisper==20250625"],
    torch=TorchIndex.auto(on_unusable_gpu="cpu"),
)
