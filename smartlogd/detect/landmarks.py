"""BlazePose's landmark tensors become the 33 points of a body (pure).

The model sees one person in a square crop, turned so that the body stands upright. Its points are
refined on the heatmap: the score-weighted middle of a 7 x 7 window. Without the turned crop, its
repeated borders and the refinement the points are off by 4 to 18 % of the shoulders' width.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from smartlogd.base.geometry import Box, Point
from smartlogd.base.ports import Tensor
from smartlogd.base.seen import Detection, Keypoint, Pixels
from smartlogd.detect.blaze import Floats, sigmoid

SIZE = 256
NAMES = (
    "nose",
    *(f"{side}_eye_{part}" if part else f"{side}_eye" for side in ("left", "right") for part in ("inner", "", "outer")),
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    *(
        f"{side}_{part}"
        for part in (
            "shoulder",
            "elbow",
            "wrist",
            "pinky",
            "index",
            "thumb",
            "hip",
            "knee",
            "ankle",
            "heel",
            "foot_index",
        )
        for side in ("left", "right")
    ),
)
"""The 33 points of the BlazePose topology, in the model's order; left and right are the person's own."""

_CROP = 1.25 * 2  # the crop's side in radii of the circle round the hips
_WINDOW = 3  # half of 7, without the middle
_SURE_HEAT = 0.5
PRESENT = 0.5
"""A run that is less sure than this of a body says nothing of it."""
_SEEN = 0.5
_FEWEST = 6
_GROWTH = 1.12  # landmarks are joints: skin, hair and shoes lie a little outside


def crop_matrix(body: Detection, width: int, height: int) -> Floats | None:
    """Picture pixels -> crop pixels, float64[2, 3], for a body of `poses.bodies`; None if it has no extent.

    The hip centre comes to the crop's middle and the head points up.
    """
    hip, outline = body.keypoint("hip_centre"), body.keypoint("full_body")
    if hip is None or outline is None:
        return None
    middle = np.array([hip.point.x * width, hip.point.y * height])
    axis = np.array([outline.point.x * width, outline.point.y * height]) - middle
    radius = float(np.hypot(*axis))
    if radius < 1:
        return None
    ux, uy = axis / radius
    turn = np.array([[-uy, ux], [-ux, -uy]]) * (SIZE / (_CROP * radius))
    return np.column_stack([turn, SIZE / 2 - turn @ middle])


def landmark_input(crop: Pixels) -> Tensor:
    """The crop as the landmark model wants it: float32[1, 256, 256, 3] from 0 to 1."""
    return (crop.astype(np.float32) / 255)[None]


def presence(outputs: tuple[Tensor, ...]) -> float:
    """How sure the model is that its crop shows a body, 0 to 1."""
    return float(np.ravel(outputs[1])[0])


def aimed(body: Detection, outputs: tuple[Tensor, ...], matrix: Floats, width: int, height: int) -> Detection:
    """`body` with only two points, for a second and better crop: where this run has its hip centre and its outline.

    They are the first two of the six points that follow the 33 (MediaPipe's alignment points).
    """
    places = _on_picture(_rows(outputs)[len(NAMES) : len(NAMES) + 2, :2], matrix, width, height)
    hip, outline = (Point(float(x), float(y)) for x, y in places)
    return replace(body, keypoints=(Keypoint("hip_centre", hip), Keypoint("full_body", outline)))


def with_landmarks(body: Detection, outputs: tuple[Tensor, ...], matrix: Floats, width: int, height: int) -> Detection:
    """`body` with its 33 points and a box drawn round those seen, or as it was when the model sees no body.

    `outputs` are 39 points of 5 numbers (x, y, z in crop pixels, logits of visibility and presence),
    the presence of a body 0..1, a mask, the heatmap logits [1, 64, 64, 39], and 39 points in space (x, y, z in metres
    from the middle of the hips, as the crop shows them: they are turned back to how the picture shows the body).
    """
    if presence(outputs) < PRESENT:
        return body
    _, _, _, heatmap, metres = outputs
    rows = _rows(outputs)[: len(NAMES)]
    crop_points = refined(rows[:, :2] / SIZE, np.asarray(heatmap[0], np.float64)) * SIZE
    places = _on_picture(crop_points, matrix, width, height)
    seen = sigmoid(rows[:, 3])
    space = _turned_back(np.asarray(metres, np.float64).reshape(-1, 3)[: len(NAMES)], matrix[:, :2])
    points = tuple(
        Keypoint(name, Point(float(x), float(y)), float(sure), world)
        for name, (x, y), sure, world in zip(NAMES, places, seen, space, strict=True)
    )
    return replace(body, box=_tight(places[seen > _SEEN]) or body.box, keypoints=body.keypoints + points)


def _rows(outputs: tuple[Tensor, ...]) -> Floats:
    """The 39 points, each as x and y (crop pixels), z, and the logits of visibility and presence."""
    return np.asarray(outputs[0], np.float64).reshape(-1, 5)


def _on_picture(points: Floats, matrix: Floats, width: int, height: int) -> Floats:
    """Points of the crop (pixels) as places on the picture (fractions)."""
    places: Floats = (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T / np.array([width, height])
    return places


def _turned_back(metres: Floats, turn: Floats) -> list[tuple[float, float, float]]:
    """Points in space as the crop shows them, turned to how the picture does; their depth stays."""
    upright = turn / np.sqrt(abs(np.linalg.det(turn)))
    return [(float(x), float(y), float(z)) for (x, y), z in zip(metres[:, :2] @ upright, metres[:, 2], strict=True)]


def refined(points: Floats, heatmap: Floats) -> Floats:
    """Points (fractions of the crop, float64[n, 2]) moved to the heat around them.

    `heatmap` is logits [h, w, m], one channel a point, m >= n. A point outside the map, or with less
    than 0.5 of heat anywhere in its window, stays where it is.
    """
    height, width = heatmap.shape[:2]
    moved = points.copy()
    for index, (x, y) in enumerate(points):
        column, row = int(x * width), int(y * height)
        if not (0 <= column < width and 0 <= row < height):
            continue
        top, left = max(0, row - _WINDOW), max(0, column - _WINDOW)
        heat = sigmoid(heatmap[top : row + _WINDOW + 1, left : column + _WINDOW + 1, index])
        if heat.max() < _SURE_HEAT:
            continue
        rows, columns = np.indices(heat.shape)
        moved[index] = ((columns + left) * heat).sum() / width, ((rows + top) * heat).sum() / height
        moved[index] /= heat.sum()
    return moved


def _tight(seen: Floats) -> Box | None:
    """The box round the points seen on the picture, a little grown; None when they are too few to mean a body."""
    on_picture = seen[((seen >= 0) & (seen <= 1)).all(axis=1)]
    if len(on_picture) < _FEWEST:
        return None
    (left, top), (right, bottom) = on_picture.min(axis=0), on_picture.max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom)).grown(_GROWTH).clipped()
