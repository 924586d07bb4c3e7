"""The part of a slanted shape that the picture shows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.geometry import Box, Point
from smartlogd.detect.visible import visible


def turned(centre: Point, half_long: float, half_wide: float, angle: float) -> tuple[Point, ...]:
    long_x, long_y = half_long * math.cos(angle), half_long * math.sin(angle)
    wide_x, wide_y = -half_wide * math.sin(angle), half_wide * math.cos(angle)
    return tuple(
        Point(centre.x + a * long_x + b * wide_x, centre.y + a * long_y + b * wide_y)
        for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))
    )


def test_a_shape_on_the_picture_keeps_its_box() -> None:
    box = visible(turned(Point(0.5, 0.5), 0.2, 0.1, 0))
    assert box is not None
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((0.3, 0.4, 0.7, 0.6))


def test_a_shape_beside_the_picture_is_not_seen() -> None:
    assert visible(turned(Point(2, 0.5), 0.2, 0.1, 0)) is None


def test_who_leans_out_of_the_picture_is_no_wider_than_what_is_seen() -> None:
    leaning = turned(Point(0.0, 0.9), 0.8, 0.1, math.radians(45))  # only the corner's piece of the strip is on it
    box = visible(leaning)
    assert box is not None
    assert box.x1 < max(corner.x for corner in leaning) - 0.3


@given(st.floats(-1, 2), st.floats(-1, 2), st.floats(0.05, 1.5), st.floats(0.02, 0.5), st.floats(0, math.tau))
def test_what_is_seen_lies_on_the_picture_and_in_the_shape(x, y, half_long, half_wide, angle) -> None:
    corners = turned(Point(x, y), half_long, half_wide, angle)
    box = visible(corners)
    if box is None:
        return
    whole = Box(
        min(c.x for c in corners), min(c.y for c in corners), max(c.x for c in corners), max(c.y for c in corners)
    )
    assert min(box.x0, box.y0) >= -1e-9
    assert max(box.x1, box.y1) <= 1 + 1e-9
    assert box.x0 >= whole.x0 - 1e-9
    assert box.y1 <= whole.y1 + 1e-9
