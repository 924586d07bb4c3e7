"""Where to look closer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.geometry import Box, Point
from smartlogd.detect.crops import crops, square_round, squares, tiles

WIDTH, HEIGHT = 768, 576


def region(x: float, y: float, high_px: float) -> Box:
    return Box.around(Point(x, y), high_px / 2 / WIDTH, high_px / HEIGHT)


def test_a_crop_is_square_in_pixels_and_twice_as_long_as_its_region() -> None:
    (crop,) = crops((region(0.5, 0.5, 60),), WIDTH, HEIGHT, 3)
    assert crop.width * WIDTH == pytest.approx(60 * 2.2)
    assert crop.height * HEIGHT == pytest.approx(60 * 2.2)


def test_a_crop_at_the_picture_s_edge_is_moved_onto_it() -> None:
    (crop,) = crops((region(0.01, 0.99, 60),), WIDTH, HEIGHT, 3)
    assert crop.x0 == pytest.approx(0)
    assert crop.y1 == pytest.approx(1)
    assert crop.width * WIDTH == pytest.approx(crop.height * HEIGHT)


def test_a_tiny_region_is_not_enlarged_without_end() -> None:
    (crop,) = crops((region(0.5, 0.5, 5),), WIDTH, HEIGHT, 3)
    assert crop.width * WIDTH == pytest.approx(64)


def test_who_is_large_needs_no_closer_look() -> None:
    assert crops((region(0.5, 0.5, 400),), WIDTH, HEIGHT, 3) == ()


def test_nothing_to_look_at_gives_no_crop() -> None:
    assert crops((), WIDTH, HEIGHT, 3) == ()
    assert crops((Box(0.5, 0.5, 0.5, 0.7), Box(1.2, 0.1, 1.4, 0.3)), WIDTH, HEIGHT, 3) == ()
    assert crops((region(0.5, 0.5, 60),), WIDTH, HEIGHT, 0) == ()


def test_neighbours_share_a_crop_and_strangers_do_not() -> None:
    couple = (region(0.5, 0.5, 60), region(0.56, 0.5, 60))
    assert len(crops(couple, WIDTH, HEIGHT, 3)) == 1
    assert len(crops((region(0.2, 0.5, 60), region(0.8, 0.5, 60)), WIDTH, HEIGHT, 3)) == 2


def test_someone_small_does_not_vanish_in_the_crop_of_someone_large() -> None:
    found = crops((region(0.5, 0.5, 200), region(0.55, 0.5, 30)), WIDTH, HEIGHT, 3)
    assert len(found) == 2
    assert min(crop.width * WIDTH for crop in found) == pytest.approx(30 * 2.2)


def test_where_there_are_too_many_they_take_turns() -> None:
    crowd = tuple(region(0.1 + 0.2 * index, 0.5, 40) for index in range(5))
    first, second, third = (crops(crowd, WIDTH, HEIGHT, 2, turn) for turn in range(3))
    assert len(first) == 2
    assert len({*first, *second, *third}) == 5


@given(
    st.lists(st.builds(region, st.floats(-0.1, 1.1), st.floats(-0.1, 1.1), st.floats(4, 300)), max_size=8),
    st.integers(0, 4),
    st.integers(0, 1000),
)
def test_every_crop_lies_on_the_picture_and_there_are_never_too_many(regions, most, turn) -> None:
    found = crops(tuple(regions), WIDTH, HEIGHT, most, turn)
    assert len(found) <= most
    for crop in found:
        assert min(crop.x0, crop.y0) >= -1e-9
        assert max(crop.x1, crop.y1) <= 1 + 1e-9
        assert crop.width * WIDTH == pytest.approx(crop.height * HEIGHT)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(10, 250))
def test_a_lone_region_lies_in_its_crop(x, y, high_px) -> None:
    wanted = region(x, y, high_px).clipped()
    (crop,) = crops((wanted,), WIDTH, HEIGHT, 1)
    assert crop.x0 - 1e-9 <= wanted.x0
    assert crop.y1 + 1e-9 >= wanted.y1


def test_tiles_cover_a_wide_picture_and_overlap() -> None:
    left, right = tiles(1280, 720, 2)
    assert (left.x0, right.x1) == (0, 1)
    assert right.x0 < left.x1
    assert left.width * 1280 == pytest.approx(720)


def test_tiles_cover_a_high_picture_too() -> None:
    upper, lower = tiles(720, 1280, 3)
    assert (upper.y0, lower.y1) == (0, 1)
    assert upper.width == 1


def test_a_picture_nearly_square_needs_no_tiles_and_one_tile_is_none() -> None:
    assert tiles(640, 600, 3) == ()
    assert tiles(1280, 720, 1) == ()


@given(st.integers(64, 4000), st.integers(64, 4000), st.floats(0.3, 0.9), st.floats(0, 1), st.floats(0, 1))
def test_squares_lie_on_the_picture_and_leave_no_place_out(width, height, share, x, y) -> None:
    found = squares(width, height, share)
    assert len(found) >= 4
    assert all(each.width * width == pytest.approx(each.height * height) for each in found)
    assert all(min(each.x0, each.y0) > -1e-9 and max(each.x1, each.y1) < 1 + 1e-9 for each in found)
    assert any(each.grown(1 + 1e-9).contains(Point(x, y)) for each in found)


def test_the_square_round_a_box_has_room_and_may_stand_out() -> None:
    square = square_round(Box(0.0, 0.4, 0.1, 0.6), 200, 100, 1.5)
    assert (square.width * 200, square.height * 100) == pytest.approx((30, 30))
    assert (square.centre.x, square.centre.y) == pytest.approx((0.05, 0.5))
    assert square.x0 < 0
