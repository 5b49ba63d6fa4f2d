"""The environment: from the bundle where the application brings one, else from the index, for its author."""

from __future__ import annotations

from pathlib import Path

from isolated_environment import IsolatedEnvironment

HERE = Path(__file__).parent
BUNDLE = HERE / "bundle" / "pylock.toml"
cow = (
    IsolatedEnvironment(HERE / "cow_env", pylock=BUNDLE)
    if BUNDLE.exists()
    else IsolatedEnvironment(HERE / "cow_env", ["cowsay==6.1"], owner="air-gapped")
)
