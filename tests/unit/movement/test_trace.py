from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.movement.trace import Trace, followed, growth, heading, is_gradual, motion, pace, straightness

WIDE = 4 / 3
HERE = Box(0.4, 0.3, 0.55, 0.8)


def trace(box: Callable[[float], Box], end: float, fps: float = 10.0, start: float = 0.0) -> Trace:
    found = None
    for number in range(round((end - start) * fps) + 1):
        t = start + number / fps
        found = followed(found, box(t).clipped(), at(t), WIDE)
    assert found is not None
    return found


def shifted(box: Box, x: float = 0.0, y: float = 0.0) -> Box:
    return Box(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y)


def grown(box: Box, across: float, down: float) -> Box:
    return Box.around(box.centre, box.width * across, box.height * down)


def test_a_new_trace_says_nothing_yet() -> None:
    new = trace(lambda _: HERE, 0.0)
    assert (motion(new), pace(new, 1.0), straightness(new), heading(new)) == (None, None, 1.0, 0)
    assert growth(new, 3.0) == (1.0, new.now)


def test_who_keeps_still_neither_moves_nor_goes_nor_grows() -> None:
    still = trace(lambda _: HERE, 5.0)
    assert motion(still) == pytest.approx(0)
    assert pace(still, 1.5) == pytest.approx(0)
    assert (straightness(still), heading(still), growth(still, 3.0)[0]) == (1.0, 0, 1.0)


def test_three_seconds_are_remembered_in_fifths_at_any_rate() -> None:
    for fps in (5.0, 10.0, 30.0):
        kept = trace(lambda _: HERE, 20.0, fps)
        assert 15 <= len(kept.past) <= 17
        assert 3.0 <= kept.now.stamp.since(kept.past[0].stamp) <= 3.41
    assert len(trace(lambda _: HERE, 20.0, 2.0).past) == 6


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0, 30.0])
def test_a_walk_across_is_as_fast_as_it_is_at_any_rate(fps: float) -> None:
    # Half a body a second: the body is half the picture high, and the picture a third wider than high.
    walking = trace(lambda t: shifted(HERE, 0.25 / WIDE * t - 0.33), 3.5, fps)
    assert pace(walking, 1.5) == pytest.approx(0.5, abs=0.03)
    assert motion(walking) == pytest.approx(0.5 / math.sqrt(2), abs=0.03)  # the upper and lower side stay
    assert straightness(walking) == pytest.approx(1.0, abs=0.01)
    assert heading(walking) == 1
    assert growth(walking, 3.0)[0] == pytest.approx(1.0, abs=0.01)


def test_a_walk_to_the_left_heads_left_and_a_slow_one_nowhere() -> None:
    assert heading(trace(lambda t: shifted(HERE, -0.2 * t), 2.0)) == -1
    assert heading(trace(lambda t: shifted(HERE, -0.02 * t), 2.0)) == 0


def test_to_and_fro_is_fast_and_not_straight() -> None:
    pacing = trace(lambda t: shifted(HERE, 0.2 * math.sin(2 * math.pi * t / 2)), 6.0)
    assert (pace(pacing, 1.5) or 0) > 0.6
    assert straightness(pacing) < 0.5


def test_a_body_twice_as_near_has_grown_twice_in_both_axes() -> None:
    nearer = trace(lambda t: grown(HERE, 1 + t / 3, 1 + t / 3), 3.0)
    factor, when = growth(nearer, 3.0)
    assert factor == pytest.approx(1.85, abs=0.1)  # smoothing lags by a third of a second
    assert when.stamp.since(at(0)) < 0.3


def test_a_step_out_of_the_picture_shows_in_the_side_that_is_still_in_it() -> None:
    leaving = trace(lambda t: shifted(HERE, 0.3 + 0.2 * t), 1.0)
    assert leaving.now.is_cut_across
    assert not leaving.now.is_cut_down
    assert (motion(leaving) or 0) > 0.2


def test_a_box_that_jumps_has_not_come_nearer_little_by_little() -> None:
    nearer = trace(lambda t: grown(HERE, 1 + t / 3, 1 + t / 3), 3.0)
    assert is_gradual(nearer, growth(nearer, 3.0)[1])
    jump = trace(lambda t: HERE if t < 1.5 else grown(HERE, 1.4, 1.4), 3.0)
    assert not is_gradual(jump, growth(jump, 3.0)[1])
    at_once = trace(lambda t: HERE if t < 3 else grown(HERE, 1.4, 1.4), 3.0, 5.0)
    assert not is_gradual(at_once, at_once.past[-1])


