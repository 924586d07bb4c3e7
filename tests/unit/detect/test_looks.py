"""What a look shows its model, and how it joins the answers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Kind
from smartlogd.base.time import Stamp
from smartlogd.detect.looks import BodyLook, FaceLook, ObjectLook, PointLook
from smartlogd.detect.options import DetectOptions

SMALL = (Box(0.2, 0.4, 0.25, 0.5), Box(0.7, 0.4, 0.75, 0.5))


def silent(size: int, *, offsets: int, rows: int):
    return lambda _: (np.zeros((1, rows, offsets), np.float32), np.full((1, rows, 1), -20, np.float32))


def seen(tensor):
    """SSD's answer: one person in the middle of whatever it is shown, but only where the picture is bright."""
    score = 0.9 if tensor.mean() > 100 else 0.0
    box = np.array([[[0.3, 0.4, 0.7, 0.6]]], np.float32)
    return box, np.zeros((1, 1), np.float32), np.array([[score]], np.float32), np.ones(1, np.float32)


@pytest.fixture
def ssd(spoken):
    return spoken("ssd", (1, 300, 300, 3), seen)


def test_a_wide_picture_is_squeezed_and_not_padded(ssd) -> None:
    (found,) = ObjectLook(ssd, DetectOptions(object_crops=0))(np.full((360, 640, 3), 200, np.uint8))
    assert ssd.shown[0].min() == 200
    assert (found.box.x0, found.box.y0) == pytest.approx((0.4, 0.3))


def test_a_high_picture_is_padded(ssd) -> None:
    ObjectLook(ssd, DetectOptions(object_crops=0))(np.full((640, 360, 3), 200, np.uint8))
    assert ssd.shown[0].min() == 0


def test_each_region_gets_a_closer_look_and_its_find_its_place(ssd) -> None:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[150:280, 80:210] = 255  # bright round the first region only
    look = ObjectLook(ssd, DetectOptions(object_crops=3))
    (found,) = look(pixels, SMALL)
    assert look.calls == {"ssd": 3}
    assert found.kind is Kind.PERSON
    assert SMALL[0].contains(found.box.centre)


def test_without_regions_a_wide_picture_is_looked_at_in_tiles(ssd) -> None:
    look = ObjectLook(ssd, DetectOptions(object_crops=2))
    look(np.zeros((360, 640, 3), np.uint8))
    assert look.calls == {"ssd": 3}


def test_where_the_looks_are_too_few_the_frames_take_turns(ssd) -> None:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[150:280, 400:] = 255  # bright round the second region only
    look = ObjectLook(ssd, DetectOptions(object_crops=1))
    assert look(pixels, SMALL, turn=0) == ()
    assert len(look(pixels, SMALL, turn=1)) == 1


def test_faces_are_looked_for_in_the_upper_half_of_a_region(spoken) -> None:
    face = spoken("face", (1, 192, 192, 3), silent(192, offsets=16, rows=2304))
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[144:192, 256:384] = 255  # the upper half of a body that is 96 pixels high
    FaceLook(face, DetectOptions(face_crops=1))(pixels, (Box(0.45, 0.3, 0.55, 0.5),))
    whole, closer = face.shown
    assert closer.mean() > whole.mean()
    assert closer[0, 96, 96, 0] == 1


def test_far_bodies_get_a_closer_look_too(spoken) -> None:
    pose = spoken("pose", (1, 224, 224, 3), silent(224, offsets=12, rows=2254))
    look = BodyLook(pose, None, DetectOptions(body_crops=1))
    assert look(np.zeros((480, 640, 3), np.uint8), SMALL) == ()
    assert look.calls == {"pose": 2}


def three(_):
    """Three people in one row, far apart, the left one surest."""
    offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -20, np.float32)
    for person, row in enumerate((10 * 56 + 4, 10 * 56 + 24, 10 * 56 + 44)):
        logits[0, row], offsets[0, row, 2:4], offsets[0, row, 7] = 3 - person, 10, -30
    return offsets, logits


def points(_):
    """A landmark model that is sure of a body, whatever it sees: all of its points in one place."""
    rows = np.zeros((39, 5), np.float32)
    rows[:, :2], rows[:, 3] = 128, 5
    cold = np.full((1, 64, 64, 39), -20, np.float32)
    return rows.reshape(1, 195), np.ones((1, 1), np.float32), np.zeros(1), cold, np.zeros((1, 117))


