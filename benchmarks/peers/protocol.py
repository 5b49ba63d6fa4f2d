"""Runs a driver: ``python protocol.py DRIVER``; a line of JSON asks, ``[function, argument, …]``, and one answers.

A function returns the times it took, in seconds, or nothing.  Imports nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import runpy
import sys


def main() -> None:
    """Answer until there is nothing more to read."""
    sys.path.pop(0)  # a driver has the name of the library that it drives
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what a library prints is no answer
    functions = runpy.run_path(sys.argv[1], run_name="driver")
    for line in requests:
        name, *arguments = json.loads(line)
        try:
            answer = {"times": functions[name](*arguments)}
        except Exception as error:  # noqa: BLE001 - whatever the library raises
            answer = {"error": f"{type(error).__name__}: {getattr(error, 'stderr', None) or error}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