def test_growth_counts_from_when_it_is_told_to() -> None:
    nearer = trace(lambda t: grown(HERE, 1 + t / 3, 1 + t / 3), 3.0)
    late, when = growth(nearer, 3.0, at(2.0))
    assert 1.0 < late < 1.3
    assert when.stamp.since(at(2.0)) >= 0
    assert growth(nearer, 1.0)[0] == pytest.approx(late, abs=0.01)


@pytest.mark.parametrize(("across", "down"), [(2.0, 1.0), (1.0, 2.0), (0.6, 1.8), (0.5, 0.5)])
def test_turning_round_getting_up_and_going_away_are_no_growth(across: float, down: float) -> None:
    changed = trace(lambda t: grown(HERE, 1 + (across - 1) * t / 3, 1 + (down - 1) * t / 3), 3.0)
    assert growth(changed, 3.0)[0] <= 1.001


def test_who_comes_in_over_the_side_grows_wide_and_comes_no_nearer() -> None:
    entering = trace(lambda t: Box(0.0, 0.2, 0.02 + 0.1 * t, 0.8), 3.0)
    assert growth(entering, 3.0)[0] == pytest.approx(1.0, abs=0.01)


def test_who_comes_so_near_that_the_feet_are_cut_has_grown_at_least_as_far_as_is_seen() -> None:
    def box(t: float) -> Box:
        high = 0.4 * (1 + t / 1.5)
        return Box.around(Point(0.5, 0.7), high * 0.4, high)

    assert growth(trace(box, 3.0), 3.0)[0] > 2.0


def test_the_width_alone_must_show_a_third_more() -> None:
    # The lower half is cut all the time, as before a desk; the shoulders grow by 1.8.
    desk = trace(lambda t: Box.around(Point(0.5, 0.75), 0.2 * (1 + 0.8 * min(1, t / 2)), 0.8), 3.0)
    assert growth(desk, 3.0)[0] == pytest.approx(1.8 / 1.35, abs=0.05)


def test_the_height_alone_says_nothing_since_who_is_cut_at_the_side_may_get_up() -> None:
    beside = trace(lambda t: Box.around(Point(0.0, 0.5), 0.4, 0.3 * (1 + 0.8 * min(1, t / 2))), 3.0)
    assert growth(beside, 3.0)[0] == 1.0
    out = trace(lambda t: Box(0.5 + 0.17 * t, 0.8 - 0.1 * (1 + t), 0.7 + 0.17 * t, 0.8), 3.0)
    assert growth(out, 3.0)[0] == 1.0


def test_what_was_cut_and_is_whole_now_cannot_have_grown_further_than_from_what_was_seen() -> None:
    # The feet come into the picture, and the box is not higher than what was seen of it before.
    up = trace(lambda t: Box.around(Point(0.5, 0.8 - 0.1 * t), 0.1 * (1 + 0.4 * t), 0.5).clipped(), 3.0)
    assert growth(up, 3.0)[0] == pytest.approx(1.2, abs=0.1)


def test_who_fills_the_picture_cannot_be_seen_to_move() -> None:
    everywhere = trace(lambda t: Box(0.0, 0.0, 1.0, 1.0 - 0.005 * t), 3.0)
    assert motion(everywhere) == 0
    assert growth(everywhere, 3.0)[0] == 1.0


def test_who_was_not_seen_for_longer_begins_anew() -> None:
    before = trace(lambda _: HERE, 3.0)
    assert followed(before, HERE, at(5.6), WIDE).past == ()
    assert followed(before, HERE, at(5.4), WIDE).past != ()


def test_a_place_is_right_of_the_middle_and_away_in_sizes() -> None:
    half = trace(lambda _: Box.around(Point(0.5, 0.5), 0.1, 0.5), 0.0).now
    assert half.place == pytest.approx((0.0, 2.0))
    right = trace(lambda _: Box.around(Point(0.8, 0.5), 0.1, 0.25), 0.0).now
    assert right.place == pytest.approx((0.3 * WIDE / 0.25, 4.0))


@pytest.mark.parametrize("size", [0.0, 1e-9])
def test_a_box_of_no_size_divides_by_nothing(size: float) -> None:
    point = trace(lambda _: Box.around(Point(0.5, 0.5), size, size), 2.0)
    assert motion(point) == 0
    assert all(math.isfinite(axis) for axis in point.now.place)
