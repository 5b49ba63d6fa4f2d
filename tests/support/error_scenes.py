"""A scene for each code: it provokes the error as a user would, or with the smallest fault."""

from __future__ import annotations

from tests.support import error_scenes_of_builds, error_scenes_of_calls, error_scenes_of_requests
from tests.support.error_stage import SCENES, Stage, installers_lines

__all__ = ["NEVER_RAISED", "SCENES", "Stage", "installers_lines"]

_MODULES = (error_scenes_of_builds, error_scenes_of_calls, error_scenes_of_requests)

#: Classes that are caught and never raised themselves; a class below them is.
NEVER_RAISED = ("call-error", "host-error", "isolated-environment-error", "owner-error", "torch-error")
