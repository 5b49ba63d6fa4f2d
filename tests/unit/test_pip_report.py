"""The installation report of pip, as a lock."""

from __future__ import annotations

from isolated_environment.lockfile import artifact_of, load_lock, parse_lock
from isolated_environment.toolchains.pip_report import lock_from_report
from tests.unit.test_lockfile import ONES, TARGET, ZEROS, lock_text, wheel

REPORT = {
    "install": [
        {
            "metadata": {"name": "Wheel.One", "version": "1.0"},
            "is_direct": False,
            "download_info": {
                "url": "https://u:word@h/wheel_one-1.0-py3-none-any.whl",
                "archive_info": {"hashes": {"sha256": ZEROS}},
            },
        },
        {
            "metadata": {"name": "source", "version": "2.0"},
            "is_direct": False,
            "download_info": {"url": "https://h/source-2.0.tar.gz", "archive_info": {"hashes": {"sha256": ONES}}},
        },
        {
            "metadata": {"name": "direct", "version": "3.0"},
            "is_direct": True,
            "download_info": {
                "url": "file:///srv/my%20files/direct-3.0.zip",
                "subdirectory": "sub",
                "archive_info": {"hashes": {"sha256": ONES}},
            },
        },
        {
            "metadata": {"name": "checkout", "version": "4.0"},
            "is_direct": True,
            "download_info": {
                "url": "https://h/r.git",
                "vcs_info": {"vcs": "git", "requested_revision": "v4", "commit_id": "c" * 40},
            },
        },
        {
            "metadata": {"name": "tree", "version": "5.0"},
            "is_direct": True,
            "download_info": {"url": "file:///srv/tree", "dir_info": {"editable": True}},
        },
    ]
}


def test_a_report_of_pip_becomes_a_lock() -> None:
    lock = lock_from_report(REPORT)
    assert lock.versions == {"checkout": None, "direct": "3.0", "source": "2.0", "tree": None, "wheel-one": "1.0"}
    checkout, direct, source, tree, one = map(artifact_of, lock.packages)
    assert getattr(one, "url", None) == "https://h/wheel_one-1.0-py3-none-any.whl"
    assert getattr(source, "url", None) == "https://h/source-2.0.tar.gz"
    assert (direct.path, getattr(direct, "subdirectory", None)) == ("/srv/my files/direct-3.0.zip", "sub")
    assert (getattr(checkout, "commit_id", None), getattr(checkout, "requested_revision", None)) == ("c" * 40, "v4")
    assert (tree.path, getattr(tree, "editable", None)) == ("/srv/tree", True)
    again = load_lock(lock.text)
    assert again is not None
    assert again.digest == lock.digest
    assert "word" not in lock.text


def test_a_hash_that_is_said_in_the_older_way_counts() -> None:
    """As pip 25.0, the last one for Python 3.8, reports a local wheel."""
    info = {"url": "file:///x/a-1.0-py3-none-any.whl", "archive_info": {"hash": f"sha256={ONES}"}}
    item = {"metadata": {"name": "a", "version": "1.0"}, "is_direct": True, "download_info": info}
    (package,) = lock_from_report({"install": [item]}).packages
    assert getattr(artifact_of(package), "hashes", None) == {"sha256": ONES}


def test_both_resolvers_come_to_the_same_digest() -> None:
    reported = lock_from_report({"install": REPORT["install"][:1]})
    text = lock_text(wheel("wheel-one", "1.0").replace("wheel-one-1.0", "wheel_one-1.0"))
    assert reported.digest == parse_lock(text, TARGET, origin="pylock.toml").digest
