"""Run a pip that is not installed in this environment, from a wheel: ``python -I run_pip.py WHEELS ARGUMENT...``.

The newest ``pip-*.whl`` in the directory WHEELS that supports this interpreter is taken, else the one that
:mod:`ensurepip` carries.  Running pip from its wheel acts on the interpreter that runs it and leaves nothing behind.
"""

from __future__ import annotations

import glob
import os
import re
import runpy
import sys
import zipfile


def version_of(wheel: str) -> tuple[int, ...]:
    """Return the version in a wheel's file name as a tuple of numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", os.path.basename(wheel).split("-")[1]))


def supports_us(wheel: str) -> bool:
    """Return whether the wheel's Requires-Python, a lower bound in every pip, admits this interpreter."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode("utf-8", "replace")
    match = re.search(r"^Requires-Python:\s*>=\s*(\d+)\.(\d+)", metadata, re.MULTILINE)
    return match is None or sys.version_info >= (int(match[1]), int(match[2]))


def find_wheel(directory: str) -> str | None:
    """Return the wheel to run, or None."""
    wheels = glob.glob(os.path.join(glob.escape(directory), "pip-*.whl"))
    try:
        import ensurepip

        bundled = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
        own = glob.glob(os.path.join(glob.escape(bundled), "pip-*.whl"))
    except ImportError:  # distributions that split it off
        own = []
    for candidates in (wheels, own):
        for wheel in sorted(candidates, key=version_of, reverse=True):
            if supports_us(wheel):
                return wheel
    return None


def main() -> None:
    """Find pip and become it."""
    directory = sys.argv[1]
    wheel = find_wheel(directory)
    if wheel is None:
        sys.stderr.write(
            f"pip is not installed in this environment, and {directory} has none for this Python.\n"
            "hint: ask for it like for any other project, env.pip_install('pip')\n"
        )
        sys.exit(1)
    sys.argv = ["pip"] + sys.argv[2:]
    sys.path.insert(0, wheel)
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
