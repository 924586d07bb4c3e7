from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.geometry import Box, Point
from smartlogd.movement.predict import Motion, ahead, begin, corrected, later, met, observe, scale_of

WIDTH, HEIGHT = 0.1, 0.4


def followed(boxes: list[Box], span_s: float = 0.1) -> Motion:
    """The belief after these boxes were seen, so many seconds apart."""
    motion = met(boxes[0])
    for box in boxes[1:]:
        motion = corrected(later(motion, span_s, seen=True), box)
    return motion


def walking(start: float, speed: float, frames: int, span_s: float = 0.1) -> list[Box]:
    return [Box.around(Point(start + speed * span_s * frame, 0.5), WIDTH, HEIGHT) for frame in range(frames)]


@pytest.mark.parametrize("speed", [-0.3, 0.0, 0.05, 0.3])
@pytest.mark.parametrize("span_s", [1 / 3, 0.1, 1 / 30])
def test_a_steady_pace_is_learned_within_a_second_and_a_half_at_any_frame_rate(speed: float, span_s: float) -> None:
    frames = round(1.5 / span_s)
    motion = followed(walking(0.5 - speed * 0.75, speed, frames, span_s), span_s)
    assert motion.velocity.x == pytest.approx(speed, abs=0.06)
    assert motion.velocity.y == pytest.approx(0, abs=0.01)
    assert motion.box.width == pytest.approx(WIDTH, abs=0.01)
    assert motion.box.height == pytest.approx(HEIGHT, abs=0.01)


@given(st.floats(0.01, 2), st.integers(2, 10))
def test_where_someone_will_be_does_not_depend_on_how_often_one_asks(span_s: float, steps: int) -> None:
    motion = followed(walking(0.3, 0.2, 8))
    stepwise = motion
    for _ in range(steps):
        stepwise = later(stepwise, span_s / steps, seen=True)
    at_once = later(motion, span_s, seen=True)
    assert stepwise.box.centre.x == pytest.approx(at_once.box.centre.x)
    assert stepwise.velocity == at_once.velocity


def test_someone_unseen_slows_down_and_the_doubt_about_their_place_grows() -> None:
    motion = followed(walking(0.2, 0.3, 10))
    seen, unseen = later(motion, 2.0, seen=True), later(motion, 2.0, seen=False)
    assert 0 < unseen.velocity.x < seen.velocity.x
    assert motion.box.centre.x < unseen.box.centre.x < seen.box.centre.x
    assert later(motion, 1.0, seen=False).spread > later(motion, 0.2, seen=False).spread > motion.spread


def test_seeing_narrows_the_doubt_and_a_doubtful_look_narrows_it_less() -> None:
    motion = later(followed(walking(0.4, 0, 5)), 1.0, seen=False)
    moved = Box.around(Point(0.45, 0.5), WIDTH, HEIGHT)
    sure, unsure = corrected(motion, moved), corrected(motion, moved, doubt=2.0)
    assert sure.spread < unsure.spread < motion.spread
    assert motion.box.centre.x < unsure.box.centre.x < sure.box.centre.x <= 0.45


def test_someone_who_leaves_through_the_edge_keeps_their_size_and_pace() -> None:
    # Walking out at the left: what is seen grows narrow, the body does not.
    motion = followed([box.clipped() for box in walking(0.3, -0.2, 17)])
    assert motion.box.x0 < -0.01
    assert motion.box.width == pytest.approx(WIDTH, abs=0.03)
    assert motion.velocity.x == pytest.approx(-0.2, abs=0.06)


@pytest.mark.parametrize(("start", "speed"), [(-0.03, 0.2), (1.03, -0.2)])
def test_of_someone_who_comes_in_the_hidden_part_is_learned_when_it_appears(start: float, speed: float) -> None:
    motion = followed([box.clipped() for box in walking(start, speed, 12)])
    assert motion.box.width == pytest.approx(WIDTH, abs=0.02)
    assert motion.velocity.x == pytest.approx(speed, abs=0.08)


def test_a_body_from_edge_to_edge_neither_moves_nor_grows() -> None:
    close = Box(0.0, 0.2, 1.0, 1.0)
    motion = followed([close] * 5)
    assert motion.box.x0 == pytest.approx(0)
    assert motion.box.x1 == pytest.approx(1)
    assert motion.velocity.x == 0


def test_a_side_on_the_edge_is_believed_to_lie_at_the_edge_or_beyond() -> None:
    motion = followed(walking(0.25, 0, 5))
    at_the_left = corrected(motion, Box(0.0, 0.3, 0.3, 0.7))
    assert at_the_left.box.x0 <= 0.0
    at_the_right = corrected(followed(walking(0.75, 0, 5)), Box(0.7, 0.3, 1.0, 0.7))
    assert at_the_right.box.x1 >= 1.0


def test_the_legs_that_are_left_at_the_side_do_not_drag_the_body_down() -> None:
    motion = followed(walking(0.95, 0, 8))
    whole = motion.box
    legs = corrected(later(motion, 0.1, seen=True), Box(0.98, 0.6, 1.0, 0.7))
    assert legs.box.centre.y == pytest.approx(whole.centre.y, abs=0.06)


def test_the_hat_that_is_left_at_the_lower_edge_does_not_drag_the_body_aside() -> None:
    motion = followed([Box(0.4, 0.6, 0.6, 1.0)] * 8)
    hat = corrected(later(motion, 0.1, seen=True), Box(0.4, 0.97, 0.46, 1.0))
    assert hat.box.centre.x == pytest.approx(0.5, abs=0.03)


def test_mirrored_looks_give_the_mirrored_belief() -> None:
    one = followed([box.clipped() for box in walking(0.1, -0.1, 10)])
    other = followed([Box(1 - box.x1, box.y0, 1 - box.x0, box.y1).clipped() for box in walking(0.1, -0.1, 10)])
    assert other.box.x0 == pytest.approx(1 - one.box.x1)
    assert other.velocity.x == pytest.approx(-one.velocity.x)


@pytest.mark.parametrize("box", [Box(0.5, 0.5, 0.5, 0.5), Box(1.2, 0.2, 1.4, 0.5), Box(0.6, 0.5, 0.4, 0.4)])
def test_a_box_without_size_still_has_a_scale(box: Box) -> None:
    motion = corrected(later(met(box), 0.1, seen=True), box)
    assert scale_of(box) > 0
    assert motion.box.width > 0
    assert motion.box.height > 0
    assert motion.spread >= 0


def test_an_axis_that_is_observed_where_it_was_expected_stays_and_becomes_surer() -> None:
    axis = ahead(begin(0.4, 0.5, 0.1, cut=False), 0.1, 0.1, seen=True)
    after = observe(axis, 0.5, axis.high, 0.005**2)
    assert (after.middle, after.size) == pytest.approx((axis.middle, axis.size))
    assert after.mm < axis.mm
    assert after.ss < axis.ss


def test_a_cut_body_is_less_sure_of_its_size_than_a_whole_one() -> None:
    assert begin(0.0, 0.1, 0.1, cut=True).ss > begin(0.4, 0.5, 0.1, cut=False).ss
