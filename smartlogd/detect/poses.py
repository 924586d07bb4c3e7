"""BlazePose's detector tensors become people (pure).

The detector finds a head-sized box and four points that say how the body lies: the hip centre, a point
on the circle round the hips that holds the whole body, the shoulder centre, and a point on the circle
that holds the upper body. The person's box is made from these.
"""

from __future__ import annotations

import numpy as np

from smartlogd.base.geometry import Box, Fit, Point
from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.detect.blaze import Candidates, Floats, Grid, blended, candidates, grid
from smartlogd.detect.visible import visible

KEYPOINTS = ("hip_centre", "full_body", "shoulder_centre", "upper_body")

_STRIP = 0.4
"""Half the width of a body, arms a little apart, as a share of the circle's radius; measured against SSD's boxes."""


def pose_grid() -> Grid:
    """The anchors of the pose detector: 224 pixels square, 2254 anchors."""
    return grid(224, (8, 16, 32, 32, 32))


def pose_input(square: Pixels) -> Tensor:
    """The square picture as the pose detector wants it: float32[1, s, s, 3] from -1 to 1."""
    return (square.astype(np.float32) / 127.5 - 1)[None]


def bodies(outputs: tuple[Tensor, ...], on: Grid, fit: Fit, threshold: float) -> tuple[Detection, ...]:
    """The people in one run's `outputs` (offsets, logits), best first; who stands wholly outside is left out."""
    offsets, logits = outputs
    found = blended(candidates(offsets, logits, on, threshold))
    people = (_body(found, index, fit) for index in range(len(found.scores)))
    return tuple(person for person in people if person.box.area > 0)


def _body(found: Candidates, index: int, fit: Fit) -> Detection:
    """One person: the box holds the strip of the circle that the body fills, and the head, as far as they are seen."""
    points = found.points[index]
    strip = visible(tuple(fit.back(Point(float(x), float(y))) for x, y in _strip(points)))
    head = fit.back_box(Box(*(float(side) for side in found.boxes[index]))).clipped()
    keypoints = tuple(
        Keypoint(name, fit.back(Point(float(x), float(y)))) for name, (x, y) in zip(KEYPOINTS, points, strict=True)
    )
    return Detection(Kind.PERSON, _both(strip, head), float(found.scores[index]), keypoints)


def _strip(points: Floats) -> Floats:
    """The four corners of the strip along the axis from the hip centre to the outline, float64[4, 2].

    Computed in the model's square input, where an angle is an angle.
    """
    hip, along = points[0], points[1] - points[0]
    across = _STRIP * np.array([-along[1], along[0]])
    return np.stack([hip + along + across, hip + along - across, hip - along - across, hip - along + across])


def _both(one: Box | None, other: Box) -> Box:
    if one is None:
        return other
    if other.area == 0:
        return one
    return Box(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))
