"""Several looks at one picture become one list of detections (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smartlogd.base.geometry import Box, iou, overlap
from smartlogd.base.seen import Detection

_SAME_IOU = 0.45
_SAME_CONTAINED = 0.8
_SECOND_IOU, _PART, _LEAST_PART = 0.3, 0.7, 0.15
_TOUCH = 0.015
"""A box that ends this close (fraction of the part looked at) to the part's border may have been cut by it."""


def merged(found: Iterable[Detection], *, contained: float = _SAME_CONTAINED) -> tuple[Detection, ...]:
    """Each being once: best score first, without those that repeat a better one of their kind.

    One repeats another when they overlap by an IoU of 0.45, or when `contained` of the smaller lies in
    the larger: SSD likes to find a torso in a person. Equal scores keep the order of their boxes, so
    that the answer does not depend on the order of the looks.
    """
    kept: list[Detection] = []
    for detection in sorted(found, key=_order):
        if not any(_repeats(detection, better, contained) for better in kept):
            kept.append(detection)
    return tuple(kept)


def is_cut(detection: Detection, part: Box) -> bool:
    """Whether the border of `part`, where it lies inside the picture, may have cut the detection.

    >>> from smartlogd.base.seen import Kind
    >>> is_cut(Detection(Kind.PERSON, Box(.5, .2, .75, .4), .9), Box(.25, 0, .75, .5))
    True
    >>> is_cut(Detection(Kind.PERSON, Box(.3, .0, .4, .4), .9), Box(.25, 0, .75, .5))
    False
    """
    box, across, down = detection.box, _TOUCH * part.width, _TOUCH * part.height
    return (
        (part.x0 > 0 and box.x0 < part.x0 + across)
        or (part.y0 > 0 and box.y0 < part.y0 + down)
        or (part.x1 < 1 and box.x1 > part.x1 - across)
        or (part.y1 < 1 and box.y1 > part.y1 - down)
    )


def joined(looks: Sequence[tuple[Box, Sequence[Detection]]]) -> tuple[Detection, ...]:
    """The detections of several looks, each at its part of the picture, as one list.

    What a part's border cut is believed only where no whole detection lies over half of it.
    """
    whole = [detection for part, found in looks for detection in found if not is_cut(detection, part)]
    cut = [detection for part, found in looks for detection in found if is_cut(detection, part)]
    left = [piece for piece in cut if not any(_covers(better, piece) for better in whole)]
    return merged(whole + left)


def is_seconded(body: Detection, person: Detection) -> bool:
    """Whether a body and what another model found are one: they overlap well, or one is a good part of the other."""
    smaller, larger = sorted((person.box.area, body.box.area))
    is_part = overlap(person.box, body.box) > _PART * smaller and smaller > _LEAST_PART * larger
    return is_part or iou(person.box, body.box) > _SECOND_IOU


def _covers(whole: Detection, piece: Detection) -> bool:
    return whole.kind is piece.kind and overlap(whole.box, piece.box) > 0.5 * piece.box.area


def _repeats(detection: Detection, better: Detection, contained: float) -> bool:
    if detection.kind is not better.kind:
        return False
    smaller = min(detection.box.area, better.box.area)
    if overlap(detection.box, better.box) > contained * smaller:
        return True
    return iou(detection.box, better.box) > _SAME_IOU


def _order(detection: Detection) -> tuple[float, str, float, float, float, float]:
    box = detection.box
    return (-detection.score, detection.kind.value, box.x0, box.y0, box.x1, box.y1)
