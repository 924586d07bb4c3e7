"""COCO SSD's post-processed tensors."""

from __future__ import annotations

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Fit
from smartlogd.base.seen import Kind
from smartlogd.detect.objects import four_legged, object_input, objects

WHOLE = Fit(Box(0, 0, 1, 1))


def outputs(*rows: tuple[float, float, float, float, int, float], count: int | None = None):
    boxes, classes, scores = (
        np.zeros((1, 10, 4), np.float32),
        np.zeros((1, 10), np.float32),
        np.zeros((1, 10), np.float32),
    )
    for index, (*box, label, score) in enumerate(rows):
        boxes[0, index], classes[0, index], scores[0, index] = box, label, score
    return boxes, classes, scores, np.array([len(rows) if count is None else count], np.float32)


def test_only_people_cats_and_dogs_are_of_interest() -> None:
    rows = [(0, 0, 1, 1, label, 0.9) for label in (0, 1, 16, 17, 18)]
    assert [found.kind for found in objects(outputs(*rows), WHOLE, 0.3)] == [Kind.PERSON, Kind.CAT, Kind.DOG]


def test_weak_ones_and_rows_beyond_the_count_are_left_out() -> None:
    rows = [(0, 0, 1, 1, 0, 0.9), (0, 0, 1, 1, 0, 0.2), (0, 0, 1, 1, 0, 0.8)]
    assert len(objects(outputs(*rows), WHOLE, 0.3)) == 2
    assert len(objects(outputs(*rows, count=1), WHOLE, 0.3)) == 1
    assert len(objects(outputs(*rows, count=99), WHOLE, 0.3)) == 2


def test_a_box_is_clipped_to_the_picture_and_one_in_the_padding_is_nothing() -> None:
    padded = Fit(Box(0, -0.5, 1, 1.5))  # a picture twice as wide as high
    rows = [(0.0, 0.0, 0.5, 0.5, 0, 0.9), (0.0, 0.0, 0.2, 0.5, 0, 0.9)]
    (found,) = objects(outputs(*rows), padded, 0.3)
    assert found.box == Box(0, 0, 0.5, 0.5)


def test_the_input_is_the_square_itself_with_a_batch_axis() -> None:
    square = np.arange(300 * 300 * 3, dtype=np.uint8).reshape(300, 300, 3)
    tensor = object_input(square)
    assert tensor.shape == (1, 300, 300, 3)
    assert tensor.dtype == np.uint8
    assert tensor[0, 7, 9, 2] == pytest.approx(square[7, 9, 2])


def test_animals_on_four_legs_keep_the_words_of_their_classes() -> None:
    rows = [(0, 0, 0.5, 1, label, 0.9) for label in (0, 15, 16, 17, 19, 22)]
    found = four_legged(outputs(*rows, (0, 0, 1, 1, 17, 0.2)), WHOLE, 0.3)
    assert [word for word, _, _ in found] == ["cat", "dog", "sheep", "bear"]
    assert found[0][1:] == (Box(0, 0, 1, 0.5), pytest.approx(0.9))
