"""The functions of the host that a worker may call: as many as it was told of, and none of what was never sent."""

from __future__ import annotations

import threading

import pytest

from isolated_environment import errors, host_function
from isolated_environment.bridge.exports import Exports, current
from isolated_environment.bridge.pickling import Peer, dumps
from isolated_environment.bridge.reach import host_minor

HERE = Peer(host_minor(), 5, ())


def test_a_function_in_what_is_pickled_twice_is_kept_once() -> None:
    """A lambda is refused by plain pickle, and then all of it is pickled once more."""
    exports = Exports()
    with exports.open():
        assert dumps((host_function(len), lambda: 1), HERE, names=())
    assert len(exports) == 1
    with exports.open():
        assert dumps((host_function(len), host_function(abs)), HERE, names=())
    assert len(exports) == 3


def test_what_cannot_be_sent_leaves_no_function() -> None:
    exports = Exports()
    with pytest.raises(errors.SerializationError), exports.open():
        dumps((host_function(len), threading.Lock()), HERE, names=())
    assert len(exports) == 0


def test_one_worker_inside_of_another() -> None:
    outer, inner = Exports(), Exports()
    with outer.open():
        dumps(host_function(len), HERE)
        with pytest.raises(errors.SerializationError), inner.open():
            dumps((host_function(len), threading.Lock()), HERE, names=())
        assert current() is outer
    assert (len(outer), len(inner)) == (1, 0)
    assert current() is None
    with pytest.raises(errors.SerializationError, match="only as an argument of a call"):
        dumps(host_function(len), HERE)
