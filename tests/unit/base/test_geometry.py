"""Boxes, lines and sides; the plain cases stand as doctests beside the functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.geometry import Box, Fit, Point, Segment, along, inside, iou, offset, overlap

fractions = st.floats(-0.5, 1.5, allow_nan=False, width=32)
points = st.builds(Point, fractions, fractions)
boxes = st.builds(
    Box.around,
    points,
    st.floats(0.0078125, 1, allow_nan=False, width=32),
    st.floats(0.0078125, 1, allow_nan=False, width=32),
)
SQUARE = (Point(0, 0), Point(1, 0), Point(1, 1), Point(0, 1))


@given(boxes, boxes)
def test_overlap_asks_no_order_and_never_exceeds_either_box(one: Box, other: Box) -> None:
    assert overlap(one, other) == overlap(other, one)
    assert 0 <= overlap(one, other) <= min(one.area, other.area) + 1e-9
    assert 0 <= iou(one, other) <= 1 + 1e-9


@given(boxes)
def test_a_box_is_wholly_itself(box: Box) -> None:
    assert iou(box, box) == pytest.approx(1)


def test_boxes_that_only_touch_share_nothing() -> None:
    assert overlap(Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)) == 0
    assert iou(Box(0, 0, 0, 0), Box(0, 0, 0, 0)) == 0


@given(boxes)
def test_a_clipped_box_lies_on_the_picture(box: Box) -> None:
    cut = box.clipped()
    assert 0 <= cut.x0 <= cut.x1 <= 1
    assert 0 <= cut.y0 <= cut.y1 <= 1


def test_an_inverted_box_has_no_area() -> None:
    assert Box(0.5, 0, 0.2, 1).area == 0


def test_a_box_grows_about_its_middle_and_stands_on_its_foot() -> None:
    box = Box(0.25, 0.25, 0.75, 0.75)
    assert box.grown(2) == Box(0, 0, 1, 1)
    assert box.grown(2).centre == box.centre
    assert box.foot == Point(0.5, 0.75)
    assert box.contains(box.foot)
    assert not box.contains(Point(0.5, 0.76))


@given(points, points, points)
def test_a_line_walked_backwards_has_its_sides_exchanged(start: Point, end: Point, point: Point) -> None:
    there, back = offset(Segment(start, end), point), offset(Segment(end, start), point)
    assert there == pytest.approx(-back, abs=1e-6)


def test_a_line_without_length_has_no_sides_and_no_way_along() -> None:
    dot = Segment(Point(0.5, 0.5), Point(0.5, 0.5))
    assert offset(dot, Point(0, 1)) == 0
    assert along(dot, Point(0, 1)) == 0
    assert dot.length == 0


@given(points, points, st.floats(0, 1))
def test_a_point_on_the_line_is_found_where_it_was_put(start: Point, end: Point, share: float) -> None:
    line = Segment(start, end)
    if line.length < 0.01:
        return
    point = start.towards(end, share)
    assert offset(line, point) == pytest.approx(0, abs=1e-6)
    assert along(line, point) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(
    ("point", "within"), [(Point(0.5, 0.5), True), (Point(1.5, 0.5), False), (Point(0.5, -1), False)]
)
def test_a_point_is_inside_a_polygon_or_not(point: Point, *, within: bool) -> None:
    assert inside(SQUARE, point) is within


def test_a_polygon_without_corners_holds_nothing() -> None:
    assert not inside((), Point(0, 0))


def test_a_fit_leads_back_to_the_picture() -> None:
    fit = Fit(Box(0.5, 0, 1, 0.5))
    assert fit.back(Point(0.5, 0.5)) == Point(0.75, 0.25)
    assert fit.back_box(Box(0, 0, 1, 1)) == Box(0.5, 0, 1, 0.5)
