"""Sitting, standing, lying: bodies made of angles, seen from several sides."""

from __future__ import annotations

import math

import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Guess, Keypoint, Kind
from smartlogd.movement.posture import Posed, Shape, posture, shaped

TRUNK, THIGH, WIDE = 0.5, 0.4, 0.15
SQUARE = 1.0


def along(degrees: float, length: float) -> tuple[float, float]:
    """Forward and up, so many degrees from straight up towards forward."""
    return math.sin(math.radians(degrees)) * length, math.cos(math.radians(degrees)) * length


def body(
    trunk: float,
    thighs: tuple[float, float] | float,
    *,
    turn: float = 90.0,
    pitch: float = 0.0,
    seen: float = 0.9,
    knees_seen: float | None = None,
    down: float = 0.0,
) -> Detection:
    """Someone whose trunk and thighs point so many degrees from straight up, towards where they face.

    They face the camera and turn to the right of the picture by `turn` degrees; the camera looks down by `pitch`.
    `down` moves all of them down on the picture.
    """
    left, right = thighs if isinstance(thighs, tuple) else (thighs, thighs)
    places = {"hip": (0.0, 0.0), "shoulder": along(trunk, TRUNK)}
    points = {f"{side}_{name}": place for side in ("left", "right") for name, place in places.items()}
    points |= {"left_knee": along(left, THIGH), "right_knee": along(right, THIGH)}
    keypoints = []
    for name, (forward, up) in points.items():
        aside = WIDE if name.startswith("left") else -WIDE
        x = math.sin(math.radians(turn)) * forward + math.cos(math.radians(turn)) * aside
        z = -math.cos(math.radians(turn)) * forward + math.sin(math.radians(turn)) * aside
        tilted = math.radians(pitch)
        y, z = -up * math.cos(tilted) + z * math.sin(-tilted), -up * math.sin(tilted) + z * math.cos(tilted)
        sure = knees_seen if knees_seen is not None and name.endswith("knee") else seen
        keypoints.append(Keypoint(name, Point(0.5 + x / 2, 0.5 + down + y / 2), sure, (x, y, z)))
    return Detection(Kind.PERSON, Box(0.3, 0.2, 0.7, 0.8), 0.9, tuple(keypoints))


def told(*arguments: object, **more: object) -> str | None:
    posed = posture(body(*arguments, **more), SQUARE)  # type: ignore[arg-type]
    return posed.what if posed else None


@pytest.mark.parametrize("turn", [0, 45, 90, 180, 250])
@pytest.mark.parametrize("pitch", [0, 10, 25])
class TestFromAnySide:
    def test_an_upright_trunk_on_legs_that_go_on_from_it_stands(self, turn: float, pitch: float) -> None:
        assert told(3, 178, turn=turn, pitch=pitch) == "stand"

    def test_an_upright_trunk_on_level_thighs_sits(self, turn: float, pitch: float) -> None:
        assert told(-8, 88, turn=turn, pitch=pitch) == "sit"


@pytest.mark.parametrize("turn", [60, 90, 270, 300])
@pytest.mark.parametrize("thighs", [-95, -60, 265, 20])
def test_a_trunk_that_lies_lies_wherever_the_knees_are(turn: float, thighs: float) -> None:
    assert told(85, thighs, turn=turn) == "lie"


def test_someone_who_walks_stands_on_one_leg() -> None:
    assert told(5, (178, 120)) == "stand"


def test_who_bends_over_or_goes_on_all_fours_neither_lies_nor_sits() -> None:
    assert told(88, 178) is None


def test_knees_drawn_up_on_the_floor_are_sitting() -> None:
    assert told(-15, 45) == "sit"


def test_leaning_back_is_still_sitting() -> None:
    assert told(-35, 80) == "sit"


class TestHalfSeen:
    def test_without_knees_an_upright_trunk_tells_nothing(self) -> None:
        assert told(2, 178, knees_seen=0.1) is None

    def test_without_knees_a_flat_trunk_lies(self) -> None:
        assert told(90, 178, knees_seen=0.1) == "lie"
        assert told(58, 178, knees_seen=0.1) is None

    def test_knees_outside_the_picture_are_not_seen(self) -> None:
        assert told(2, 178, down=0.29) == "stand"
        assert told(2, 178, down=0.35) is None

    def test_without_hips_or_shoulders_nothing_is_told(self) -> None:
        assert told(2, 178, seen=0.3) is None
        whole = body(2, 178)
        headless = tuple(point for point in whole.keypoints if "shoulder" not in point.name)
        assert posture(Detection(Kind.PERSON, whole.box, 0.9, headless), SQUARE) is None

    def test_points_on_the_picture_alone_are_not_enough(self) -> None:
        flat = tuple(Keypoint(point.name, point.point, point.visibility) for point in body(2, 178).keypoints)
        assert posture(Detection(Kind.PERSON, Box(0, 0, 1, 1), 0.9, flat), SQUARE) is None

    def test_the_less_clearly_a_body_is_seen_the_less_sure_is_its_posture(self) -> None:
        clear, dim = posture(body(2, 178, seen=0.95), SQUARE), posture(body(2, 178, seen=0.6), SQUARE)
        assert clear is not None
        assert dim is not None
        assert (clear.confidence, dim.confidence) == pytest.approx((0.95, 0.6))


