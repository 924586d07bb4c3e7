"""Which sighting continues which track: an optimal one-to-one matching by overlap and shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import lap
import numpy as np

from smartlogd.base.geometry import Box, iou


def likeness(expected: Box, seen: Box, slack: float) -> float:
    """How well `seen` continues a track expected at `expected`: 0 not at all, to 1.

    Overlap of the two boxes after both have been grown by `slack` (buffered IoU, Yang et al. 2023),
    so that a fast or long unseen body still meets its detection, times how alike their shapes are.

    >>> likeness(Box(0, 0, .2, .4), Box(0, 0, .2, .4), .2)
    1.0
    >>> likeness(Box(0, 0, .2, .4), Box(.8, 0, 1, .4), .2)
    0.0
    """
    grown = iou(expected.grown(1 + slack), seen.grown(1 + slack))
    if grown == 0:
        return 0.0
    return grown * math.sqrt(_alike(expected.width, seen.width) * _alike(expected.height, seen.height))


def _alike(one: float, other: float) -> float:
    smaller, larger = min(one, other), max(one, other)
    return max(0.0, smaller) / larger if larger > 0 else 0.0


def match(likenesses: Sequence[Sequence[float]], least: float) -> tuple[tuple[int, int], ...]:
    """The pairs (row, column) of the best total likeness, none of them below `least`.

    Jonker-Volgenant assignment (1987) by lapx; which rows and columns stay alone follows from the cost limit.

    >>> match([[.9, .8], [.8, .1]], .2)
    ((0, 1), (1, 0))
    """
    if not likenesses or not likenesses[0]:
        return ()
    cost = 1.0 - np.asarray(likenesses, np.float64)
    _, columns, _ = lap.lapjv(cost, extend_cost=True, cost_limit=1.0 - least)
    pairs = ((row, int(column)) for row, column in enumerate(columns) if column >= 0)
    return tuple((row, column) for row, column in pairs if likenesses[row][column] >= least)
