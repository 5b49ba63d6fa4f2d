"""Buffers cross with one copy, and nobody sees memory change that they still read."""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from isolated_environment.child import memory, segments
from isolated_environment.child.memory import Inbox, Outbox
from tests.support.passing import Line, line, open_descriptors

MIB = 1 << 20


def octets(size: int, seed: int = 1) -> bytearray:
    return bytearray(random.Random(seed).randbytes(size))


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    before = open_descriptors()
    yield
    assert open_descriptors() == before


def test_buffers_arrive_in_their_order_and_can_be_written_to() -> None:
    sent = [octets(MIB), bytes(octets(70_000, 2)), octets(3 * MIB, 3), b"", bytes(octets(100_001, 4))]
    with line() as passed:
        views = passed.pass_(*sent)
        assert views == [memoryview(each) for each in sent]
        assert not any(view.readonly for view in views)
        assert [row[0] for row in passed.table] == ["new", "new", "new", "lease", "copy", "lease", "copy", "copy"]
        del views


def test_a_view_of_another_format_arrives_as_its_octets() -> None:
    import array

    numbers = array.array("d", range(200_000))
    with line() as passed:
        assert passed.pass_(memoryview(numbers))[0].cast("d") == numbers


def test_a_large_buffer_is_not_copied_by_the_receiver() -> None:
    with line() as passed:
        (view,) = passed.pass_(octets(MIB))
        segment = passed.outbox._out[1]
        os.pwrite(segment.descriptor, b"seen", 0)
        assert bytes(view[:4]) == b"seen"
        del view


def test_a_segment_is_filled_again_without_being_sent_again() -> None:
    with line() as passed:
        for seed in range(3):
            sent = octets(2 * MIB, seed)
            (view,) = passed.pass_(sent)
            assert view == sent
            del view
            assert passed.answer() == [1]
        assert passed.rows("new") == []


def test_a_segment_that_was_filled_with_less_takes_more() -> None:
    with line() as passed:
        for size in (5_300_000, 5_300_000 + 4097, 5_299_900, 5_800_000, 6_000_000):
            sent = octets(size, size)
            (view,) = passed.pass_(sent)
            assert view == sent
            del view
            assert passed.answer() == [1]


def test_a_segment_takes_no_more_memory_than_was_written_to_it() -> None:
    with line() as passed:
        for size in (5_300_000, 5_100_000, 5_500_000):
            passed.pass_(octets(size))
            (segment,) = passed.outbox._out.values()
            assert segment.capacity > 5_900_000
            written = max(5_300_000, size)
            assert written <= os.fstat(segment.descriptor).st_blocks * 512 < written + 4096
            passed.answer()


@pytest.mark.parametrize(
    "derived",
    [
        lambda view: view[5:10],
        lambda view: view[:16].cast("d"),
        memoryview,
        lambda view: iter(view[3:4]),
        lambda view: view.obj,
        lambda view: memoryview(view[:8])[::2],
    ],
    ids=["slice", "cast", "view", "iterator", "owner", "strided"],
)
def test_a_segment_is_not_used_again_while_anything_derived_from_its_view_lives(derived: Any) -> None:
    with line() as passed:
        (view,) = passed.pass_(octets(MIB))
        kept = derived(view)
        del view
        assert passed.answer() == []
        (other,) = passed.pass_(octets(MIB, 2))
        assert passed.rows("lease")[0][1] == 2
        del kept
        assert passed.answer() == [1]
        del other


def test_a_numpy_array_and_its_views_keep_their_segment() -> None:
    numpy = pytest.importorskip("numpy")
    with line() as passed:
        array = numpy.frombuffer(passed.pass_(octets(MIB))[0], numpy.uint8)
        part = array[10:20].reshape(2, 5).T
        base = part.base
        while getattr(base, "base", None) is not None:
            base = base.base
        del array, part
        assert passed.answer() == []
        del base
        assert passed.answer() == [1]


def test_what_is_small_is_copied_and_its_segment_free_at_once() -> None:
    with line() as passed:
        views = passed.pass_(octets(70_000), octets(80_000, 2))
        assert passed.answer() == [1]
        passed.pass_(octets(70_000, 3), octets(80_000, 4))
        assert passed.rows("new") == []
        assert views == [memoryview(octets(70_000)), memoryview(octets(80_000, 2))]


