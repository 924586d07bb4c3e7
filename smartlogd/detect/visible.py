"""How much of a slanted shape the picture shows (pure)."""

from __future__ import annotations

from smartlogd.base.geometry import Box, Point

_EDGES = ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, 1.0, -1))
"""The picture's four edges: axis, where, and on which side the picture lies."""


def visible(corners: tuple[Point, ...]) -> Box | None:
    """The upright box round that part of a convex polygon which lies on the picture; None if none does.

    Clipping first and boxing afterwards matters for someone who leans out of the picture: the box of
    the whole shape would be far wider than what is seen of it (Sutherland and Hodgman 1974).

    >>> visible((Point(.5, .5), Point(1.5, 1.5), Point(.5, 2.5), Point(-.5, 1.5)))
    Box(x0=0.0, y0=0.5, x1=1.0, y1=1.0)
    """
    shape = [(corner.x, corner.y) for corner in corners]
    for axis, where, side in _EDGES:
        shape = _cut(shape, axis, where, side)
    if not shape:
        return None
    across, down = [x for x, _ in shape], [y for _, y in shape]
    return Box(min(across), min(down), max(across), max(down))


def _cut(shape: list[tuple[float, float]], axis: int, where: float, side: int) -> list[tuple[float, float]]:
    """The part of `shape` on one side of one edge."""
    kept = []
    for before, corner in zip(shape[-1:] + shape[:-1], shape, strict=True):
        was_in, is_in = (before[axis] - where) * side >= 0, (corner[axis] - where) * side >= 0
        if was_in != is_in:
            share = (where - before[axis]) / (corner[axis] - before[axis])
            other = before[1 - axis] + share * (corner[1 - axis] - before[1 - axis])
            kept.append((where, other) if axis == 0 else (other, where))
        if is_in:
            kept.append(corner)
    return kept
