"""What a look shows its model, and how it joins the answers."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Kind
from smartlogd.detect.looks import BodyLook, FaceLook, ObjectLook
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


def test_only_the_surest_people_get_their_landmarks(spoken) -> None:
    def three(_):
        offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -20, np.float32)
        for person, row in enumerate((10 * 56 + 4, 10 * 56 + 24, 10 * 56 + 44)):  # three cells of one row, far apart
            logits[0, row], offsets[0, row, 2:4], offsets[0, row, 7] = 3 - person, 10, -30
        return offsets, logits

    pose = spoken("pose", (1, 224, 224, 3), three)
    cold = np.full((1, 64, 64, 39), -20, np.float32)
    landmark = spoken(
        "landmark",
        (1, 256, 256, 3),
        lambda _: (np.zeros((1, 195), np.float32), np.ones((1, 1), np.float32), np.zeros(1), cold, np.zeros((1, 117))),
    )
    look = BodyLook(pose, landmark, DetectOptions(landmark_people=2))
    found = look(np.zeros((224, 224, 3), np.uint8))
    assert [len(body.keypoints) for body in found] == [37, 37, 4]
    assert look.calls == {"pose": 1, "landmark": 2}
