"""The example applications, installed and used as a user would, on every Python of this machine that can host it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.host import find_interpreter
from tests.support.listing import listing

CHECKOUT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_install_use_uninstall(tmp_path, version):
    try:
        interpreter = find_interpreter(version)
    except errors.InterpreterNotFoundError:
        pytest.skip(f"no Python {version} on this machine")
    host = tmp_path / "host"
    subprocess.run([interpreter.executable, "-m", "venv", host], check=True)
    pip = [host / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", CHECKOUT], check=True)
    site_packages = next(host.glob("lib/python*/site-packages"))
    before = listing(site_packages)
    subprocess.run([*pip, "install", "--no-deps", CHECKOUT / "examples" / "herd"], check=True)
    installed = subprocess.run([*pip, "list"], check=True, capture_output=True, text=True).stdout

    first = subprocess.run([host / "bin" / "herd", "hello"], check=True, capture_output=True, text=True)
    assert first.stdout.count("hello") == 2
    second = subprocess.run([host / "bin" / "herd", "again"], check=True, capture_output=True, text=True)
    assert second.stdout.count("again") == 2
    assert second.stderr == ""

    assert subprocess.run([*pip, "list"], check=True, capture_output=True, text=True).stdout == installed
    subprocess.run([*pip, "uninstall", "--yes", "herd"], check=True)
    assert listing(site_packages) == before
    probe = [host / "bin" / "python", "-c", "import herd"]
    assert subprocess.run(probe, check=False, capture_output=True).returncode != 0


def test_two_numpys_in_one_program(tmp_path):
    host = tmp_path / "host"
    subprocess.run([sys.executable, "-m", "venv", host], check=True)
    pip = [host / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", CHECKOUT], check=True)
    site_packages = next(host.glob("lib/python*/site-packages"))
    before = listing(site_packages)
    subprocess.run([*pip, "install", "--no-deps", CHECKOUT / "examples" / "two_numpys"], check=True)
    for _ in range(2):
        said = subprocess.run([host / "bin" / "two-numpys"], check=True, capture_output=True, text=True)
        assert "NumPy 1.26.4 made [0, 1, 4, 9, 16]\nNumPy 2." in said.stdout
        assert said.stdout.endswith("summed them to 30\n")
    subprocess.run([*pip, "uninstall", "--yes", "two-numpys"], check=True)
    assert listing(site_packages) == before
