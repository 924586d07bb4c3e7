"""What BlazeFace and BlazePose share: anchors, offsets, logits, and blending instead of picking (pure).

Both are single-shot detectors whose anchors have one shape and one size, so that an anchor is only its
middle. Each anchor's row of the first tensor holds the offsets, in input pixels, of a box (middle x,
middle y, width, height) and of keypoints (x, y); the second tensor holds one logit an anchor.
Source: the graphs of the MediaPipe project (Apache-2.0) and arXiv:1907.05047, arXiv:2006.10204.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartlogd.base.ports import Tensor

Floats = npt.NDArray[np.float64]

_BLEND_IOU = 0.3
_LOGIT_LIMIT = 100.0  # keeps exp() finite; far beyond where the sigmoid is 0 or 1


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A model's square input of `size` pixels and its anchors' middles, float64[n, 2] in fractions (x, y)."""

    size: int
    anchors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes float64[n, 4] (left, top, right, bottom), points float64[n, k, 2] and scores float64[n], best first.

    Places are fractions of the model's input.
    """

    boxes: Floats
    points: Floats
    scores: Floats


def grid(size: int, strides: tuple[int, ...], anchors_each: int = 2) -> Grid:
    """The anchors of an input of `size` pixels: `anchors_each` in the middle of every cell of every stride.

    Strides that follow each other with the same value share their cells: all anchors of one cell stand
    together, and the cells run row by row.

    >>> grid(4, (2,), 1).anchors.tolist()
    [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]
    """
    layers = []
    for stride in sorted(set(strides)):
        cells = -(-size // stride)
        middles = (np.arange(cells) + 0.5) / cells
        pairs = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        layers.append(np.repeat(pairs, anchors_each * strides.count(stride), axis=0))
    return Grid(size, np.concatenate(layers))


def candidates(offsets: Tensor, logits: Tensor, on: Grid, threshold: float) -> Candidates:
    """Every anchor that scores at least `threshold`, best first.

    `offsets` is float32[1, n, 4 + 2k], `logits` float32[1, n, 1], for the n anchors of `on`.
    """
    scores = sigmoid(np.asarray(logits, np.float64).reshape(-1))
    kept = np.flatnonzero(scores >= threshold)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    rows = np.asarray(offsets, np.float64)[0, kept] / on.size
    anchors = on.anchors[kept]
    middle, half = rows[:, 0:2] + anchors, rows[:, 2:4] / 2
    points = rows[:, 4:].reshape(len(kept), (rows.shape[1] - 4) // 2, 2) + anchors[:, None, :]
    return Candidates(np.concatenate([middle - half, middle + half], axis=1), points, scores[kept])


def blended(found: Candidates) -> Candidates:
    """One candidate for each group that overlaps its best by an IoU of more than 0.3.

    Boxes and keypoints become the group's mean, weighted by score, which is steadier from frame to
    frame than its best member; the score stays that of the best.
    """
    left = np.arange(len(found.scores))
    boxes, points, scores = [], [], []
    while left.size:
        together = ious(found.boxes[left[0]], found.boxes[left]) > _BLEND_IOU
        together[0] = True  # a degenerate box overlaps nothing, not even itself
        group = left[together]
        weights = found.scores[group] / found.scores[group].sum()
        boxes.append(weights @ found.boxes[group])
        points.append(np.tensordot(weights, found.points[group], axes=1))
        scores.append(found.scores[left[0]])
        left = left[~together]
    keypoints = found.points.shape[1]
    return Candidates(
        np.reshape(boxes, (-1, 4)), np.reshape(points, (-1, keypoints, 2)), np.asarray(scores, np.float64)
    )


def ious(one: Floats, many: Floats) -> Floats:
    """Intersection over union of one box with each of many (left, top, right, bottom)."""
    top_left, bottom_right = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    shared = np.prod(np.clip(bottom_right - top_left, 0, None), axis=1)
    areas = np.prod(np.clip(many[:, 2:] - many[:, :2], 0, None), axis=1)
    union = areas + float(np.prod(np.clip(one[2:] - one[:2], 0, None))) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float64)


def sigmoid(logits: Floats) -> Floats:
    """Logits as scores from 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -_LOGIT_LIMIT, _LOGIT_LIMIT))), np.float64)
