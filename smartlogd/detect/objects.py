"""COCO SSD's tensors become people, dogs and cats (pure).

The model ends in its own post-processing: boxes float32[1, n, 4] as top, left, bottom, right in
fractions of the input; classes float32[1, n] counted from person = 0; scores float32[1, n]; and how
many of the n are meant, float32[1].
"""

from __future__ import annotations

import numpy as np

from smartlogd.base.geometry import Box, Fit
from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Detection, Kind, Pixels

CLASSES = {0: Kind.PERSON, 16: Kind.CAT, 17: Kind.DOG}
"""The COCO classes that are looked for, by the model's numbers."""

FOUR_LEGGED = {16: "cat", 17: "dog", 18: "horse", 19: "sheep", 20: "cow", 22: "bear", 87: "teddy bear"}
"""The classes that dogs and cats are also taken for."""


def object_input(square: Pixels) -> Tensor:
    """The square picture as the model wants it: uint8[1, s, s, 3]."""
    return np.ascontiguousarray(square[None])


def objects(outputs: tuple[Tensor, ...], fit: Fit, threshold: float) -> tuple[Detection, ...]:
    """People, dogs and cats that score at least `threshold`, as places on the picture, in the model's order.

    Boxes are clipped to the picture; what lies wholly outside it (in the padding) is left out.
    """
    kinds = [(CLASSES.get(number), box, score) for number, box, score in _rows(outputs, fit, threshold)]
    return tuple(Detection(kind, box, score) for kind, box, score in kinds if kind is not None)


def four_legged(outputs: tuple[Tensor, ...], fit: Fit, threshold: float) -> tuple[tuple[str, Box, float], ...]:
    """The same of animals on four legs, each as the word of its class, its box and its score."""
    rows = _rows(outputs, fit, threshold)
    return tuple((FOUR_LEGGED[number], box, score) for number, box, score in rows if number in FOUR_LEGGED)


def _rows(outputs: tuple[Tensor, ...], fit: Fit, threshold: float) -> list[tuple[int, Box, float]]:
    """Class, place and score of whatever scores enough and lies on the picture."""
    boxes, classes, scores, count = outputs
    found = []
    for index in range(min(int(np.ravel(count)[0]), boxes.shape[1])):
        score = float(scores[0, index])
        if score < threshold:
            continue
        top, left, bottom, right = (float(side) for side in boxes[0, index])
        box = fit.back_box(Box(left, top, right, bottom)).clipped()
        if box.area > 0:
            found.append((int(classes[0, index]), box, score))
    return found
