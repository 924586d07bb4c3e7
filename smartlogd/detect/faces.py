"""BlazeFace's tensors become faces (pure): a box, and the eyes, nose, mouth and ears.

Two editions share the decoding: full-range (192 pixels square, faces across a room) and short-range
(128 pixels square, a face near the lens).
"""

from __future__ import annotations

import numpy as np

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box, Fit, Point
from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.detect.blaze import Candidates, Grid, blended, candidates, grid

KEYPOINTS = ("right_eye", "left_eye", "nose", "mouth", "right_ear", "left_ear")
"""Right and left are the person's own."""


def face_grid(size: int) -> Grid:
    """The anchors of the edition whose input is `size` pixels square; raises UnusableInput for any other."""
    if size == 192:
        return grid(192, (4,), anchors_each=1)
    if size == 128:
        return grid(128, (8, 16, 16, 16))
    raise UnusableInput(f"A face model of {size} pixels is not known.", "Use face_full_range or face_short_range.")


def face_input(square: Pixels) -> Tensor:
    """The square picture as BlazeFace wants it: float32[1, s, s, 3] from -1 to 1."""
    return (square.astype(np.float32) / 127.5 - 1)[None]


def faces(outputs: tuple[Tensor, ...], on: Grid, fit: Fit, threshold: float) -> tuple[Detection, ...]:
    """The faces in one run's `outputs` (offsets, logits), as places on the picture, best first."""
    offsets, logits = outputs
    found = blended(candidates(offsets, logits, on, threshold))
    return tuple(_face(found, index, fit) for index in range(len(found.scores)))


def _face(found: Candidates, index: int, fit: Fit) -> Detection:
    box = fit.back_box(Box(*(float(side) for side in found.boxes[index])))
    points = (fit.back(Point(float(x), float(y))) for x, y in found.points[index])
    keypoints = tuple(Keypoint(name, point) for name, point in zip(KEYPOINTS, points, strict=True))
    return Detection(Kind.FACE, box, float(found.scores[index]), keypoints)
