"""Anchors, offsets, logits and blending."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.detect.blaze import Candidates, blended, candidates, grid, ious, sigmoid
from smartlogd.detect.faces import face_grid
from smartlogd.detect.poses import pose_grid


def found(boxes: list[list[float]], scores: list[float]) -> Candidates:
    points = np.zeros((len(boxes), 1, 2))
    for index, (x0, y0, _, _) in enumerate(boxes):
        points[index, 0] = x0, y0
    return Candidates(np.asarray(boxes, np.float64), points, np.asarray(scores, np.float64))


@pytest.mark.parametrize(("anchors", "count"), [(face_grid(192), 2304), (face_grid(128), 896), (pose_grid(), 2254)])
def test_every_model_has_as_many_anchors_as_its_tensors_have_rows(anchors, count) -> None:
    assert anchors.anchors.shape == (count, 2)
    assert anchors.anchors.min() > 0
    assert anchors.anchors.max() < 1


def test_strides_of_one_value_share_their_cells_and_row_follows_row() -> None:
    anchors = grid(32, (8, 16, 16)).anchors
    assert anchors[:4].tolist() == [[0.125, 0.125]] * 2 + [[0.375, 0.125]] * 2  # 4 x 4 cells of two anchors each
    assert anchors[32:36].tolist() == [[0.25, 0.25]] * 4  # then 2 x 2 cells of two times two
    assert len(anchors) == 32 + 16


def test_anchors_below_the_threshold_are_left_out_and_the_best_comes_first() -> None:
    two = grid(4, (2,), 1)
    logits = np.array([[[0.0], [2.0], [-3.0], [4.0]]], np.float32)
    kept = candidates(np.zeros((1, 4, 6), np.float32), logits, two, 0.5)
    assert kept.scores == pytest.approx([1 / (1 + np.exp(-4)), 1 / (1 + np.exp(-2)), 0.5])
    assert kept.points[:, 0].tolist() == [[0.75, 0.75], [0.75, 0.25], [0.25, 0.25]]


def test_nothing_found_is_no_error() -> None:
    kept = blended(candidates(np.zeros((1, 4, 16), np.float32), np.full((1, 4, 1), -9.0), grid(4, (2,), 1), 0.5))
    assert kept.boxes.shape == (0, 4)
    assert kept.points.shape == (0, 6, 2)


def test_overlapping_boxes_become_their_mean_weighted_by_score() -> None:
    one = blended(found([[0.0, 0.0, 0.4, 0.4], [0.1, 0.0, 0.5, 0.4]], [0.9, 0.3]))
    assert one.boxes[0] == pytest.approx([0.025, 0.0, 0.425, 0.4])  # 0.9 : 0.3 is 3 : 1
    assert one.points[0, 0] == pytest.approx([0.025, 0.0])
    assert one.scores.tolist() == [0.9]


def test_boxes_that_hardly_overlap_stay_two() -> None:
    both = blended(found([[0.0, 0.0, 0.4, 0.4], [0.3, 0.0, 0.7, 0.4]], [0.9, 0.8]))
    assert both.scores.tolist() == [0.9, 0.8]


def test_a_box_without_area_is_a_group_of_its_own() -> None:
    assert len(blended(found([[0.2, 0.2, 0.2, 0.2], [0.2, 0.2, 0.2, 0.2]], [0.9, 0.8])).scores) == 2


def test_huge_logits_do_not_overflow() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])) == pytest.approx([0, 0.5, 1])


def test_overlap_is_intersection_over_union() -> None:
    many = np.array([[0, 0, 1, 1], [0.5, 0, 1.5, 1], [2, 2, 3, 3]], np.float64)
    assert ious(many[0], many) == pytest.approx([1, 1 / 3, 0])
