"""The landmark model's crop and tensors."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point
from smartlogd.base.seen import Detection, Keypoint, Kind
from smartlogd.detect.landmarks import (
    NAMES,
    SIZE,
    aimed,
    crop_matrix,
    landmark_input,
    presence,
    refined,
    with_landmarks,
)

WIDTH, HEIGHT = 640, 480


def body(hip: Point, outline: Point) -> Detection:
    points = (Keypoint("hip_centre", hip), Keypoint("full_body", outline))
    return Detection(Kind.PERSON, Box(0.4, 0.2, 0.6, 0.9), 0.9, points)


UPRIGHT = body(Point(0.5, 0.5), Point(0.5, 0.25))  # radius 120 pixels


def outputs(points: np.ndarray, presence: float = 0.9, seen: float = 5.0, metres: tuple[float, ...] = (0, 0, 0)):
    """The five tensors with these 39 points (crop pixels), all at the same place in space, and a cold heatmap."""
    rows = np.zeros((39, 5), np.float32)
    rows[:, :2], rows[:, 3] = points, seen
    heat = np.full((1, 64, 64, 39), -20, np.float32)
    return rows.reshape(1, 195), np.array([[presence]], np.float32), np.zeros(1), heat, np.tile(metres, 39)[None]


def seen_at(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    return matrix @ np.array([x, y, 1])


def test_there_are_the_33_points_of_the_topology() -> None:
    assert len(NAMES) == len(set(NAMES)) == 33
    assert NAMES[0] == "nose"
    assert NAMES[3] == "left_eye_outer"
    assert NAMES[11:13] == ("left_shoulder", "right_shoulder")
    assert NAMES[27:33] == (
        "left_ankle",
        "right_ankle",
        "left_heel",
        "right_heel",
        "left_foot_index",
        "right_foot_index",
    )


def test_the_hips_come_to_the_middle_and_the_head_points_up() -> None:
    matrix = crop_matrix(UPRIGHT, WIDTH, HEIGHT)
    assert seen_at(matrix, 320, 240) == pytest.approx([SIZE / 2, SIZE / 2])
    assert seen_at(matrix, 320, 120) == pytest.approx([SIZE / 2, SIZE / 2 - SIZE / 2.5])


def test_someone_lying_is_stood_up() -> None:
    matrix = crop_matrix(body(Point(0.5, 0.5), Point(0.25, 0.5)), WIDTH, HEIGHT)
    assert seen_at(matrix, 160, 240) == pytest.approx([SIZE / 2, SIZE / 2 - SIZE / 2.5])
    assert np.linalg.det(matrix[:, :2]) > 0  # turned, not mirrored


def test_a_body_without_extent_or_points_has_no_crop() -> None:
    assert crop_matrix(body(Point(0.5, 0.5), Point(0.5, 0.5)), WIDTH, HEIGHT) is None
    assert crop_matrix(Detection(Kind.PERSON, Box(0, 0, 1, 1), 0.9), WIDTH, HEIGHT) is None


def test_points_go_back_to_where_they_are_on_the_picture() -> None:
    matrix = crop_matrix(UPRIGHT, WIDTH, HEIGHT)
    points = np.tile([SIZE / 2, SIZE / 2 - SIZE / 2.5], (39, 1))
    found = with_landmarks(UPRIGHT, outputs(points), matrix, WIDTH, HEIGHT).keypoint("nose")
    assert (found.point.x, found.point.y) == pytest.approx((0.5, 0.25))
    assert found.visibility == pytest.approx(1 / (1 + np.exp(-5)))


@pytest.mark.parametrize(
    ("outline", "wanted"),
    [(Point(0.5, 0.25), (0.1, -0.5, 0.2)), (Point(0.25, 0.5), (-0.5, -0.1, 0.2)), (Point(0.5, 0.8), (-0.1, 0.5, 0.2))],
    ids=["upright", "head to the left", "head below"],
)
def test_points_in_space_are_turned_back_to_how_the_picture_shows_the_body(outline, wanted) -> None:
    lain = body(Point(0.5, 0.5), outline)
    matrix = crop_matrix(lain, WIDTH, HEIGHT)
    above = outputs(np.full((39, 2), 128.0), metres=(0.1, -0.5, 0.2))  # in the crop everybody stands
    world = with_landmarks(lain, above, matrix, WIDTH, HEIGHT).keypoint("nose").world
    assert world == pytest.approx(wanted)


def test_the_presence_of_a_body_is_one_number() -> None:
    assert presence(outputs(np.zeros((39, 2)), presence=0.7)) == pytest.approx(0.7)


def test_a_second_crop_is_aimed_by_where_the_first_has_the_body() -> None:
    matrix = crop_matrix(UPRIGHT, WIDTH, HEIGHT)
    points = np.zeros((39, 2))
    points[33], points[34] = (SIZE / 2 + 10, SIZE / 2), (SIZE / 2 + 10, SIZE / 2 - SIZE / 5)
    found = aimed(UPRIGHT, outputs(points), matrix, WIDTH, HEIGHT)
    step = 10 * 300 / SIZE / WIDTH  # the crop is 300 pixels wide
    hip, outline = found.keypoint("hip_centre").point, found.keypoint("full_body").point
    assert (hip.x, hip.y) == pytest.approx((0.5 + step, 0.5))
    assert (outline.x, outline.y) == pytest.approx((0.5 + step, 0.5 - 60 / HEIGHT))
    assert len(found.keypoints) == 2


def test_the_box_is_drawn_round_the_points_that_are_seen() -> None:
    matrix = crop_matrix(UPRIGHT, WIDTH, HEIGHT)
    points = np.tile([SIZE / 2, SIZE / 2], (39, 1)).astype(float)
    points[0], points[31], points[15], points[16] = (128, 28), (128, 228), (98, 128), (158, 128)
    box = with_landmarks(UPRIGHT, outputs(points), matrix, WIDTH, HEIGHT).box
    assert (box.centre.x, box.centre.y) == pytest.approx((0.5, 0.5))
    assert box.height / box.width * HEIGHT / WIDTH == pytest.approx(200 / 60)


def test_unseen_points_draw_no_box() -> None:
    matrix = crop_matrix(UPRIGHT, WIDTH, HEIGHT)
    found = with_landmarks(UPRIGHT, outputs(np.full((39, 2), 128.0), seen=-5.0), matrix, WIDTH, HEIGHT)
    assert found.box == UPRIGHT.box
    assert len(found.keypoints) == 2 + 33


def test_where_the_model_sees_no_body_nothing_is_added() -> None:
    matrix = crop_matrix(UPRIGHT, WIDTH, HEIGHT)
    assert with_landmarks(UPRIGHT, outputs(np.full((39, 2), 128.0), presence=0.2), matrix, WIDTH, HEIGHT) is UPRIGHT


def test_a_point_moves_to_the_middle_of_the_heat_around_it() -> None:
    heat = np.full((64, 64, 1), -20.0)
    heat[20, 30], heat[20, 32] = 10, 10  # two equal hot cells: the middle is column 31
    assert refined(np.array([[30.5 / 64, 21.5 / 64]]), heat)[0] == pytest.approx([31 / 64, 20 / 64], abs=1e-6)


def test_heat_beyond_the_window_and_faint_heat_move_nothing() -> None:
    far, faint = np.full((64, 64, 1), -20.0), np.full((64, 64, 1), -20.0)
    far[20, 40], faint[20, 30] = 10, -1
    start = np.array([[30.5 / 64, 20.5 / 64]])
    assert refined(start, far) == pytest.approx(start)
    assert refined(start, faint) == pytest.approx(start)


def test_a_point_outside_the_map_stays() -> None:
    start = np.array([[1.2, 0.5], [0.5, 1.01]])
    assert refined(start, np.full((64, 64, 2), 10.0)) == pytest.approx(start)


def test_the_window_is_cut_at_the_map_s_edge() -> None:
    heat = np.full((64, 64, 1), -20.0)
    heat[0, 1] = 10
    assert refined(np.array([[0.5 / 64, 0.5 / 64]]), heat)[0] == pytest.approx([1 / 64, 0], abs=1e-6)


def test_the_input_runs_from_zero_to_one() -> None:
    assert landmark_input(np.array([[[0, 255, 0]]], np.uint8)).tolist() == [[[[0, 1, 0]]]]