def test_a_body_of_no_extent_tells_nothing() -> None:
    names = [f"{side}_{name}" for side in ("left", "right") for name in ("shoulder", "hip", "knee")]
    heap = tuple(Keypoint(name, Point(0.5, 0.5), 0.9, (0.0, 0.0, 0.0)) for name in names)
    assert posture(Detection(Kind.PERSON, Box(0, 0, 1, 1), 0.9, heap), SQUARE) is None


def test_a_knee_in_the_hip_tells_no_direction() -> None:
    assert posture(body(2, 178), SQUARE) is not None
    folded = tuple(
        Keypoint(point.name, point.point, point.visibility, (0.0, 0.0, 0.0)) if "knee" in point.name else point
        for point in body(2, 178).keypoints
    )
    told_ = posture(Detection(Kind.PERSON, Box(0, 0, 1, 1), 0.9, folded), SQUARE)
    assert told_ is None or told_.what != "stand"


@pytest.mark.parametrize("kind", [Kind.DOG, Kind.PERSON])
def test_the_model_of_actions_goes_before_all_else(kind: Kind) -> None:
    standing = body(2, 178)
    assert posture(Detection(kind, standing.box, 0.9, standing.keypoints, Guess("lie", 0.7)), 1.0) == Posed("lie", 0.7)
    assert posture(Detection(kind, standing.box, 0.9, standing.keypoints, Guess("digging", 0.7)), 1.0) is None


def dog(width: float, height: float, x: float = 0.5, foot: float = 0.8) -> Detection:
    return Detection(Kind.DOG, Box(x - width / 2, foot - height, x + width / 2, foot), 0.8)


class TestADog:
    def test_is_never_more_than_half_sure(self) -> None:
        looks = (dog(0.3, 0.2), dog(0.1, 0.3), dog(0.3, 0.1))
        told_ = [
            posture(look, 1.0, shape) for look in looks for shape in (None, Shape(0.3, 0.3, Point(0.5, 0.8), True))
        ]
        assert all(one is None or one.confidence <= 0.5 for one in told_)

    @pytest.mark.parametrize(
        ("width", "height", "what"), [(0.3, 0.2, "stand"), (0.1, 0.2, "sit"), (0.2, 0.2, None), (0.6, 0.2, None)]
    )
    def test_is_judged_by_its_form_alone_at_first(self, width: float, height: float, what: str | None) -> None:
        told_ = posture(dog(width, height), 1.0)
        assert (told_.what if told_ else None) == what

    def test_stands_while_it_goes(self) -> None:
        shape = shaped(shaped(None, dog(0.2, 0.2, x=0.2)), dog(0.2, 0.2, x=0.4))
        assert shape.goes
        assert posture(dog(0.2, 0.2, x=0.4), 1.0, shape) == Posed("stand", 0.5)

    def test_that_has_grown_low_lies(self) -> None:
        shape = shaped(shaped(None, dog(0.3, 0.2)), dog(0.31, 0.12))
        assert posture(dog(0.31, 0.12), 1.0, shape) == Posed("lie", 0.5)

    def test_that_has_grown_small_all_over_has_gone_farther_away(self) -> None:
        assert posture(dog(0.15, 0.1), 1.0, shaped(None, dog(0.3, 0.2))) is None

    def test_is_compared_with_how_large_it_was_when_it_last_went(self) -> None:
        shape = shaped(shaped(None, dog(0.3, 0.2)), dog(0.31, 0.12))
        assert (shape.height, shape.goes) == (pytest.approx(0.2), False)

    def test_without_height_has_no_form(self) -> None:
        assert posture(Detection(Kind.DOG, Box(0.2, 0.5, 0.4, 0.5), 0.8), 1.0) is None


def test_cats_hold_themselves_as_they_like() -> None:
    assert posture(Detection(Kind.CAT, Box(0.2, 0.2, 0.4, 0.8), 0.8), 1.0) is None
