"""The frames: whole, octet by octet, cut off, garbage, too large."""

from __future__ import annotations

import mmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isolated_environment.child import wire
from isolated_environment.child.decoder import Decoder
from isolated_environment.child.wire import WireError, encode, encode_with_buffers

KINDS = st.sampled_from(sorted(wire.KINDS - {wire.HELLO, wire.CREDIT, wire.STOP, wire.FREE, wire.BYE, wire.END}))


def feed(decoder: Decoder, octets: bytes, step: int = 1 << 30) -> list[wire.Frame]:
    """Give *octets* to the decoder, at most *step* at a time."""
    frames = []
    while octets:
        view = decoder.buffer()
        count = min(step, len(view), len(octets))
        view[:count] = octets[:count]
        octets = octets[count:]
        frames += decoder.fed(count)
    return frames


def told(frame: wire.Frame) -> tuple[int, int, int, bytes, bytes, bytes, int]:
    inline = b"" if frame.inline is None else bytes(frame.inline)
    return frame.kind, frame.flags, frame.call, bytes(frame.payload), bytes(frame.table), inline, frame.descriptors


@st.composite
def frames(draw: st.DrawFn) -> tuple[bytes, tuple[int, int, int, bytes, bytes, bytes, int]]:
    """A frame as octets, and what is to come out."""
    kind, call = draw(KINDS), draw(st.integers(0, 2**64 - 1))
    payload = draw(st.binary(max_size=200) | st.sampled_from([60_000, 70_000]).map(lambda size: b"p" * size))
    if draw(st.booleans()):
        return encode(kind, call, payload), (kind, 0, call, payload, b"", b"", 0)
    table, descriptors = draw(st.binary(max_size=50)), draw(st.integers(0, 9))
    inline = draw(st.lists(st.binary(max_size=100) | st.just(b"i" * 70_000), max_size=3))
    parts = encode_with_buffers(kind, call, payload, table, [memoryview(part) for part in inline], descriptors)
    expected = (kind, wire.BUFFERS, call, payload, table, b"".join(inline), descriptors)
    return b"".join(map(bytes, parts)), expected


@settings(max_examples=25, deadline=None)
@given(st.lists(frames(), max_size=6), st.integers(7, 200_000))
def test_what_goes_in_comes_out_however_it_is_cut(sent: list[tuple[bytes, tuple[object, ...]]], step: int) -> None:
    decoder = Decoder()
    came = feed(decoder, b"".join(octets for octets, _ in sent), step)
    assert [told(frame) for frame in came] == [expected for _, expected in sent]
    assert decoder.is_between_frames


@settings(max_examples=25, deadline=None)
@given(st.lists(frames(), max_size=6), st.integers(7, 200_000))
def test_the_shorter_way_makes_the_same_frames(sent: list[tuple[bytes, tuple[object, ...]]], step: int) -> None:
    decoder, came = Decoder(), []
    octets = b"".join(octets for octets, _ in sent)
    for start in range(0, len(octets), step):
        came += decoder.take(octets[start : start + step])
    assert [told(frame) for frame in came] == [expected for _, expected in sent]
    assert decoder.is_between_frames


def test_octet_by_octet() -> None:
    octets = encode(wire.CALL, 7, b"payload", wire.KEEP) + encode(wire.CALL, 8)
    came = feed(Decoder(), octets, 1)
    assert [told(frame)[:4] for frame in came] == [(wire.CALL, wire.KEEP, 7, b"payload"), (wire.CALL, 0, 8, b"")]


@pytest.mark.parametrize("kept", range(1, wire.HEADER_SIZE + 7))
def test_a_frame_that_is_cut_off_never_comes_out(kept: int) -> None:
    decoder = Decoder()
    assert feed(decoder, encode(wire.RESULT, 1, b"payload")[:kept]) == []
    assert not decoder.is_between_frames


def test_frames_keep_their_octets_when_others_follow() -> None:
    decoder = Decoder()
    first = feed(decoder, encode_with_buffers_joined(b"first", b"one"))[0]
    feed(decoder, encode_with_buffers_joined(b"other", b"two") * 2000)
    assert (first.payload, bytes(first.inline)) == (b"first", b"one")


def encode_with_buffers_joined(payload: bytes, inline: bytes) -> bytes:
    return b"".join(map(bytes, encode_with_buffers(wire.RESULT, 1, payload, b"", [memoryview(inline)], 0)))


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=2, max_size=400))
def test_garbage_is_refused_and_shown(octets: bytes) -> None:
    if octets.startswith(wire.MAGIC):
        octets = b"x" + octets
    with pytest.raises(WireError) as caught:
        feed(Decoder(), octets)
    assert caught.value.received == octets[:80]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_frame_with_one_octet_changed_never_costs_memory(data: st.DataObject) -> None:
    octets = bytearray(encode_with_buffers_joined(b"payload", b"inline"))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] = data.draw(st.integers(0, 255))
    decoder = Decoder(limit=1 << 20)
    try:
        feed(decoder, bytes(octets))
    except WireError:
        return
    assert len(decoder.buffer()) <= 1 << 20


def test_too_much_is_refused_before_it_is_allocated() -> None:
    header = encode(wire.RESULT, 1)[:-8] + (1 << 60).to_bytes(8, "little")
    with pytest.raises(WireError, match="more than may be"):
        feed(Decoder(), header)
    control = encode(wire.HELLO, 1)[:-8] + (wire.CONTROL_LIMIT + 1).to_bytes(8, "little")
    with pytest.raises(WireError, match="more than may be"):
        feed(Decoder(), control)


def test_row_53_a_payload_of_more_than_4_gib_may_have_buffers_beside_it() -> None:
    with mmap.mmap(-1, (4 << 30) + 1) as payload:  # nothing is written to it, so it takes no memory
        parts = encode_with_buffers(wire.RESULT, 1, payload, b"table", [], 0)  # type: ignore[arg-type]
        assert parts[1] is payload
        first = bytes(parts[0])
        assert wire.LENGTHS.unpack_from(first, wire.HEADER_SIZE) == (5, len(payload))
        assert wire.HEADER.unpack_from(first)[-1] == wire.LENGTHS.size + 5 + len(payload)


def test_another_version_is_named() -> None:
    octets = bytearray(encode(wire.HELLO, 0))
    octets[2] = 9
    with pytest.raises(WireError, match="version 9 of the protocol was spoken, 1 is known"):
        feed(Decoder(), bytes(octets))
