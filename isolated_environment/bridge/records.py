"""Log records of a worker, handed to this process's logging."""

from __future__ import annotations

import logging
from typing import Any


def levels() -> dict[str, int]:
    """Return the levels that were set here, by logger; the root's is ``""``."""
    root = logging.getLogger()
    found = {
        name: logger.level
        for name, logger in root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger) and logger.level
    }
    return {"": root.level, **found}


def handle(told: dict[str, Any]) -> None:
    """Hand on one record, under its own logger's name."""
    logger = logging.getLogger(told["name"])
    if logger.isEnabledFor(told["levelno"]):
        logger.handle(logging.makeLogRecord(told))
