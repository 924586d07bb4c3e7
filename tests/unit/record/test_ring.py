from __future__ import annotations

from filmed import at

from smartlogd.record.ring import Piece, Ring, Run

THEIRS, OURS = Run("h264", is_ours=False), Run("h264", is_ours=True)


def piece(t_s: float, *, is_key: bool = False, size: int = 800, run: Run = THEIRS) -> Piece:
    return Piece(run, at(t_s), t_s, t_s, is_key, b"x" * size)


def filled(seconds: float, *, ring: Ring | None = None, fps: int = 10, key_every: int = 20, run: Run = THEIRS) -> Ring:
    ring = ring or Ring(10_000_000, 30)
    for n in range(round(seconds * fps)):
        ring.add(piece(n / fps, is_key=n % key_every == 0, run=run))
    return ring


def first_s(ring: Ring, start_s: float) -> float | None:
    number = ring.found(round(start_s * 1e9))
    return None if number is None else next(ring.since(number))[1].pts_s


def test_it_holds_the_last_seconds_in_whole_groups() -> None:
    ring = filled(60, ring=Ring(10_000_000, 10))
    kept = [each for _, each in ring.since(0)]
    assert kept[0].is_key
    assert 10 <= ring.span_s < 12, "one group more than was asked for, and no more"
    assert ring.newest is kept[-1]


def test_it_never_takes_more_memory_than_it_may() -> None:
    ring = Ring(50_000, 300)
    for n in range(2000):
        ring.add(piece(n / 10, is_key=n % 20 == 0))
        assert ring.bytes <= 50_000
    assert ring.bytes == sum(each.weight for _, each in ring.since(0))
    assert ring.span_s > 2


def test_a_group_that_is_larger_than_all_goes_and_the_next_key_picture_begins_anew() -> None:
    ring = Ring(5_000, 300)
    for n in range(20):
        ring.add(piece(n / 10, is_key=n == 0))
    assert (ring.bytes, ring.newest, ring.span_s) == (0, None, 0.0)
    ring.add(piece(2.0, is_key=True))
    assert ring.newest is not None


def test_pieces_without_their_beginning_are_passed_over() -> None:
    ring = Ring(10_000, 30)
    ring.add(piece(0.0))
    ring.add(piece(0.1, is_key=True))
    ring.add(piece(0.2, run=Run("h264", is_ours=False)))
    assert [each.pts_s for _, each in ring.since(0)] == [0.1]


def test_of_a_cameras_packets_a_clip_begins_at_the_key_picture_before() -> None:
    ring = filled(10)
    assert first_s(ring, 5.9) == 4.0
    assert first_s(ring, 6.0) == 6.0


def test_of_our_own_a_clip_begins_at_the_nearest_key_picture() -> None:
    ring = filled(10, key_every=4, run=OURS)
    assert [first_s(ring, start_s) for start_s in (4.0, 4.1, 4.3)] == [4.0, 4.0, 4.4]


def test_where_nothing_is_so_old_a_clip_begins_with_the_oldest() -> None:
    assert first_s(filled(10), -3.0) == 0.0


def test_what_was_over_before_does_not_belong_to_it() -> None:
    ring = filled(10)
    assert first_s(ring, 20.0) is None, "it has not come yet"
    ring.add(piece(25.0, is_key=True, run=Run("h264", is_ours=False)))
    assert first_s(ring, 20.0) == 25.0


def test_an_empty_ring_has_nothing() -> None:
    ring = Ring(1000, 30)
    assert ring.found(0) is None
    assert (ring.newest, ring.span_s, list(ring.since(0))) == (None, 0.0, [])


def test_pieces_keep_their_numbers_when_older_ones_go() -> None:
    ring = filled(10)
    before = dict(ring.since(60))
    filled_more = Ring(10_000_000, 3)
    ring.bounded(10_000_000, 3)
    ring.add(piece(10.0, is_key=True))
    after = dict(ring.since(0))
    assert min(after) > 0
    assert all(before[number] is each for number, each in after.items() if number in before)
    assert filled_more.newest is None


def test_a_cleared_ring_forgets() -> None:
    ring = filled(4)
    ring.clear()
    assert (ring.bytes, ring.newest) == (0, None)
