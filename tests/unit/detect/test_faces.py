"""BlazeFace's tensors."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box, Fit
from smartlogd.detect.faces import KEYPOINTS, face_grid, face_input, faces


def test_black_is_minus_one_and_white_is_one() -> None:
    tensor = face_input(np.array([[[0, 255, 0]]], np.uint8))
    assert tensor.dtype == np.float32
    assert tensor.tolist() == [[[[-1, 1, -1]]]]


def test_an_unknown_edition_is_refused_by_its_size() -> None:
    with pytest.raises(UnusableInput, match="256"):
        face_grid(256)


def test_a_face_has_its_six_points_by_name() -> None:
    on = face_grid(128)
    offsets, logits = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -20, np.float32)
    logits[0, 0] = 3
    offsets[0, 0, 2:4] = 32
    (face,) = faces((offsets, logits), on, Fit(Box(0, 0, 1, 1)), 0.5)
    assert tuple(keypoint.name for keypoint in face.keypoints) == KEYPOINTS
    assert face.box.width == pytest.approx(0.25)


def test_a_picture_without_faces_gives_none() -> None:
    nothing = np.zeros((1, 2304, 16), np.float32), np.full((1, 2304, 1), -20, np.float32)
    assert faces(nothing, face_grid(192), Fit(Box(0, 0, 1, 1)), 0.5) == ()
