"""Where a face lies on the chip."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Keypoint, Kind
from smartlogd.identify.align import KEYPOINTS, PLACES, alignment, scale

WIDTH, HEIGHT = 640, 480


def face_at(places: np.ndarray, names: tuple[str, ...] = KEYPOINTS) -> Detection:
    """A face whose keypoints lie at these pixels."""
    points = (Point(float(x) / WIDTH, float(y) / HEIGHT) for x, y in places)
    keypoints = tuple(Keypoint(name, point) for name, point in zip(names, points, strict=True))
    return Detection(Kind.FACE, Box(0.2, 0.2, 0.4, 0.5), 0.9, keypoints)


def moved(places: np.ndarray, turn: complex, shift: complex) -> np.ndarray:
    z = (places[:, 0] + 1j * places[:, 1]) * turn + shift
    return np.stack([z.real, z.imag], axis=1)


def laid(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    return places @ matrix[:, :2].T + matrix[:, 2]


@pytest.mark.parametrize("degrees", [0, 30, -90, 180])
@pytest.mark.parametrize("size", [0.1, 1.0, 7.0])
def test_a_face_turned_scaled_and_shifted_lies_where_it_should(degrees: float, size: float) -> None:
    places = moved(PLACES, cmath.rect(size, math.radians(degrees)), 200 + 100j)
    matrix = alignment(face_at(places), WIDTH, HEIGHT)
    assert matrix is not None
    assert laid(matrix, places) == pytest.approx(PLACES, abs=1e-6)
    assert scale(matrix) == pytest.approx(1 / size)


def test_no_other_turn_scale_and_shift_lies_nearer() -> None:
    rng = np.random.default_rng(1)
    places = PLACES * 1.3 + rng.normal(0, 6, PLACES.shape)
    matrix = alignment(face_at(places), WIDTH, HEIGHT)
    assert matrix is not None
    best = np.square(laid(matrix, places) - PLACES).sum()
    for _ in range(200):
        a, b, *shift = np.array([matrix[0, 0], matrix[1, 0], *matrix[:, 2]]) + rng.normal(0, 0.01, 4)
        other = np.array([[a, -b, shift[0]], [b, a, shift[1]]])
        assert np.square(laid(other, places) - PLACES).sum() > best


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    mirrored = PLACES * [-1, 1] + [150, 0]
    matrix = alignment(face_at(mirrored), WIDTH, HEIGHT)
    assert matrix is not None
    assert np.linalg.det(matrix[:, :2]) > 0


def test_the_ears_do_not_matter() -> None:
    without = face_at(PLACES)
    ears = np.vstack([PLACES, [[1, 2], [3, 4]]])
    with_ears = face_at(ears, (*KEYPOINTS, "right_ear", "left_ear"))
    assert alignment(with_ears, WIDTH, HEIGHT) == pytest.approx(alignment(without, WIDTH, HEIGHT))


def test_a_face_without_its_mouth_is_not_laid() -> None:
    assert alignment(face_at(PLACES[:3], KEYPOINTS[:3]), WIDTH, HEIGHT) is None


def test_a_face_without_keypoints_is_not_laid() -> None:
    assert alignment(Detection(Kind.FACE, Box(0, 0, 1, 1), 0.9), WIDTH, HEIGHT) is None


def test_a_face_whose_points_all_lie_in_one_place_is_not_laid() -> None:
    assert alignment(face_at(np.full((4, 2), 100.0)), WIDTH, HEIGHT) is None


def test_points_that_are_no_numbers_are_not_laid() -> None:
    assert alignment(face_at(np.full((4, 2), math.nan)), WIDTH, HEIGHT) is None