def test_who_keeps_many_arrays_gets_copies_of_the_others() -> None:
    with line() as passed:
        kept = []
        for seed in range(memory.MOST_LEASES + 8):
            kept += passed.pass_(octets(MIB, seed))
            passed.answer()
        assert kept == [memoryview(octets(MIB, seed)) for seed in range(len(kept))]
        assert passed.rows("copy") != []
        assert len(passed.outbox._leases) == memory.MOST_LEASES // 2
        assert len(open_descriptors()) < 4 * memory.MOST_LEASES
        del kept


def test_large_arrays_find_a_place_beside_many_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGE", 2 * MIB)
    with line() as passed:
        kept = [view for seed in range(memory.MOST_LEASES) for view in passed.pass_(octets(MIB, seed))]
        kept += passed.pass_(octets(2 * MIB))
        assert passed.rows("lease", "copy")[0][0] == "lease"
        del kept


def test_a_receiver_that_never_answers_gets_its_buffers_through_the_stream() -> None:
    with line() as passed:
        for seed in range(memory.MOST_SEGMENTS + 3):
            assert passed.pass_(octets(MIB, seed)) == [memoryview(octets(MIB, seed))]
            passed.inbox.released()  # not passed on
        assert passed.rows("inline") == [("inline", MIB)]


def test_without_descriptors_everything_travels_through_the_stream() -> None:
    outbox, inbox = Outbox(None), Inbox()
    sent = [octets(MIB), bytes(octets(70_000, 2))]
    table, descriptors, inline = outbox.pack(sent)
    assert descriptors == []
    frame = memoryview(bytearray(b"".join(inline)))
    views = inbox.unpack(table, [], frame)
    assert views == [memoryview(each) for each in sent]
    assert views[0].obj is frame.obj, "it was copied"
    again = inbox.unpack(table, [], [bytes(each) for each in inline])
    assert again == views
    assert not any(view.readonly for view in again)


@pytest.mark.parametrize("name", ["memfd_create", "ftruncate", "pwrite"])
def test_no_memory_or_no_descriptor_means_the_stream_takes_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with line() as passed:
        before = open_descriptors()
        monkeypatch.setattr(os, name, fails)
        assert passed.pass_(octets(MIB), octets(70_000, 2)) == [octets(MIB), octets(70_000, 2)]
        assert len(passed.rows("inline")) == 2
        monkeypatch.undo()
        assert open_descriptors() == before
        passed.pass_(octets(MIB))
        assert len(passed.rows("lease")) == 1


def test_an_interrupted_send_keeps_no_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    with line() as passed:
        monkeypatch.setattr(Outbox, "_may_lend", lambda _, size: True if size == MIB else interrupted())
        with pytest.raises(KeyboardInterrupt):
            passed.outbox.pack([octets(MIB), octets(2 * MIB)])
        assert passed.outbox._out == {}
        assert open_descriptors() == set()


def test_idle_segments_stay_below_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "_limit", 5 * MIB)
    with line() as one, line() as other:
        kept = [passed.pass_(octets(2 * MIB), octets(2 * MIB)) for passed in (one, other)]
        del kept
        one.answer()
        other.answer()
        assert one.pool.idle_size == 4 * MIB
        assert other.pool.idle_size == 0
    assert segments.Segments._idle_in_process == 0


def test_the_limit_is_a_part_of_what_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "_limit", 0)
    assert 0 < segments.idle_limit() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 8


def test_a_segment_that_nothing_needs_any_more_is_given_back_on_both_sides() -> None:
    with line() as passed:
        passed.pass_(octets(8 * MIB))
        passed.answer()
        for _ in range(segments._UNUSED_FOR + 2):
            passed.pass_(octets(MIB))
            passed.answer()
        assert passed.pool.idle_size == MIB
        passed.pass_(b"x" * MIB)
        assert list(passed.inbox._attached) == [2]


def test_trimming_gives_back_everything_that_is_idle() -> None:
    with line() as passed:
        passed.pass_(octets(MIB))
        passed.answer()
        passed.pool.trim()
        assert passed.pool.idle_size == 0
        assert passed.outbox.gone() == [1]
        assert passed.outbox.gone() == []
        passed.inbox.forget([1])
        assert open_descriptors() == set()


def test_one_transfer_leaves_nothing_idle_where_no_other_is_expected() -> None:
    with line(recycles=False) as passed:
        assert passed.pass_(octets(MIB)) == [octets(MIB)]
        passed.answer()
        assert passed.pool.idle_size == 0


def test_what_was_received_outlives_both_ends() -> None:
    passed = Line()
    (view,) = passed.pass_(octets(MIB))
    passed.close()
    del passed
    gc.collect()
    assert view == octets(MIB)
    view[0] = 1
    del view
