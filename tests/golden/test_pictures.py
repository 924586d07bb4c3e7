"""The real models on real photographs: what they show is known, because people looked at them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Frame, Kind, Pixels
from smartlogd.base.time import Stamp
from smartlogd.detect.detector import DoorDetector, WideDetector, open_detector
from smartlogd.detect.options import DetectOptions


@pytest.fixture
def picture(shared: Path) -> Callable[[str], Pixels]:
    def read(path: str) -> Pixels:
        bgr = cv2.imread(str(shared / path), cv2.IMREAD_COLOR)
        assert bgr is not None, path
        return np.ascontiguousarray(bgr[..., ::-1])

    return read


def frame(pixels: Pixels) -> Frame:
    return Frame(0, Stamp(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=False), pixels)


@pytest.fixture
async def door(model, registry):
    for name in ("face_full_range", "pose_detector", "pose_landmark_full"):
        model(name)
    detector = open_detector(DetectOptions(landmarks=True), registry, feet=True)
    yield detector
    await detector.close()


@pytest.fixture
async def wide(model, registry):
    model("coco_ssd_mobilenet")
    detector = open_detector(DetectOptions(profile="wide"), registry, feet=False)
    yield detector
    await detector.close()


async def found(
    detector: DoorDetector | WideDetector, pixels: Pixels, kind: Kind, score: float = 0.5, regions: tuple[Box, ...] = ()
) -> list[Detection]:
    answer = await detector.find(frame(pixels), regions)
    return [detection for detection in answer if detection.kind is kind and detection.score >= score]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("000_5", 5), ("010_2", 2), ("011_3", 3), ("012_4", 4), ("013_4", 4), ("014_5", 5), ("015_6", 6), ("016_8", 8),
        ("017_0", 0),
    ],
)  # fmt: skip
async def test_every_face_of_a_group_is_found_once(door, picture, name, count) -> None:
    assert len(await found(door, picture(f"faces/detection/compreface_{name}.jpg"), Kind.FACE)) == count


async def test_a_child_in_the_corner_of_a_large_picture_is_found_in_a_tile(door, picture) -> None:
    assert len(await found(door, picture("faces/group/obama_and_biden.jpg"), Kind.FACE)) == 3


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ur_stand_01.png", 1), ("ur_stand_02.png", 1), ("ur_sit_01.png", 1), ("ur_crouch_01.png", 1),
        ("ur_lie_02.png", 1), ("ur_lie_04.png", 1), ("ur_lie_overhead_01.png", 1), ("lab_stand_01.png", 1),
        ("lab_lie_01.png", 1), ("coco_skier_stand_1.jpg", 1), ("mpii_stand_1.jpg", 1), ("mpii_sit_2.jpg", 2),
        ("ambianic_porch_2people.jpg", 2), ("ambianic_stand_couch_dark.jpg", 1),
    ],
)  # fmt: skip
async def test_a_door_finds_as_many_people_as_there_are(door, picture, name, count) -> None:
    assert len(await found(door, picture(f"poses/{name}"), Kind.PERSON)) == count


async def test_someone_s_head_is_above_the_hips_and_the_ankles_below(door, picture) -> None:
    (body,) = await found(door, picture("poses/ur_stand_02.png"), Kind.PERSON)
    heights = [body.keypoint(name).point.y for name in ("nose", "left_shoulder", "left_hip", "left_knee", "left_ankle")]
    assert heights == sorted(heights)
    # read off the picture of 640 x 480: the left ankle stands at about (390, 333), the right one at (352, 350)
    left, right = body.keypoint("left_ankle").point, body.keypoint("right_ankle").point
    assert (left.x, left.y) == pytest.approx((0.61, 0.69), abs=0.03)
    assert (right.x, right.y) == pytest.approx((0.55, 0.73), abs=0.03)
    assert body.box.contains(body.keypoint("left_ankle").point)


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("ur_stand_01.png", 1), ("ur_stand_02.png", 1), ("ur_sit_01.png", 1), ("ur_lie_overhead_01.png", 1),
        ("lab_stand_01.png", 1), ("coco_sit_2.jpg", 2), ("mpii_sit_2.jpg", 2), ("mpii_stand_1.jpg", 1),
        ("ambianic_porch_2people.jpg", 2), ("ambianic_porch_night_noface.jpg", 1), ("ambianic_porch_empty.jpg", 0),
    ],
)  # fmt: skip
async def test_a_wide_view_finds_as_many_people_as_there_are(wide, picture, name, people) -> None:
    assert len(await found(wide, picture(f"poses/{name}"), Kind.PERSON, 0.6)) == people


@pytest.mark.parametrize(
    ("name", "dogs"),
    [
        ("coral_pets_two_dogs.jpg", 2), ("coral_dog_running.bmp", 1), ("coral_dog_standing.bmp", 1),
        ("dlib_dog_bicycle_truck.jpg", 1), ("litert_springer_standing.jpg", 1),
        ("coral_cat_negative.jpg", 0), ("coral_cat2_negative.bmp", 0),
    ],
)  # fmt: skip
async def test_dogs_are_dogs_and_cats_are_none(wide, picture, name, dogs) -> None:
    assert len(await found(wide, picture(f"dogs/{name}"), Kind.DOG)) == dogs


@pytest.fixture
def far_away(picture) -> tuple[Pixels, Box]:
    """Someone made 48 pixels high by shrinking a photograph onto an empty porch, and where."""
    porch = cv2.resize(picture("poses/ambianic_porch_empty.jpg"), (768, 576))
    room = picture("poses/ur_stand_02.png")
    someone = room[:, 160:480]  # about 0.65 of the height is the person
    small = cv2.resize(someone, (49, 74), interpolation=cv2.INTER_AREA)
    porch[300:374, 380:429] = small
    return porch, Box(380 / 768, 300 / 576, 429 / 768, 374 / 576)


async def test_the_door_finds_someone_far_only_by_looking_closer(door, far_away) -> None:
    await looks_closer(door, *far_away)


async def test_a_wide_view_finds_someone_far_only_by_looking_closer(wide, far_away) -> None:
    await looks_closer(wide, *far_away)


async def looks_closer(detector: DoorDetector | WideDetector, pixels: Pixels, where: Box) -> None:
    assert [body for body in await found(detector, pixels, Kind.PERSON) if where.contains(body.box.centre)] == []
    (closer,) = await found(detector, pixels, Kind.PERSON, regions=(where,))
    assert where.contains(closer.box.centre)
    assert closer.box.height < 0.15
