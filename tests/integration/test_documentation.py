"""The documentation builds, and every page, link and name in it is there."""

from __future__ import annotations

import subprocess
import sys

from tests.support.house import CHECKOUT


def build(source, target):
    # -n: every name that is referred to; -W: a warning is an error
    argv = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html", "-d", target / "trees"]
    return subprocess.run([*argv, source, target / "html"], capture_output=True, text=True, check=False)


def test_the_documentation_builds_without_a_warning(tmp_path):
    done = build(CHECKOUT / "docs", tmp_path)
    assert done.stderr == ""
    assert done.returncode == 0
    pages = {path.stem for path in (tmp_path / "html").rglob("*.html")}
    assert {path.stem for path in (CHECKOUT / "docs").rglob("*.md")} <= pages
    assert "pip_install" in (tmp_path / "html" / "reference" / "api.html").read_text("utf-8")


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    """The negative control."""
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text((CHECKOUT / "docs" / "conf.py").read_text("utf-8"))
    (source / "index.md").write_text("# Title\n\n[there](nowhere.md)\n")
    done = build(source, tmp_path)
    assert done.returncode != 0
    assert "nowhere" in done.stderr
