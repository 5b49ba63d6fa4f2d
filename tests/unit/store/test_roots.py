"""Making a root: two threads at once."""

from __future__ import annotations

import os
import threading

from isolated_environment.layout import TAG_NAME, Layout
from isolated_environment.store import roots


def test_a_thread_that_writes_the_tag_takes_none_from_another(tmp_path, monkeypatch):
    """One has written its tag and puts it in its place while the other has just begun to write."""
    layout = Layout(str(tmp_path))
    begun, go_on = threading.Event(), threading.Event()
    write, replace = os.write, os.replace
    late = threading.Thread(target=roots.make_root, args=(layout,))

    def slow_write(fd, data):
        if threading.current_thread() is late:
            begun.set()
            assert go_on.wait(30)
        return write(fd, data)

    def replace_meanwhile(source, target):
        if threading.current_thread() is not late:
            late.start()
            assert begun.wait(30)
        replace(source, target)

    monkeypatch.setattr(os, "write", slow_write)
    monkeypatch.setattr(os, "replace", replace_meanwhile)
    roots.make_root(layout)
    try:
        assert roots.is_ours(layout)
        roots.assert_ours(layout)
    finally:
        go_on.set()
        late.join(30)
    assert roots.is_ours(layout)
    assert sorted(os.listdir(tmp_path)) == [".gitignore", TAG_NAME, "leases", "log"]
