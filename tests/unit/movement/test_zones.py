from __future__ import annotations

import pytest
from beings import BOWL

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Zone, ZoneKind
from smartlogd.base.seen import Detection, Keypoint, Kind
from smartlogd.movement.zones import crosses_itself, extent, heads, zone_of

ALL = set(ZoneKind)
LONG = Box(0.4, 0.5, 0.6, 0.6)
HIGH = Box(0.4, 0.2, 0.5, 0.6)


def corners(*points: tuple[float, float]) -> tuple[Point, ...]:
    return tuple(Point(x, y) for x, y in points)


def test_the_first_zone_of_a_kind_that_holds_one_of_the_points_is_found() -> None:
    water = Zone("water", ZoneKind.BOWL_WATER, BOWL.polygon)
    points = (Point(0.1, 0.1), Point(0.55, 0.7))
    assert zone_of((water, BOWL), {ZoneKind.BOWL_FOOD}, points) is BOWL
    assert zone_of((water, BOWL), ALL, points) is water
    assert zone_of((water, BOWL), ALL, points[:1]) is None
    assert zone_of((), ALL, points) is None


def test_a_persons_head_is_the_nose_else_the_face_else_the_top_of_the_box() -> None:
    nose = Keypoint("nose", Point(0.45, 0.25), 0.9)
    face = Detection(Kind.FACE, Box(0.42, 0.2, 0.46, 0.3), 0.9)
    assert heads(Detection(Kind.PERSON, HIGH, 0.9, (nose,)), face, 0, 1.0) == (nose.point,)
    hidden = Keypoint("nose", Point(0.45, 0.25), 0.2)
    assert heads(Detection(Kind.PERSON, HIGH, 0.9, (hidden,)), face, 0, 1.0) == (face.box.centre,)
    (top,) = heads(Detection(Kind.PERSON, HIGH, 0.9), None, 0, 1.0)
    assert (top.x, top.y) == (pytest.approx(0.45), pytest.approx(0.25))


@pytest.mark.parametrize(("facing", "xs"), [(-1, [0.425]), (1, [0.575]), (0, [0.425, 0.575])])
def test_a_dogs_head_is_low_before_it_or_at_either_end(facing: int, xs: list[float]) -> None:
    found = heads(Detection(Kind.DOG, LONG, 0.9), None, facing, 1.0)
    assert [point.x for point in found] == pytest.approx(xs)
    assert all(0.57 < point.y < 0.6 for point in found)


def test_the_head_of_a_dog_that_comes_or_goes_may_be_in_the_middle_too() -> None:
    assert [point.x for point in heads(Detection(Kind.DOG, HIGH, 0.9), None, 1, 1.0)] == pytest.approx(
        [0.45, 0.4125, 0.4875]
    )


def test_how_wide_a_dog_is_depends_on_the_pictures_shape() -> None:
    square = Box(0.4, 0.4, 0.5, 0.5)
    assert len(heads(Detection(Kind.DOG, square, 0.9), None, 1, 1.0)) == 3
    assert len(heads(Detection(Kind.DOG, square, 0.9), None, 1, 16 / 9)) == 1


@pytest.mark.parametrize(
    "polygon",
    [
        corners((0, 0), (1, 1), (1, 0), (0, 1)),  # an hourglass
        corners((0, 0), (0.5, 0), (0.2, 0), (0.2, 0.5)),  # a spike, back upon itself
        corners((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)),  # a corner on another side
        corners((0, 0), (1, 0), (0, 0), (0, 1)),  # there and back
    ],
)
def test_a_polygon_that_crosses_or_touches_itself_is_told(polygon: tuple[Point, ...]) -> None:
    assert crosses_itself(polygon)


@pytest.mark.parametrize(
    "polygon",
    [
        corners((0, 0), (1, 0), (0, 1)),
        corners((0, 0), (0.5, 0), (1, 0), (1, 1), (0, 1)),  # a corner on a straight side
        corners((0, 0), (1, 0), (1, 1), (0.5, 0.2), (0, 1)),  # a notch
        corners((0, 0), (0.2, 0), (0.2, 0.8), (0.8, 0.8), (0.8, 0), (1, 0), (1, 1), (0, 1)),  # a U
    ],
)
def test_one_that_does_not_is_fine_either_way_round(polygon: tuple[Point, ...]) -> None:
    assert not crosses_itself(polygon)
    assert not crosses_itself(polygon[::-1])
    assert extent(polygon) == pytest.approx(extent(polygon[::-1]))
    assert extent(polygon) > 0
