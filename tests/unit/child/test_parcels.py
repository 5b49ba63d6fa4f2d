"""Frames with buffers find theirs, whichever of them is looked at first."""

from __future__ import annotations

import os
from typing import Any

import pytest

from isolated_environment.child import backing, parcels, pickling, wire
from isolated_environment.child.decoder import Decoder
from tests.support.passing import open_descriptors

MIB = 1 << 20


def sent(memory: parcels.Memory, call: int, *buffers: Any) -> tuple[bytes, list[int]]:
    """A frame with *buffers* as octets, and copies of its descriptors."""
    parts, descriptors = memory.framed(wire.CALL, call, b"payload", buffers)
    return b"".join(parts), [os.dup(each) for each in descriptors]


def frames_of(octets: bytes) -> list[wire.Frame]:
    decoder, found = Decoder(), []
    while octets:
        room = decoder.buffer()
        count = min(len(room), len(octets))
        room[:count] = octets[:count]
        found += decoder.fed(count)
        octets = octets[count:]
    return found


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_frames_are_used_in_any_order(order: tuple[int, ...]) -> None:
    here, there = parcels.Memory(True), parcels.Memory(True)
    frames = []
    for call in range(3):
        octets, descriptors = sent(here, call, bytes([call]) * (call + 1) * MIB, bytes([call]) * 70_000)
        there.came(descriptors)
        frames += [there.arrived(frame) for frame in frames_of(octets)]
    for call in order:
        views = there.buffers_of(frames[call])
        assert [(view[0], view.nbytes) for view in views] == [(call, (call + 1) * MIB), (call, 70_000)]
        del views
    here.close()
    there.close()
    assert open_descriptors() == set()


def test_what_came_with_a_frame_that_nobody_used_is_free_again() -> None:
    here, there = parcels.Memory(True), parcels.Memory(True)
    octets, descriptors = sent(here, 1, bytes(MIB))
    there.came(descriptors)
    frames = [there.arrived(frame) for frame in frames_of(octets)]
    assert there.released() == b""
    del frames
    assert pickling.loads(there.released()) == [1]
    here.close()
    there.close()


def test_buffers_are_given_once_and_kept_by_nobody_else() -> None:
    here, there = parcels.Memory(True), parcels.Memory(True)
    octets, descriptors = sent(here, 1, bytes(MIB))
    there.came(descriptors)
    (frame,) = frames_of(octets)
    assert there.buffers_of(frame)[0].nbytes == MIB
    assert there.buffers_of(frame) == ()
    assert pickling.loads(there.released()) == [1]
    here.close()
    there.close()


def test_buffers_that_cannot_be_had_are_an_error_of_their_frame_alone() -> None:
    here, there = parcels.Memory(True), parcels.Memory(True)
    octets, descriptors = sent(here, 1, bytes(MIB))
    os.close(descriptors[0])
    unsealed = os.memfd_create("isolated-environment-test")
    os.ftruncate(unsealed, MIB)
    there.came([unsealed])
    frame = there.arrived(frames_of(octets)[0])
    with pytest.raises(backing.Refused, match="not sealed"):
        there.buffers_of(frame)
    octets, descriptors = sent(here, 2, bytes(2 * MIB))
    there.came(descriptors)
    assert there.buffers_of(frames_of(octets)[0])[0].nbytes == 2 * MIB
    here.close()
    there.close()
