"""Tensors -> detections, each worked out by hand, with the reason why the answer is right."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Fit
from smartlogd.base.seen import Kind
from smartlogd.detect.faces import face_grid, faces
from smartlogd.detect.landmarks import crop_matrix, with_landmarks
from smartlogd.detect.objects import objects
from smartlogd.detect.poses import bodies, pose_grid

WHOLE = Fit(Box(0, 0, 1, 1))


def sides(box: Box) -> tuple[float, ...]:
    return box.x0, box.y0, box.x1, box.y1


def test_full_range_one_anchor() -> None:
    # 192 / stride 4 = 48 cells a row, one anchor each. Row 24 * 48 + 12 is cell (12, 24): its middle is at
    # x = 12.5 / 48 = 0.260417, y = 24.5 / 48 = 0.510417.
    offsets, logits = np.zeros((1, 2304, 16), np.float32), np.full((1, 2304, 1), -10, np.float32)
    row = 24 * 48 + 12
    # The box: middle 9.6 px right of the anchor (0.05), 19.2 px above (-0.1); 38.4 px wide (0.2), 57.6 px high (0.3).
    offsets[0, row, :4] = 9.6, -19.2, 38.4, 57.6
    offsets[0, row, 4:6] = -9.6, 0  # the right eye, 0.05 left of the anchor
    logits[0, row] = np.log(3)  # sigmoid(ln 3) = 3 / 4
    (face,) = faces((offsets, logits), face_grid(192), WHOLE, 0.5)
    assert face.kind is Kind.FACE
    assert face.score == pytest.approx(0.75)
    assert sides(face.box) == pytest.approx((0.210417, 0.260417, 0.410417, 0.560417), abs=1e-6)
    eye = face.keypoint("right_eye")
    assert (eye.point.x, eye.point.y) == pytest.approx((0.210417, 0.510417), abs=1e-6)


def test_short_range_counts_its_coarse_anchors_after_its_fine_ones() -> None:
    # 128: stride 8 gives 16 x 16 cells of two anchors = 512 rows; the three layers of stride 16 share 8 x 8
    # cells of six. Row 512 + 6 * (8 * 4 + 2) + 5 is the last of cell (2, 4): x = 2.5 / 8, y = 4.5 / 8.
    offsets, logits = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -10, np.float32)
    row = 512 + 6 * (8 * 4 + 2) + 5
    offsets[0, row, 2:4], logits[0, row] = 64, 0
    (face,) = faces((offsets, logits), face_grid(128), WHOLE, 0.5)
    assert sides(face.box) == pytest.approx((0.0625, 0.3125, 0.5625, 0.8125))
    assert face.score == 0.5


def test_two_anchors_on_one_face_are_blended_and_one_beside_it_is_not() -> None:
    # Neighbouring anchors stand 4 px apart, all boxes are 40 px: those of rows 0 and 1 overlap by 36 / 44 > 0.3
    # and become one, weighted 0.8 to 0.2; the one 28 px away overlaps the best by 12 / 68 < 0.3 and stays.
    offsets, logits = np.zeros((1, 2304, 16), np.float32), np.full((1, 2304, 1), -10, np.float32)
    start = 24 * 48 + 10
    offsets[0, start : start + 8, 2:4] = 40
    logits[0, start], logits[0, start + 1], logits[0, start + 7] = np.log(4), -np.log(4), -np.log(4)
    best, beside = faces((offsets, logits), face_grid(192), WHOLE, 0.15)
    # middles 42 px and 46 px: 0.8 * 42 + 0.2 * 46 = 42.8 px
    assert best.box.centre.x == pytest.approx(42.8 / 192)
    assert best.score == pytest.approx(0.8)  # the best one's, not the mean
    assert beside.box.centre.x == pytest.approx(70 / 192)


def test_the_way_back_from_a_padded_square() -> None:
    # A picture twice as wide as high fills the middle half of the square: the square's y = 0.25 is the picture's top.
    offsets, logits = np.zeros((1, 2304, 16), np.float32), np.full((1, 2304, 1), -10, np.float32)
    row = 12 * 48 + 24  # middle at y = 12.5 / 48 = 0.260417 of the square = 0.020833 of the picture
    offsets[0, row, 2:4], logits[0, row] = 19.2, 5
    (face,) = faces((offsets, logits), face_grid(192), Fit(Box(0, -0.5, 1, 1.5)), 0.5)
    assert face.box.centre.y == pytest.approx(0.020833, abs=1e-6)
    assert face.box.width == pytest.approx(0.1)
    assert face.box.height == pytest.approx(0.2)


def test_one_body() -> None:
    # 224: stride 8 gives 28 x 28 cells of two anchors, so row 2 * (28 * 14 + 14) is cell (14, 14), middle
    # 14.5 / 28 = 0.517857 both ways. Hips 0.1 below it, the outline 0.4 above the hips: the body reaches 0.4 up and
    # down from the hips (y 0.217857 .. 1.017857, of which the picture shows up to 1) and 0.4 * 0.4 to either side.
    offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -10, np.float32)
    row = 2 * (28 * 14 + 14)
    offsets[0, row, 2:4] = 11.2, 11.2
    offsets[0, row, 4:6], offsets[0, row, 6:8] = (0, 22.4), (0, 22.4 - 89.6)
    logits[0, row] = 4
    (body,) = bodies((offsets, logits), pose_grid(), WHOLE, 0.5)
    assert body.kind is Kind.PERSON
    assert sides(body.box) == pytest.approx((0.357857, 0.217857, 0.677857, 1.0), abs=1e-6)
    hip = body.keypoint("hip_centre")
    assert (hip.point.x, hip.point.y) == pytest.approx((0.517857, 0.617857), abs=1e-6)


def test_the_ankle_of_someone_upright() -> None:
    # A square picture of 500 px, hips in the middle, outline 100 px above: the crop is 250 px, so one pixel of the
    # picture is 1.024 of the crop's. An ankle 90 px below the hips stands at 128 + 92.16 = 220.16 in the crop.
    # The heatmap is cold but for the cell (32, 55); the window's weighted middle is that cell: 55 / 64 * 256 = 220,
    # which is 89.84 px below the hips: y = (250 + 89.84) / 500.
    offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -10, np.float32)
    row = 2 * (28 * 14 + 14)
    shift = (0.5 - 14.5 / 28) * 224
    offsets[0, row, 4:8] = shift, shift, shift, shift - 0.2 * 224
    logits[0, row] = 4
    (body,) = bodies((offsets, logits), pose_grid(), WHOLE, 0.5)
    numbers = np.zeros((39, 5), np.float32)
    numbers[27] = 130, 220.16, 0, 3, 3
    heat = np.full((1, 64, 64, 39), -30, np.float32)
    heat[0, 55, 32, 27] = 8
    outputs = (numbers.reshape(1, 195), np.array([[0.99]]), np.zeros(1), heat, np.zeros((1, 117)))
    found = with_landmarks(body, outputs, crop_matrix(body, 500, 500), 500, 500)
    ankle = found.keypoint("left_ankle")
    assert (ankle.point.x, ankle.point.y) == pytest.approx((0.5, 0.67968), abs=1e-5)
    assert ankle.visibility == pytest.approx(0.952574, abs=1e-6)  # sigmoid(3)


def test_a_person_and_a_dog_among_other_things() -> None:
    # Boxes are top, left, bottom, right; the classes are the model's: 0 a person, 2 a car, 17 a dog (zero-based,
    # as in the model's label list, where line 1 is "person" and line 18 "dog").
    boxes = np.array([[[0.1, 0.2, 0.9, 0.4], [0.0, 0.0, 0.5, 0.5], [0.6, 0.5, 0.9, 0.8]]], np.float32)
    outputs = (boxes, np.array([[0, 2, 17]], np.float32), np.array([[0.8, 0.9, 0.4]], np.float32), np.array([3.0]))
    person, dog = objects(outputs, WHOLE, 0.3)
    assert (person.kind, dog.kind) == (Kind.PERSON, Kind.DOG)
    assert sides(person.box) == pytest.approx((0.2, 0.1, 0.4, 0.9))
    assert dog.score == pytest.approx(0.4)
