"""``air-gapped TEXT``: the cow says it, also where there has never been a network."""

from __future__ import annotations

import sys

from isolated_environment import errors

from .runtime import cow


def main() -> int:
    """The command."""
    try:
        return cow.run(["cowsay", "-t", " ".join(sys.argv[1:]) or "moo"]).returncode
    except errors.IsolatedEnvironmentError as error:
        sys.stderr.write(f"air-gapped: {error}\n")
        return 1
