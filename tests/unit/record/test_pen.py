"""Strokes and letters keep to the picture and follow its size."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Pixels
from smartlogd.record.pen import INK, PAPER, Pen, broken_box, dot, panel, plate, solid_box, spot

GREEN = (72, 199, 142)


def changed(picture: Pixels) -> np.ndarray:
    return (picture != 128).any(axis=2)


def test_letters_and_strokes_grow_with_the_picture() -> None:
    sizes = [(240, 320), (480, 640), (1080, 1920)]
    pens = [Pen.for_picture(np.zeros((*size, 3), np.uint8)) for size in sizes]
    assert [pen.font for pen in pens] == sorted({pen.font for pen in pens})
    heights = [pen.extent("door")[1] for pen in pens]
    assert all(height >= size[0] / 50 for height, size in zip(heights, sizes, strict=True))
    assert heights[0] >= 10, "on the smallest preview letters must still be letters"


@pytest.mark.parametrize("corner", [(-50, -50), (315, 235), (100, 100), (-5, 239)])
def test_a_plate_is_pushed_inside_the_picture(grey: Pixels, corner: tuple[int, int]) -> None:
    pen = Pen.for_picture(grey)
    wide, high = pen.extent("door")
    plate(grey, pen, "door", corner, PAPER)
    rows, columns = np.nonzero(changed(grey))
    assert (columns.max() - columns.min() + 1, rows.max() - rows.min() + 1) == (wide, high)


def test_a_plate_larger_than_the_picture_does_no_harm() -> None:
    tiny = np.full((6, 9, 3), 128, np.uint8)
    plate(tiny, Pen.for_picture(tiny), "a very long name of a line", (0, 0), PAPER)
    assert changed(tiny).any()


def test_a_panel_is_dark_and_lets_the_picture_through(grey: Pixels) -> None:
    grey[:, 160:] = 250
    panel(grey, (0, 0), (320, 240))
    assert grey[0, 0].max() < 100
    assert grey[0, 200, 0] > grey[0, 0, 0] > INK[0]


def test_points_far_out_of_the_picture_stay_within_what_opencv_can_draw(grey: Pixels) -> None:
    assert spot(grey, Point(0, 1)) == (0, 239)
    assert spot(grey, Point(1e12, -1e12)) == (638, -239)


def test_a_broken_box_has_its_corners_only(grey: Pixels) -> None:
    broken_box(grey, Box(0.25, 0.25, 0.75, 0.75), GREEN, 1)
    marks = changed(grey)
    assert marks[60, 80]
    assert not marks[60, 160]


def test_a_solid_box_and_a_dot_have_the_colour_they_were_given(grey: Pixels) -> None:
    solid_box(grey, Box(0.25, 0.25, 0.75, 0.75), GREEN, 3)
    dot(grey, Pen.for_picture(grey), Point(0.5, 0.5), PAPER)
    assert tuple(grey[round(0.5 * 239), round(0.25 * 319)]) == GREEN
    assert tuple(grey[round(0.5 * 239), round(0.5 * 319)]) == PAPER
