"""Faces on photographs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point, iou
from smartlogd.base.seen import Detection, Kind, Pixels
from smartlogd.detect.interpreter import load
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.stills import StillFaces

_INNER = ("right_eye", "left_eye", "nose", "mouth")


@pytest.fixture(scope="module")
def stills(model: Callable[[str], Path]) -> StillFaces:
    short, full = (load(model(name), name) for name in ("face_short_range", "face_full_range"))
    return StillFaces(short, full, DetectOptions())


@pytest.fixture(scope="module")
def astronaut(model: Callable[[str], Path]) -> Pixels:
    """A photograph of one woman, 512 pixels square, her face about 100 wide."""
    return np.asarray(cv2.imread(str(model("astronaut")))[..., ::-1], np.uint8).copy()


def points(face: Detection, width: int, height: int) -> np.ndarray:
    """The keypoints that the chip is laid by, in pixels."""
    found = [face.keypoint(name) for name in _INNER]
    return np.array([[each.point.x * width, each.point.y * height] for each in found if each is not None])


def test_the_one_face_of_a_portrait_is_found_once(stills: StillFaces, astronaut: Pixels) -> None:
    (face,) = stills.find(astronaut)
    assert face.kind is Kind.FACE
    assert face.score > 0.8
    assert face.box.contains(Point(0.44, 0.22))


def test_a_picture_without_a_face_gives_none(stills: StillFaces) -> None:
    assert stills.find(np.full((300, 400, 3), 128, np.uint8)) == ()


def test_a_pattern_is_no_face(stills: StillFaces) -> None:
    rows, columns = np.mgrid[0:300, 0:400]
    windows = np.where((rows // 40 % 2 == 0) & (columns // 30 % 2 == 0), 230, 60).astype(np.uint8)
    assert all(face.score < 0.65 for face in stills.find(np.repeat(windows[..., None], 3, axis=2)))


def test_a_face_that_fills_its_picture_is_found(stills: StillFaces, astronaut: Pixels) -> None:
    (face,) = stills.find(astronaut[60:180, 165:285].copy())
    assert face.box.width > 0.6


def test_two_faces_are_two(stills: StillFaces, astronaut: Pixels) -> None:
    assert len(stills.find(np.hstack([astronaut, astronaut]))) == 2


@pytest.mark.parametrize("size", [160, 2500])
def test_the_keypoints_do_not_depend_on_how_large_the_picture_is(
    stills: StillFaces, astronaut: Pixels, size: int
) -> None:
    other = cv2.resize(astronaut, (size, size), interpolation=cv2.INTER_AREA)
    (here,), (there,) = stills.find(astronaut), stills.find(other)
    assert points(there, 512, 512) == pytest.approx(points(here, 512, 512), abs=4)  # the small one has pixels of 3.2


@pytest.mark.parametrize("degrees", [-30, 20])
def test_the_keypoints_turn_with_the_head(stills: StillFaces, astronaut: Pixels, degrees: float) -> None:
    turn = cv2.getRotationMatrix2D((225.0, 115.0), degrees, 1)
    turned = np.asarray(cv2.warpAffine(astronaut, turn, (512, 512)), np.uint8)
    (here,), (there,) = stills.find(astronaut), stills.find(turned)
    expected = points(here, 512, 512) @ turn[:, :2].T + turn[:, 2]
    assert points(there, 512, 512) == pytest.approx(expected, abs=4)


def test_a_face_seen_in_a_mirror_has_its_eyes_the_other_way_round(stills: StillFaces, astronaut: Pixels) -> None:
    (here,), (there,) = stills.find(astronaut), stills.find(np.ascontiguousarray(astronaut[:, ::-1]))
    swapped = points(there, 512, 512)[[1, 0, 2, 3]]
    swapped[:, 0] = 512 - swapped[:, 0]
    assert swapped == pytest.approx(points(here, 512, 512), abs=3)


def test_a_rough_face_is_refined_to_what_a_careful_look_finds(stills: StillFaces, astronaut: Pixels) -> None:
    (exact,) = stills.find(astronaut)
    rough = replace(exact, box=Box.around(exact.box.centre, exact.box.width * 1.2, exact.box.height * 1.2))
    rough = replace(
        rough,
        keypoints=tuple(
            replace(each, point=Point(each.point.x + 0.01, each.point.y - 0.01)) for each in rough.keypoints
        ),
    )
    refined = stills.refined(astronaut, rough)
    assert points(refined, 512, 512) == pytest.approx(points(exact, 512, 512), abs=2)
    assert iou(refined.box, exact.box) > 0.8


def test_what_a_close_look_does_not_find_stays_where_it_was_and_is_hardly_believed(
    stills: StillFaces, astronaut: Pixels
) -> None:
    nothing = Detection(Kind.FACE, Box(0.85, 0.8, 0.95, 0.9), 0.9)
    refined = stills.refined(np.zeros_like(astronaut), nothing)
    assert refined == replace(nothing, score=0.45)


def test_every_place_is_a_number(stills: StillFaces, astronaut: Pixels) -> None:
    for face in stills.find(astronaut):
        assert all(math.isfinite(value) for each in face.keypoints for value in (each.point.x, each.point.y))
