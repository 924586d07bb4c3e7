"""Dog or cat: an animal that could be either is looked at again, alone.

The model's class hangs on how an animal happens to lie in its square: of one dog it says cat 0.73 in one view and dog
0.64 in another. So the animal is shown in several views, near and with more room, plain and mirrored, on grey where the
picture ends, and the class that scores more in the mean wins. Of 52 dogs and 63 cats of a public set, found in 101
pictures, six views took one cat for a dog, no dog for a cat, and of one dog could not tell.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from smartlogd.base.geometry import Box, Fit, Point, iou, overlap
from smartlogd.base.pixels import resampled
from smartlogd.base.ports import Model
from smartlogd.base.seen import Detection, Kind, Pixels
from smartlogd.detect import objects

_ROOMS = (1.15, 1.6, 2.0)
"""The sides of the views, in lengths of the animal's box."""
_GREY = 127
_ABOUT_IOU = 0.3
"""What overlaps the animal's box so much is about it."""
_LEAST_SEEN = 0.2
_RIVAL_IOU, _RIVAL_SHARE = 0.45, 0.8
_CLEAR = 0.25
"""A class whose score is so much larger needs no second look ..."""
_CLEAR_MEAN = 0.1
"""... and after it, this much."""


class SpeciesLook:
    """Looks at animals again; for one thread at a time."""

    def __init__(self, model: Model) -> None:
        self._model, self._size = model, model.input_shape[1]
        self.calls: Counter[str] = Counter()

    def scores(self, pixels: Pixels, *boxes: Box, rooms: Sequence[float] = _ROOMS) -> Mapping[str, float]:
        """The mean score of each four-legged class over all views of the boxes: two for each room."""
        total: Counter[str] = Counter()
        for box, room in itertools.product(boxes, rooms):
            square, at = _alone(pixels, box, room, self._size)
            for view in (square, np.ascontiguousarray(square[:, ::-1])):
                total.update(self._best(view, at))
        return {word: score / (2 * len(boxes) * len(rooms)) for word, score in total.items()}

    def settled(self, pixels: Pixels, found: Sequence[Detection]) -> tuple[Detection, ...]:
        """The detections, with one of each dog and cat that lie upon each other: the one that it clearly is, or none.

        Only the surest such pair is looked at again, which takes four runs; of others the surer one stays.
        """
        left, looks = list(found), 1
        for one in found:
            other = next((each for each in left if _are_rivals(one, each)), None)
            if other is None or one not in left:
                continue
            left.remove(other)
            if one.score - other.score >= _CLEAR or looks == 0:
                continue
            looks -= 1
            kind = kind_of(self.scores(pixels, one.box, other.box, rooms=_ROOMS[:1]))
            at = left.index(one)
            left[at : at + 1] = [replace(one, kind=kind)] if kind is not None else []
        return tuple(left)

    def _best(self, view: Pixels, at: Box) -> Mapping[str, float]:
        """The best score of each class about the animal, in one view."""
        outputs = self._model(objects.object_input(view))
        self.calls[self._model.name] += 1
        best: dict[str, float] = {}
        for word, box, score in objects.four_legged(outputs, Fit(Box(0, 0, 1, 1)), _LEAST_SEEN):
            if iou(box, at) > _ABOUT_IOU:
                best[word] = max(best.get(word, 0.0), score)
        return best


def kind_of(scores: Mapping[str, float]) -> Kind | None:
    """Which of the two an animal with these mean scores is; None where neither is clearly the better.

    >>> kind_of({"dog": 0.5, "cat": 0.17}), kind_of({"dog": 0.3, "cat": 0.25})
    (<Kind.DOG: 'dog'>, None)
    """
    dog, cat = scores.get("dog", 0.0), scores.get("cat", 0.0)
    if abs(dog - cat) < _CLEAR_MEAN:
        return None
    return Kind.DOG if dog > cat else Kind.CAT


def _are_rivals(one: Detection, other: Detection) -> bool:
    """Whether the other one is the less sure of a dog and a cat that can only be one animal."""
    if {one.kind, other.kind} != {Kind.DOG, Kind.CAT} or one.score < other.score:
        return False
    smaller = min(one.box.area, other.box.area)
    return iou(one.box, other.box) > _RIVAL_IOU or overlap(one.box, other.box) > _RIVAL_SHARE * smaller


def _alone(pixels: Pixels, box: Box, room: float, size: int) -> tuple[Pixels, Box]:
    """A square view of the box with room about it, grey beyond the picture, and where in it the box lies."""
    height, width = pixels.shape[:2]
    side = max(box.width * width, box.height * height, 1.0) * room
    scale, middle = size / side, box.centre
    shift = size / 2 - scale * np.array([middle.x * width, middle.y * height])
    square = resampled(pixels, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), size)
    view = np.full_like(square, _GREY)
    left, top = (int(np.clip(round(edge), 0, size)) for edge in shift)
    right, bottom = (
        int(np.clip(round(edge + scale * length), 0, size)) for edge, length in zip(shift, (width, height), strict=True)
    )
    view[top:bottom, left:right] = square[top:bottom, left:right]
    return view, Box.around(Point(0.5, 0.5), box.width * width / side, box.height * height / side)
