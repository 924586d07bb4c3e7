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


def object_input(square: Pixels) -> Tensor:
    """The square picture as the model wants it: uint8[1, s, s, 3]."""
    return np.ascontiguousarray(square[None])


def objects(outputs: tuple[Tensor, ...], fit: Fit, threshold: float) -> tuple[Detection, ...]:
    """People, dogs and cats that score at least `threshold`, as places on the picture, in the model's order.

    Boxes are clipped to the picture; what lies wholly outside it (in the padding) is left out.
    """
    boxes, classes, scores, count = outputs
    found = []
    for index in range(min(int(np.ravel(count)[0]), boxes.shape[1])):
        kind, score = CLASSES.get(int(classes[0, index])), float(scores[0, index])
        if kind is None or score < threshold:
            continue
        top, left, bottom, right = (float(side) for side in boxes[0, index])
        box = fit.back_box(Box(left, top, right, bottom)).clipped()
        if box.area > 0:
            found.append(Detection(kind, box, score))
    return tuple(found)
