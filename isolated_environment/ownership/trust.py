"""Root executes nothing that a less privileged user can write.  Asked on every use, so it costs a ``stat`` or two."""

from __future__ import annotations

import errno
import os
import stat

#: This library's own code: who may write that need not take the way through an environment.
_HERE = os.path.dirname(os.path.abspath(__file__))


def why_distrusted(*paths: str) -> str | None:
    """Say why root must not use a directory: somebody else owns it, or may write into it; ``None``: nothing is wrong.

    Args:
        paths: Directories; one that is not there is nothing to distrust.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    for path in paths:
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # nothing can be there
                continue
            return f"{path} cannot be looked at: {error.strerror}"
        if found.st_uid != 0 and found.st_uid != os.stat(_HERE).st_uid:
            return f"{path} belongs to user {found.st_uid}"
        if stat.S_ISLNK(found.st_mode):
            continue
        if found.st_mode & stat.S_IWOTH:
            return f"everybody can write into {path}"
        if found.st_mode & stat.S_IWGRP and found.st_gid != 0:
            return f"group {found.st_gid} can write into {path}"
    return None