def at(seconds):
    return Stamp(round(seconds * 1e9), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=True)


@pytest.fixture
def pose(spoken):
    return spoken("pose", (1, 224, 224, 3), three)


@pytest.fixture
def landmark(spoken):
    return spoken("landmark", (1, 256, 256, 3), points)


SQUARE = np.zeros((224, 224, 3), np.uint8)


def test_only_the_surest_people_get_their_landmarks(pose, landmark) -> None:
    look = BodyLook(pose, landmark, DetectOptions(landmark_people=2))
    found = look(SQUARE)
    assert [len(body.keypoints) for body in found] == [37, 37, 4]
    assert look.calls == {"pose": 1, "landmark": 2}


def test_feet_need_points_in_every_frame_and_the_box_drawn_round_them(pose, landmark) -> None:
    look = BodyLook(pose, landmark, DetectOptions(landmark_people=1))
    bare = BodyLook(pose, None, DetectOptions())(SQUARE)
    for seconds in (0, 0.01):
        first, *_ = look(SQUARE, stamp=at(seconds))
        assert first.keypoint("left_ankle") is not None
        assert first.box != bare[0].box


def test_postures_need_points_now_and_then_and_leave_the_boxes_as_they_are(pose, landmark) -> None:
    look = BodyLook(pose, landmark, DetectOptions(landmark_people=3, points_every_s=0.5), feet=False)
    boxes = [body.box for body in BodyLook(pose, None, DetectOptions())(SQUARE)]
    with_points = []
    for seconds in (0, 0.1, 0.49, 0.5):
        found = look(SQUARE, stamp=at(seconds))
        assert [body.box for body in found] == boxes
        with_points.append(sum(body.keypoint("left_hip") is not None for body in found))
    assert with_points == [3, 0, 0, 3]


def test_people_of_another_model_get_the_points_of_the_body_in_their_box(pose, landmark) -> None:
    def one(_):
        offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -20, np.float32)
        logits[0, 812], offsets[0, 812, 2:4], offsets[0, 812, 7] = 0, 60, -60  # half sure, in the middle
        return offsets, logits

    pose.answer = one
    look = PointLook(pose, landmark, DetectOptions())
    person, aside = Detection(Kind.PERSON, Box(0.4, 0.2, 0.6, 0.8), 0.7), Detection(Kind.DOG, Box(0, 0, 1, 1), 0.9)
    posed, dog = look(np.zeros((480, 480, 3), np.uint8), (person, aside), at(0))
    assert (posed.box, posed.score, dog) == (person.box, 0.7, aside)
    assert posed.keypoint("left_hip") is not None
    again, _ = look(np.zeros((480, 480, 3), np.uint8), (person, aside), at(0.2))
    assert again == person
    assert look.calls == {"pose": 1, "landmark": 1}


def test_people_in_whose_box_no_body_is_found_stay_without_points(spoken, landmark) -> None:
    nobody = spoken("pose", (1, 224, 224, 3), silent(224, offsets=12, rows=2254))
    person = Detection(Kind.PERSON, Box(0.4, 0.2, 0.6, 0.8), 0.7)
    assert PointLook(nobody, landmark, DetectOptions())(SQUARE, (person,), at(0)) == (person,)


def test_a_dog_that_could_be_a_cat_is_looked_at_again(spoken) -> None:
    def either(tensor):
        """Dog and cat upon each other; where grey begins, which is in the second look, only the dog."""
        box = np.array([[[0, 0, 1, 1]] * 2], np.float32)
        cat = 0.0 if (tensor == 127).any() else 0.7
        return box, np.array([[17, 16]], np.float32), np.array([[0.6, cat]], np.float32), np.full(1, 2, np.float32)

    look = ObjectLook(spoken("ssd", (1, 300, 300, 3), either), DetectOptions(object_crops=0))
    (found,) = look(np.zeros((300, 300, 3), np.uint8))
    assert (found.kind, found.score) == (Kind.DOG, pytest.approx(0.7))
    assert look.calls == {"ssd": 5}
