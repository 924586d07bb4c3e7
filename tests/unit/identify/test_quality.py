"""How good a look at a face is."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.identify.quality import Gate, Quality, measure, promise, refusals

WIDTH, HEIGHT = 400, 200
GOOD = Quality(size_px=120, sharpness=1.0, brightness=0.5, yaw=3.0, roll=-2.0, score=0.95)


def head(yaw: float = 0.0, roll: float = 0.0) -> Detection:
    """A ball-shaped head of 100 pixels, its ears at the sides and its nose before them."""
    turned, tilted = math.radians(yaw), complex(math.cos(math.radians(roll)), math.sin(math.radians(roll)))
    places = {
        "right_eye": complex(-20 * math.cos(turned), -10),
        "left_eye": complex(20 * math.cos(turned), -10),
        "nose": complex(60 * math.sin(turned), 5),
        "mouth": complex(30 * math.sin(turned), 25),
        "right_ear": complex(-50 * math.cos(turned), 0),
        "left_ear": complex(50 * math.cos(turned), 0),
    }
    points = {name: place * tilted + complex(200, 100) for name, place in places.items()}
    keypoints = tuple(Keypoint(name, Point(at.real / WIDTH, at.imag / HEIGHT)) for name, at in points.items())
    return Detection(Kind.FACE, Box(0.375, 0.2, 0.625, 0.8), 0.9, keypoints)


def skin(seed: int = 0, contrast: float = 40.0, light: float = 120.0) -> Pixels:
    """A chip with detail of every size, as a face has."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.normal(0, 1, (side, side)), (150, 150)) for side in (4, 9, 25, 50, 75)]
    grey = np.clip(light + contrast * sum(layers) / 2, 0, 255)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def seen(chip: Pixels, face: Detection | None = None) -> Quality:
    return measure(face or head(), chip, WIDTH, HEIGHT)


def test_the_size_is_the_boxs_shorter_side_in_pixels() -> None:
    assert seen(skin()).size_px == pytest.approx(100)


@pytest.mark.parametrize("yaw", [-60, -30, 0, 15, 45])
@pytest.mark.parametrize("roll", [-40, 0, 25])
def test_the_turn_and_tilt_of_a_head_are_read_from_its_points(yaw: float, roll: float) -> None:
    quality = seen(skin(), head(yaw, roll))
    assert quality.yaw == pytest.approx(yaw, abs=0.5)
    assert quality.roll == pytest.approx(roll, abs=1e-6)


def test_a_face_without_ears_or_eyes_counts_as_upright_and_frontal() -> None:
    assert seen(skin(), replace(head(50, 20), keypoints=())).yaw == 0
    assert seen(skin(), replace(head(50, 20), keypoints=())).roll == 0


def test_the_more_a_chip_is_blurred_the_less_sharp_it_is() -> None:
    sharpnesses = [seen(cv2.GaussianBlur(skin(), (0, 0), blur)).sharpness for blur in (1, 2, 4, 6)]
    assert sharpnesses == sorted(sharpnesses, reverse=True)
    assert sharpnesses[-1] < Gate().least_sharpness < seen(skin()).sharpness


def test_contrast_does_not_make_a_chip_sharper() -> None:
    pale, strong = skin(contrast=15), skin(contrast=45)
    assert seen(pale).sharpness == pytest.approx(seen(strong).sharpness, rel=0.1)


def test_an_even_chip_has_no_sharpness_at_all() -> None:
    assert seen(np.full((150, 150, 3), 90, np.uint8)).sharpness == 0


def test_brightness_is_that_of_the_faces_middle() -> None:
    chip = np.zeros((150, 150, 3), np.uint8)
    chip[25:125, 25:125] = 255
    assert seen(chip).brightness == pytest.approx(1)


def test_a_good_look_is_refused_for_nothing() -> None:
    assert refusals(GOOD, Gate()) == ()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"size_px": 39.0}, "small"),
        ({"yaw": 46.0}, "turned"),
        ({"yaw": -46.0}, "turned"),
        ({"brightness": 0.05}, "dark"),
        ({"brightness": 0.97}, "bright"),
        ({"sharpness": 0.4}, "blurred"),
        ({"score": 0.6}, "unsure"),
    ],
)
def test_a_poor_look_is_refused_with_its_reason_and_a_hint(wrong: dict[str, float], word: str) -> None:
    (refusal,) = refusals(replace(GOOD, **wrong), Gate())
    assert refusal.word == word
    assert refusal.sentence.endswith(".")
    assert refusal.hint.endswith(".")


def test_every_reason_is_told() -> None:
    worst = Quality(size_px=10, sharpness=0, brightness=0, yaw=80, roll=0, score=0.1)
    assert {refusal.word for refusal in refusals(worst, Gate())} == {"small", "turned", "dark", "blurred", "unsure"}


def test_a_look_is_worth_no_more_than_its_worst_side() -> None:
    assert GOOD.overall > 0.9
    for worse in ({"size_px": 55.0}, {"sharpness": 0.5}, {"yaw": 25.0}, {"score": 0.5}):
        assert replace(GOOD, **worse).overall == pytest.approx(0.5)
    assert replace(GOOD, yaw=90.0).overall == 0


def test_nothing_is_promised_that_the_look_could_not_be_worth() -> None:
    for yaw in (0, 20, 40, 70):
        face = head(yaw)
        assert promise(face, WIDTH, HEIGHT) >= seen(skin(), face).overall
