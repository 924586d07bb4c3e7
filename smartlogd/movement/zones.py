"""Where in the picture somebody is: named polygons with a kind, and where a body's head is (pure)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from smartlogd.base.geometry import Box, Point, inside, offset
from smartlogd.base.geometry import Segment as Side
from smartlogd.base.known import Zone, ZoneKind
from smartlogd.base.seen import Detection, Kind

_SEEN = 0.5
"""A point of the body is used when it is seen at least this surely."""
_FLAT = 1.1
"""A dog whose box is this much wider than high stands across the picture, with its head at one end."""


def zone_of(zones: Sequence[Zone], kinds: Collection[ZoneKind], points: Sequence[Point]) -> Zone | None:
    """The first zone of one of these kinds in which one of the points lies."""
    for zone in zones:
        if zone.kind in kinds and any(inside(zone.polygon, point) for point in points):
            return zone
    return None


def heads(body: Detection, face: Detection | None, facing: int, aspect: float) -> tuple[Point, ...]:
    """Where the head may be. Of a person the nose, else the face, else the top of the box.

    Of a dog, which has no points yet, where it would be if it were lowered into a bowl: near the lower front corner of
    its box, an eighth of its width in and a sixth of its height up. `facing` is which way it last walked (-1 left, 1
    right); where nobody knows, both corners count, and the middle of the lower side of one that comes or goes.
    """
    box = body.box
    if body.kind is not Kind.DOG:
        nose = body.keypoint("nose")
        if nose is not None and nose.visibility >= _SEEN:
            return (nose.point,)
        return (face.box.centre,) if face is not None else (Point(box.centre.x, box.y0 + box.height / 8),)
    if box.width * aspect < _FLAT * box.height:
        return (Point(box.centre.x, box.y1 - box.height / 6), *_corners(box, 0))
    return _corners(box, facing)


def _corners(box: Box, facing: int) -> tuple[Point, ...]:
    y, inset = box.y1 - box.height / 6, box.width / 8
    left, right = Point(box.x0 + inset, y), Point(box.x1 - inset, y)
    return {-1: (left,), 1: (right,)}.get(facing, (left, right))


def extent(polygon: Sequence[Point]) -> float:
    """The share of the picture that a polygon covers, by the shoelace formula.

    >>> extent((Point(0, 0), Point(1, 0), Point(1, .5)))
    0.25
    """
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(one.x * other.y - other.x * one.y for one, other in pairs)) / 2


def crosses_itself(polygon: Sequence[Point]) -> bool:
    """Whether two sides of a polygon that are no neighbours meet, or two neighbours lie upon each other.

    >>> crosses_itself((Point(0, 0), Point(1, 1), Point(1, 0), Point(0, 1)))
    True
    """
    sides = [Side(start, end) for start, end in zip(polygon, (*polygon[1:], polygon[0]), strict=True)]
    count = len(sides)
    for one in range(count):
        for other in range(one + 1, count):
            if other - one in {1, count - 1}:
                if _folds(sides[one], sides[other], is_next=other - one == 1):
                    return True
            elif _meet(sides[one], sides[other]):
                return True
    return False


def _folds(one: Side, other: Side, *, is_next: bool) -> bool:
    """Whether a side goes back upon the one before it."""
    before, corner, after = (one.start, one.end, other.end) if is_next else (other.start, other.end, one.end)
    back_x, back_y = before.x - corner.x, before.y - corner.y
    on_x, on_y = after.x - corner.x, after.y - corner.y
    return back_x * on_y == back_y * on_x and back_x * on_x + back_y * on_y > 0


def _meet(one: Side, other: Side) -> bool:
    """Whether two segments have a point in common."""
    if _apart(offset(one, other.start), offset(one, other.end)) or _apart(
        offset(other, one.start), offset(other, one.end)
    ):
        return False
    return (
        max(one.start.x, one.end.x) >= min(other.start.x, other.end.x)
        and max(other.start.x, other.end.x) >= min(one.start.x, one.end.x)
        and max(one.start.y, one.end.y) >= min(other.start.y, other.end.y)
        and max(other.start.y, other.end.y) >= min(one.start.y, one.end.y)
    )


def _apart(one: float, other: float) -> bool:
    """Whether both points stand on the same side of a line, and neither on it."""
    return one * other > 0
