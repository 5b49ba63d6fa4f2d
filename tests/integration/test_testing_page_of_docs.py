"""The how-to page on testing an application: its blocks are the tests of a small one, and pass."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.pages import python_blocks

RUNTIME = """
from pathlib import Path
from isolated_environment import IsolatedEnvironment

def make(path):
    return IsolatedEnvironment(path, ["openai-whisper", "numpy<2"], owner=None)

whisper = make(Path(__file__).parent / "whisper_env")
"""
CLI = """
from . import runtime

def transcribe(name):
    return runtime.whisper.run(["whisper", name], capture_output=True, text=True, check=True).stdout
"""


def test_the_blocks_of_the_page_pass(tmp_path):
    conftest, *tests = python_blocks("docs/how-to/test-your-application.md")
    package = tmp_path / "yourapp"
    package.mkdir()
    for name, content in {"__init__.py": "", "runtime.py": RUNTIME, "cli.py": CLI}.items():
        (package / name).write_text(content)
    (tmp_path / "conftest.py").write_text(conftest)
    for number, block in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(block)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", tmp_path]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(argv, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(tests)} passed" in done.stdout
    assert len(tests) == 2
