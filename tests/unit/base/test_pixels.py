"""Picture maths: nothing is stretched, and every way back leads back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box, Point
from smartlogd.base.pixels import brightened, jpeg, letterbox, png, resampled, scaled, warped

WIDE = np.full((90, 160, 3), 200, np.uint8)


def test_a_wide_picture_is_laid_in_a_square_with_black_above_and_below() -> None:
    square, _ = letterbox(WIDE, 64)
    assert square.shape == (64, 64, 3)
    assert square[32].min() == 200
    assert square[0].max() == square[-1].max() == 0


def test_what_the_square_shows_is_found_again_on_the_picture() -> None:
    picture = np.zeros((120, 200, 3), np.uint8)
    picture[60:64, 150:154] = 255
    square, fit = letterbox(picture, 100)
    down, across = (axis.mean() for axis in np.nonzero(square[..., 0] > 128))
    place = fit.back(Point((across + 0.5) / 100, (down + 0.5) / 100))
    assert place.x == pytest.approx(152 / 200, abs=0.005)
    assert place.y == pytest.approx(62 / 120, abs=0.008)


def test_a_part_of_the_picture_fills_the_square() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[50:, 50:] = 255
    square, fit = letterbox(picture, 50, Box(0.5, 0.5, 1, 1))
    assert square.min() == 255
    assert fit.part == Box(0.5, 0.5, 1, 1)


def test_a_picture_is_shrunk_and_never_enlarged() -> None:
    assert scaled(WIDE, 80).shape == (45, 80, 3)
    assert scaled(WIDE, 160) is WIDE
    assert scaled(WIDE, 4000) is WIDE


def test_a_warp_repeats_the_picture_s_edge() -> None:
    far = np.array([[1.0, 0.0, 500.0], [0.0, 1.0, 0.0]])
    assert warped(WIDE, far, 32).min() == 200


@pytest.mark.parametrize(("encode", "magic"), [(jpeg, b"\xff\xd8\xff"), (png, b"\x89PNG")])
def test_a_picture_becomes_a_file_s_bytes(encode: object, magic: bytes) -> None:
    assert callable(encode)
    assert encode(WIDE).startswith(magic)


@pytest.mark.parametrize("encode", [jpeg, png])
def test_what_is_no_picture_is_refused_in_a_sentence(encode: object) -> None:
    assert callable(encode)
    with pytest.raises(UnusableInput, match="could not be written"):
        encode(np.zeros((0, 0, 3), np.uint8))


def shrinking(scale: float, turn: float = 0.0) -> np.ndarray:
    """Picture pixels -> the pixels of a square, about the picture's corner."""
    across, up = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[across, -up, 3.0], [up, across, -5.0]])


def test_what_is_hardly_shrunk_is_warped_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    assert np.array_equal(resampled(picture, shrinking(0.6), 50), warped(picture, shrinking(0.6), 50))


@pytest.mark.parametrize("turn", [0.0, 0.4, -2.0])
def test_what_is_shrunk_much_lies_where_the_warp_would_lay_it(turn: float) -> None:
    """On a picture without fine detail, antialiasing changes nothing."""
    noise = np.random.default_rng(0).integers(0, 255, (8, 10, 3)).astype(np.uint8)
    smooth = cv2.resize(noise, (1000, 800), interpolation=cv2.INTER_CUBIC)
    towards = shrinking(0.1, turn)
    towards[:, 2] = np.array([40, 40]) - towards[:, :2] @ [500, 400]
    apart = resampled(smooth, towards, 80).astype(int) - warped(smooth, towards, 80)
    assert np.abs(apart[20:60, 20:60]).mean() < 2


def test_fine_stripes_become_grey() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(resampled(stripes, shrinking(0.2), 60)[10:50, 10:50].astype(int) - 127).max() < 30


def test_a_square_beyond_the_picture_shows_its_edge() -> None:
    away = np.array([[0.1, 0.0, -5000.0], [0.0, 0.1, 5000.0]])
    assert resampled(WIDE, away, 20).min() == 200


def test_a_dark_picture_is_brightened_and_its_colours_stay() -> None:
    dark = np.zeros((40, 40, 3), np.uint8)
    dark[:, :, 0], dark[:, :, 1] = 20, 10
    bright = brightened(dark)
    assert tuple(bright[0, 0]) == (255, 128, 0)


def test_a_bright_picture_and_a_black_one_stay_as_they_are() -> None:
    bright = np.full((40, 40, 3), 210, np.uint8)
    assert brightened(bright) is bright
    assert brightened(np.zeros((40, 40, 3), np.uint8)).max() == 0
