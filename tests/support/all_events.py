"""One event of each kind, with a credential in what it says."""

from __future__ import annotations

from isolated_environment.events import (
    BuildStarted,
    Downloading,
    Event,
    Notice,
    Ready,
    Resolved,
    StepFinished,
    StepOutput,
    StepStarted,
    WaitingForLock,
)

URL = "https://user:s3cret@h/simple"
EVENTS = [
    WaitingForLock("/r", f"pid 7, tool {URL}", 1.5),
    BuildStarted("/r", "g1", f"asked for {URL}"),
    Resolved("/r", 36, 310_200_000, 2),
    StepStarted("/r", "resolve", f"resolving from {URL}", ("uv", "x")),
    StepOutput("/r", "resolve", f"GET {URL}"),
    Downloading("/r", "install", f"torch {URL}", 5, 2_000_000_000),
    StepFinished("/r", "resolve", 0.5),
    Notice("/r", f"see {URL}"),
    Ready("/r", "g1", 2.0),
    Event("/r"),
]
