"""The body detector's tensors."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Fit
from smartlogd.detect.poses import KEYPOINTS, bodies, pose_grid, pose_input

SIZE = 224
WHOLE = Fit(Box(0, 0, 1, 1))


def outputs(hip: tuple[float, float], outline: tuple[float, float], head: tuple[float, float, float, float]):
    """One body, its places in fractions of the input, written on the last anchor."""
    on = pose_grid()
    offsets, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -20, np.float32)
    anchor = on.anchors[-1]
    logits[0, -1] = 3
    x0, y0, x1, y1 = head
    offsets[0, -1, 0:2] = (np.array([x0 + x1, y0 + y1]) / 2 - anchor) * SIZE
    offsets[0, -1, 2:4] = (x1 - x0) * SIZE, (y1 - y0) * SIZE
    for index, point in enumerate((hip, outline, hip, outline)):
        offsets[0, -1, 4 + 2 * index : 6 + 2 * index] = (np.array(point) - anchor) * SIZE
    return offsets, logits


def sides(box: Box) -> tuple[float, ...]:
    return box.x0, box.y0, box.x1, box.y1


def test_the_box_of_someone_upright_reaches_as_far_below_the_hips_as_above() -> None:
    (body,) = bodies(outputs((0.5, 0.5), (0.5, 0.2), (0.47, 0.2, 0.53, 0.28)), pose_grid(), WHOLE, 0.5)
    assert sides(body.box) == pytest.approx((0.38, 0.2, 0.62, 0.8), abs=1e-5)
    assert tuple(keypoint.name for keypoint in body.keypoints) == KEYPOINTS


def test_the_box_of_someone_lying_lies_too() -> None:
    (body,) = bodies(outputs((0.5, 0.7), (0.2, 0.7), (0.2, 0.68, 0.25, 0.72)), pose_grid(), WHOLE, 0.5)
    assert sides(body.box) == pytest.approx((0.2, 0.58, 0.8, 0.82), abs=1e-5)


def test_a_body_cut_by_the_picture_s_edge_is_what_is_seen_of_it() -> None:
    (body,) = bodies(outputs((0.5, 1.0), (0.5, 0.6), (0.45, 0.6, 0.55, 0.7)), pose_grid(), WHOLE, 0.5)
    assert sides(body.box) == pytest.approx((0.34, 0.6, 0.66, 1.0), abs=1e-5)


def test_the_head_always_belongs_to_the_box() -> None:
    (body,) = bodies(outputs((0.5, 0.5), (0.5, 0.48), (0.4, 0.4, 0.6, 0.6)), pose_grid(), WHOLE, 0.5)
    assert sides(body.box) == pytest.approx((0.4, 0.4, 0.6, 0.6), abs=1e-5)


def test_a_head_outside_the_picture_leaves_the_strip() -> None:
    (body,) = bodies(outputs((0.5, 0.1), (0.5, -0.3), (0.45, -0.3, 0.55, -0.2)), pose_grid(), WHOLE, 0.5)
    assert sides(body.box) == pytest.approx((0.34, 0.0, 0.66, 0.5), abs=1e-5)


def test_a_strip_outside_the_picture_leaves_the_head() -> None:
    (body,) = bodies(outputs((0.5, 1.3), (0.5, 1.1), (0.4, 0.8, 0.6, 1.0)), pose_grid(), WHOLE, 0.5)
    assert sides(body.box) == pytest.approx((0.4, 0.8, 0.6, 1.0), abs=1e-5)


def test_who_lies_wholly_in_the_padding_is_nobody() -> None:
    wide = Fit(Box(0, -2, 1, 3))  # the picture is the middle fifth of the square
    assert bodies(outputs((0.5, 0.1), (0.5, 0.05), (0.48, 0.05, 0.52, 0.1)), pose_grid(), wide, 0.5) == ()


def test_an_angle_is_an_angle_also_on_a_wide_picture() -> None:
    wide = Fit(Box(0, -0.5, 1, 1.5))  # twice as wide as high
    (body,) = bodies(outputs((0.5, 0.5), (0.5, 0.3), (0.48, 0.3, 0.52, 0.35)), pose_grid(), wide, 0.5)
    assert sides(body.box) == pytest.approx((0.42, 0.1, 0.58, 0.9), abs=1e-5)


def test_black_is_minus_one_and_white_is_one() -> None:
    assert pose_input(np.array([[[0, 255, 0]]], np.uint8)).tolist() == [[[[-1, 1, -1]]]]
